"""Events in, over HTTP, on top of the data set: committed, and all rollups kept.

The load spreads over the workspaces as their events do. A batch is what a website's
own server collects: visits of some events each. One visit in ten comes late. Ids are
UUIDv7, as the contract recommends.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice

import orjson

from bench.dataset import COUNTRIES, EVENTS, PAGES, SOURCES, Dataset, Tenant, dataset
from bench.load import Sample, measure, request_bytes
from bench.product import APP
from bench.report import Figure, against_bar
from bench.sample import compare
from bench.servers import Server, serving
from cloudmetrics.platform.ids import new_id

LATE, HOURS_LATE = 0.1, 24
# Name, events per request, connections (more would only wait in line), events/s and p99 in ms wanted.
LOADS = (("batches of 500", 500, 4, 10_000, None), ("single events", 1, 50, 1_500, 100))
PLAIN = "bench.peers.plain_ingest:app"


def figures(rounds: int, seconds: float, tell: Callable[[str], None], events: int = EVENTS) -> list[Figure]:
    """One table: batches and single events, each beside plain INSERTs."""
    with dataset(events, tell) as data, serving(APP, data.product.environ) as server:
        return [sending(server, data, rounds * seconds, tell)]


def sending(server: Server, data: Dataset, seconds: float, tell: Callable[[str], None]) -> Figure:
    table = Figure(
        f"POST /v1/events onto {data.events:,} events, one worker, committed and counted",
        [
            "",
            "events/s",
            "bar",
            "p50 ms",
            "p99 ms",
            "bar",
            "CPU µs/event",
            "memory MB",
            "plain INSERT",
            "ours ×",
        ],
    )
    tell("a sample goes both ways")
    same = compare(server, data)
    with ExitStack() as stack:
        plain = stack.enter_context(serving(PLAIN, data.product.environ))
        for name, size, connections, rate_bar, late_bar in LOADS:
            tell(name)
            load(server, data, size, connections, 1)
            memory, used = server.memory(), server.cpu_seconds()
            ours = load(server, data, size, connections, seconds)
            used = 1e6 * (server.cpu_seconds() - used) / (ours.requests * size)
            grown = f"{memory:.0f} to {server.memory():.0f}"
            tell(f"{name}, plain")
            theirs = load(plain, data, size, connections, min(seconds, 10))
            table.rows.append(
                [
                    name,
                    f"{ours.rate * size:,.0f}",
                    against_bar(ours.rate * size, rate_bar),
                    f"{ours.p50:.1f}",
                    f"{ours.p99:.1f}",
                    against_bar(ours.p99, late_bar, at_least=False) if late_bar else "",
                    f"{used:.0f}",
                    grown,
                    f"{theirs.rate * size:,.0f}",
                    f"{ours.rate / theirs.rate:.2f}",
                ]
            )
    over = ", ".join(f"{name} over {connections} connections" for name, _, connections, *_ in LOADS)
    table.notes.append(
        f"Sent: {over}. The plain one stores each request by one INSERT, and counts nothing. "
        f"A sample of {same:,} events left the same rollups as the data set has."
    )
    return table


def load(server: Server, data: Dataset, size: int, connections: int, seconds: float) -> Sample:
    """Sends new events for some seconds."""
    most = int(seconds * (40_000 / size if size > 1 else 5_000))
    streams = {tenant.workspace_id: random_events(tenant) for tenant in data.tenants}
    requests = []
    for tenant in random.choices(data.tenants, [tenant.events for tenant in data.tenants], k=most):
        requests.append(post(tenant, list(islice(streams[tenant.workspace_id], size))))
    return measure(server.port, iter(requests), seconds, connections)


def post(tenant: Tenant, events: list[dict[str, object]]) -> bytes:
    headers = {"API-Key": tenant.key, "Workspace-Id": tenant.workspace_id}
    return request_bytes("/v1/events", orjson.dumps({"events": events}), headers)


def random_events(tenant: Tenant) -> Iterator[dict[str, object]]:
    """New events of known visitors without end."""
    while True:
        visitor = int(random.random() ** 2 * tenant.visitors)
        late = random.expovariate(1 / HOURS_LATE) if random.random() < LATE else 0.0
        source = (visitor * 7 + int(random.random() ** 3 * 4)) % SOURCES
        moment = datetime.now(UTC) - timedelta(hours=late)
        pages = 1 + int(-2 * math.log(1 - random.random()))
        for number in range(pages):
            event: dict[str, object] = {
                "id": new_id().hex,
                "name": "pageview" if number + 1 < pages or random.random() > 0.1 else "signup",
                "timestamp": (moment - timedelta(seconds=60 * (pages - number))).isoformat(),
                "website_id": tenant.website_id,
                "visitor_id": f"visitor-{visitor}",
                "url": f"https://website.example/page/{int(random.random() ** 3 * PAGES)}",
                "source": f"source-{source}",
                "medium": ("organic", "referral", "social", "email", "cpc")[source % 5],
                "device": ("desktop", "mobile", "mobile", "desktop", "tablet")[visitor % 5],
                "country": chr(65 + visitor % COUNTRIES // 10) + chr(65 + visitor % 10),
            }
            if random.random() < 0.02:
                event["revenue"] = {"amount_minor": 990, "currency": "USD"}
            yield event
