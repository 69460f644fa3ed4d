"""Funnels, goals, revenue and visitors of 30 days of the largest workspace, over HTTP, one at a time."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from bench.dataset import DAYS, EVENTS, Dataset, dataset
from bench.product import APP
from bench.questions import JSON, percentile, range_of, send
from bench.report import Figure, against_bar
from bench.servers import Server, serving

SIGNUP, PURCHASE = ({"kind": "EVENT", "event_name": name} for name in ("signup", "purchase"))
# Of the 5,000 pages one that is viewed as often as the average one, and the one that is viewed most.
AVERAGE, MOST_VIEWED = ({"kind": "PAGE", "path_pattern": f"/page/{number}"} for number in (962, 0))
ANY_VIEW = {"kind": "EVENT", "event_name": "pageview"}
LEAST = 10


@dataclass(frozen=True)
class Request:
    """A report: a GET, or with a `body` a POST. `bar` is in milliseconds."""

    name: str
    path: str
    body: dict[str, Any] | None = None
    bar: float | None = None


def funnel(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steps": steps, **more}


def figures(rounds: int, seconds: float, tell: Callable[[str], None], events: int = EVENTS) -> list[Figure]:
    """A row per report."""
    with dataset(events, tell) as data, serving(APP, data.product.environ) as server:
        return [asking(server, data, seconds, tell)]


def asking(server: Server, data: Dataset, seconds: float, tell: Callable[[str], None]) -> Figure:
    tenant = data.tenants[0]
    table = Figure(
        f"Reports on 30 days, {tenant.events:,} of {data.events:,} events, one at a time",
        ["report", "p50 ms", "p95 ms", "bar"],
    )
    for request in requests(server, data):
        tell(request.name)
        taken = ask(server, tenant.key, request, seconds)
        late = percentile(taken, 0.95)
        bar = against_bar(late, request.bar, at_least=False) if request.bar else ""
        table.rows.append([request.name, f"{statistics.median(taken):.1f}", f"{late:.1f}", bar])
    return table


def requests(server: Server, data: Dataset) -> list[Request]:
    tenant = data.tenants[0]
    days = range_of(data.end.date(), DAYS)
    of = days | {"website_id": tenant.website_id}
    visitors = f"/v1/websites/{tenant.website_id}/visitors"
    goals = {
        name: f"/v1/goals/{make_goal(server, data, name, condition)}/completions?{urlencode(days)}"
        for name, condition in (("signup", SIGNUP), ("page", AVERAGE))
    }
    funnels = {
        "funnel: a page, signup, purchase": (funnel(AVERAGE, SIGNUP, PURCHASE), 600.0),
        "the same by source": (funnel(AVERAGE, SIGNUP, PURCHASE, filters={"source": "source-3"}), None),
        "funnel: the top page, signup, purchase": (funnel(MOST_VIEWED, SIGNUP, PURCHASE), None),
        "funnel: any view, signup, purchase": (funnel(ANY_VIEW, SIGNUP, PURCHASE), None),
    }
    return [
        *(Request(name, "/v1/funnels/query", of | body, bar) for name, (body, bar) in funnels.items()),
        Request("goal: signup", goals["signup"]),
        Request("goal: signup, by source", f"{goals['signup']}&dimension=source"),
        Request("goal: a page", goals["page"]),
        Request("revenue by source", f"/v1/revenue?{urlencode(of)}"),
        Request("revenue by page", f"/v1/revenue?{urlencode(of | {'dimension': 'page'})}"),
        Request("visitors, 100 of them", visitors, bar=20.0),
        Request("visitors from a source", f"{visitors}?source=source-3"),
        Request("visitors who bought", f"{visitors}?event_name=purchase"),
        Request("a visitor's events", f"{visitors}/visitor-1000/events"),
    ]


def make_goal(server: Server, data: Dataset, name: str, condition: dict[str, Any]) -> str:
    tenant = data.tenants[0]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = {"website_id": tenant.website_id, "name": name, "condition": condition}
    connection.request("POST", "/v1/goals", orjson.dumps(body), {"API-Key": tenant.key} | JSON)
    answer = orjson.loads(connection.getresponse().read())
    connection.close()
    goal_id: str = answer["data"]["id"]
    return goal_id


def ask(server: Server, key: str, request: Request, seconds: float) -> list[float]:
    """How long each answer took, in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = orjson.dumps(request.body) if request.body else None
    method = "POST" if body else "GET"
    taken: list[float] = []
    until = time.monotonic() + seconds
    while len(taken) < (LEAST if request.bar else 1) or time.monotonic() < until:
        started = time.perf_counter()
        send(connection, method, request.path, body, {"API-Key": key} | JSON)
        taken.append(1000 * (time.perf_counter() - started))
    connection.close()
    return taken
