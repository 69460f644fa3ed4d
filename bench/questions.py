"""Questions about 30 days of the largest workspace, over HTTP, one at a time.

Before each question the data changes, since an answer to the same question is kept until then;
what a kept answer costs has a row of its own. Beside it stands the same question put to DuckDB,
which counts the raw events, in this process and without HTTP.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import psycopg

from bench.dataset import DAYS, EVENTS, Dataset, dataset
from bench.duck import Duck, duck
from bench.product import APP
from bench.report import Figure, against_bar
from bench.servers import Server, serving

# What rollups answer may cost this much more on ten times the events.
GROWTH = 1.5
FEWER = 10


@dataclass(frozen=True)
class Asked:
    """A question: parameters of get-metrics, or where there is `body` of query-metrics.

    `bar` is in milliseconds. `raw` is the question in SQL for DuckDB, over the
    tables `events` and `touched`.
    """

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    bar: float | None = None
    raw: str = ""


def by(dimension: str, *metrics: str) -> dict[str, Any]:
    return {"metrics": metrics, "dimensions": [dimension], "limit": 10}


WHOLE = (
    "SELECT grouping(day), day, count(DISTINCT visitor_id), sum(events), sum(pageviews), sum(revenue)"
    " FROM touched {where} GROUP BY GROUPING SETS ((), (day))"
)
ONE_OF = {
    "source": "source-3",
    "medium": "social",
    "campaign": "campaign-4",
    "device": "mobile",
    "browser": "Firefox",
    "system": "Android",
    "country": "AA",
}
QUESTIONS = [
    Asked("unfiltered", {}, bar=10, raw=WHOLE.format(where="")),
    *(
        Asked(f"by {name}", {name: value}, bar=30, raw=WHOLE.format(where=f"WHERE {name} = '{value}'"))
        for name, value in ONE_OF.items()
    ),
    Asked(
        "by source and device",
        {"source": "source-3", "device": "mobile"},
        bar=400,
        raw=WHOLE.format(where="WHERE source = 'source-3' AND device = 'mobile'"),
    ),
    Asked(
        "by device and system",
        {"device": "mobile", "system": "Android"},
        bar=400,
        raw=WHOLE.format(where="WHERE device = 'mobile' AND system = 'Android'"),
    ),
    Asked(
        "top 10 pages",
        body=by("page", "pageviews", "events"),
        bar=60,
        raw=(
            "SELECT page, count(*), count(*) FILTER (WHERE name = 'pageview') AS views"
            " FROM events GROUP BY page ORDER BY views DESC LIMIT 10"
        ),
    ),
    Asked("by week, beside the 30 days before", {"interval": "WEEK", "compare": "PREVIOUS_PERIOD"}),
    Asked("with a goal", {"goal": "signup"}),
    Asked("by hour, 2 days", {"interval": "HOUR", "days": "2"}),
    Asked("visitors of the top 10 pages", body=by("page", "pageviews", "visitors")),
    Asked(
        "visitors by source and country",
        body=by("source", "visitors") | {"dimensions": ["source", "country"]},
    ),
    Asked("visits by entry page", body=by("entry_page", "visits", "bounce_rate")),
    Asked("events by name", body=by("event_name", "events", "visitors")),
    Asked(
        "events by a property",
        body=by("properties.plan", "events", "visitors")
        | {"filter": {"operator": "IS", "dimension": "event_name", "value": "signup"}},
    ),
]
# These are answered by rollups whose size does not depend on the number of events.
GROWING = ["unfiltered", *(f"by {name}" for name in ONE_OF), "top 10 pages"]


def figures(rounds: int, seconds: float, tell: Callable[[str], None], events: int = EVENTS) -> list[Figure]:
    """A row per question, and how much more they cost on ten times the events."""
    small = on_a_tenth(events, seconds, tell)
    with dataset(events, tell) as data, serving(APP, data.product.environ) as server:
        tell("events are put into DuckDB")
        with duck(data) as raw:
            return asking(server, data, seconds, tell, raw, small)


def on_a_tenth(events: int, seconds: float, tell: Callable[[str], None]) -> dict[str, list[float]]:
    """What the questions that rollups answer take on a tenth of the events, in milliseconds."""
    with dataset(events // FEWER, tell) as data, serving(APP, data.product.environ) as server:
        return {asked.name: ask(server, data, asked, seconds) for asked in QUESTIONS if asked.name in GROWING}


def asking(
    server: Server,
    data: Dataset,
    seconds: float,
    tell: Callable[[str], None],
    raw: Duck,
    small: dict[str, list[float]],
) -> list[Figure]:
    tenant = data.tenants[0]
    table = Figure(
        f"Questions about 30 days, {tenant.events:,} of {data.events:,} events, one at a time",
        ["question", "p50 ms", "p95 ms", "bar", "DuckDB ms", "DuckDB ×"],
        notes=["DuckDB counts the raw events in this process, without HTTP."],
    )
    growth = Figure(
        f"What rollups answer: {data.events:,} events against a tenth of them",
        ["question", "p50 ms", "a tenth", "×", "bar"],
    )
    for asked in QUESTIONS:
        tell(asked.name)
        taken = ask(server, data, asked, seconds)
        middle = statistics.median(taken)
        late = percentile(taken, 0.95)
        bar = against_bar(late, asked.bar, at_least=False) if asked.bar else ""
        counted = raw.measure(asked.raw) if asked.raw else None
        beside = [f"{counted:.0f}", f"{counted / middle:.0f}"] if counted else ["", ""]
        table.rows.append([asked.name, f"{middle:.1f}", f"{late:.1f}", bar, *beside])
        if asked.name in small:
            before = statistics.median(small[asked.name])
            ratio = middle / before
            cells = [
                f"{middle:.1f}",
                f"{before:.1f}",
                f"{ratio:.2f}",
                against_bar(ratio, GROWTH, at_least=False),
            ]
            growth.rows.append([asked.name, *cells])
    for asked in (QUESTIONS[0], QUESTIONS[-1]):
        taken = ask(server, data, asked, seconds, changing=False)
        late = percentile(taken, 0.95)
        cells = [f"{statistics.median(taken):.1f}", f"{late:.1f}", against_bar(late, 5, at_least=False)]
        table.rows.append([f"again: {asked.name}", *cells, "", ""])
    return [table, growth]


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def ask(server: Server, data: Dataset, asked: Asked, seconds: float, *, changing: bool = True) -> list[float]:
    """How long each answer took, in milliseconds: a few answers, and many where there is a bar."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    request = request_of(data, asked)
    taken: list[float] = []
    with changes(data) as change:
        until = time.monotonic() + seconds
        send(connection, *request)
        least = 20 if asked.bar else 3
        while len(taken) < least or time.monotonic() < until:
            if changing:
                change()
            started = time.perf_counter()
            send(connection, *request)
            taken.append(1000 * (time.perf_counter() - started))
    connection.close()
    return taken


def request_of(data: Dataset, asked: Asked) -> tuple[str, str, bytes | None, dict[str, str]]:
    tenant = data.tenants[0]
    parameters = dict(asked.parameters)
    days = int(parameters.pop("days", DAYS))
    span = range_of(data.end.date(), days) | {"website_id": tenant.website_id}
    headers = {"API-Key": tenant.key}
    if asked.body is None:
        return "GET", f"/v1/metrics?{urlencode(span | parameters)}", None, headers
    return "POST", "/v1/metrics/query", orjson.dumps(span | asked.body), headers | JSON


JSON = {"Content-Type": "application/json"}


def range_of(end: date, days: int) -> dict[str, str]:
    return {"start_date": str(end - timedelta(days=days - 1)), "end_date": str(end)}


def send(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
) -> None:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    # What is given up as too slow has taken as long as it may.
    assert answer.status in (200, 422), text[:500]


@contextmanager
def changes(data: Dataset) -> Iterator[Callable[[], object]]:
    """What makes all kept answers worthless, as an event would that comes in between."""
    with psycopg.connect(data.product.environ["DATABASE_URL"], autocommit=True) as connection:
        yield lambda: connection.execute("UPDATE websites SET version = version + 1")
