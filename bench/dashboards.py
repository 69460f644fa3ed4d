"""What a dashboard of twelve widgets shows, 30 days of the largest workspace, over HTTP, one at a time.

It is made from the template `WEB_OVERVIEW`. Before each look the data changes, as an event would
change it that comes in between; what kept answers cost has a row of its own.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import orjson

from bench.dataset import EVENTS, Dataset, dataset
from bench.product import APP
from bench.questions import JSON, changes, percentile
from bench.report import Figure, against_bar
from bench.servers import Server, serving

WIDGETS = 12
BAR = 150.0
LEAST = 40


def figures(rounds: int, seconds: float, tell: Callable[[str], None], events: int = EVENTS) -> list[Figure]:
    """A row for changing data, one for kept answers."""
    with dataset(events, tell) as data, serving(APP, data.product.environ) as server:
        return [looking(server, data, seconds, tell)]


def looking(server: Server, data: Dataset, seconds: float, tell: Callable[[str], None]) -> Figure:
    tenant = data.tenants[0]
    table = Figure(
        f"A dashboard of {WIDGETS} widgets, 30 days, {tenant.events:,} of {data.events:,} events",
        ["look", "p50 ms", "p95 ms", "bar"],
    )
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = {"name": "Bench", "website_id": tenant.website_id, "template": "WEB_OVERVIEW"}
    made = send(connection, tenant.key, "POST", "/v1/dashboards", body)
    path = f"/v1/dashboards/{made['data']['id']}/data"
    for name, changing, bar in (
        ("the data changes in between", True, BAR),
        ("again: kept answers", False, None),
    ):
        tell(name)
        taken = look(connection, data, path, seconds, changing=changing)
        late = percentile(taken, 0.95)
        judged = against_bar(late, bar, at_least=False) if bar else ""
        table.rows.append([name, f"{statistics.median(taken):.1f}", f"{late:.1f}", judged])
    connection.close()
    return table


def look(
    connection: http.client.HTTPConnection, data: Dataset, path: str, seconds: float, *, changing: bool
) -> list[float]:
    """How long each answer took, in milliseconds; every widget must have rows in it."""
    taken: list[float] = []
    with changes(data) if changing else nullcontext(lambda: None) as change:
        until = time.monotonic() + seconds
        while len(taken) < LEAST or time.monotonic() < until:
            change()
            started = time.perf_counter()
            shown = send(connection, data.tenants[0].key, "GET", path)
            taken.append(1000 * (time.perf_counter() - started))
            kinds = [widget["answer"]["kind"] for widget in shown["data"]["widgets"]]
            assert kinds == ["ROWS"] * WIDGETS, kinds
    return taken


def send(
    connection: http.client.HTTPConnection,
    key: str,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    connection.request(method, path, orjson.dumps(body) if body else None, {"API-Key": key} | JSON)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status in (200, 201), text[:500]
    found: dict[str, Any] = orjson.loads(text)
    return found
