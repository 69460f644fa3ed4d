"""Events in, over HTTP, on top of the data set: committed, and all rollups kept."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import orjson
import psycopg

from bench.dataset import COUNTRIES, EVENTS, PAGES, SOURCES, Dataset, Tenant, dataset
from bench.load import Sample, measure, request_bytes
from bench.product import APP
from bench.report import Figure, against_bar
from bench.servers import Server, serving

# The share of events that come late, by a day on average.
LATE = 0.1
# More connections would only wait in line for the one worker.
CONNECTIONS = {"batches of 500": 4, "single events": 50}


def figures(rounds: int, seconds: float, tell: Callable[[str], None], events: int = EVENTS) -> list[Figure]:
    """One table: batches, and single events."""
    with dataset(events, tell) as data, serving(APP, data.product.environ) as server:
        return [sending(server, data, rounds * seconds, tell)]


def sending(server: Server, data: Dataset, seconds: float, tell: Callable[[str], None]) -> Figure:
    table = Figure(
        f"POST /v1/events onto {data.events:,} events, one worker, committed and counted",
        ["", "events/s", "p50 ms", "p99 ms", "bar events/s"],
    )
    for name, size, bar in (("batches of 500", 500, 10_000), ("single events", 1, 1_500)):
        tell(name)
        most = int(seconds * 30_000 / size) if size > 1 else int(seconds * 4_000)
        requests = iter([post(some_tenant(data), size) for _ in range(most)])
        sample: Sample = measure(server.port, requests, seconds, CONNECTIONS[name])
        rate = sample.rate * size
        table.rows.append(
            [name, f"{rate:,.0f}", f"{sample.p50:.1f}", f"{sample.p99:.1f}", against_bar(rate, bar)]
        )
    over = ", ".join(f"{name} over {count} connections" for name, count in CONNECTIONS.items())
    table.notes.append(f"Sent: {over}. Every event is new; visitors and their days partly are.")
    for tenant in data.tenants:
        check(server, data, tenant)
    return table


def some_tenant(data: Dataset) -> Tenant:
    """Each sends as much as it has."""
    return random.choices(data.tenants, [tenant.events for tenant in data.tenants])[0]


def post(tenant: Tenant, size: int) -> bytes:
    body = orjson.dumps({"events": list(random_events(tenant, size))})
    return request_bytes("/v1/events", body, {"API-Key": tenant.key})


def random_events(tenant: Tenant, count: int) -> Iterator[dict[str, object]]:
    now = datetime.now(UTC)
    for _ in range(count):
        visitor = int(random.random() ** 2 * tenant.visitors)
        late = random.expovariate(1 / 24) if random.random() < LATE else 0.0
        event: dict[str, object] = {
            "id": uuid4().hex,
            "name": "signup" if random.random() < 0.05 else "pageview",
            "timestamp": (now - timedelta(hours=late)).isoformat(),
            "website_id": tenant.website_id,
            "visitor_id": f"visitor-{visitor}",
            "url": f"https://website.example/page/{int(random.random() ** 3 * PAGES)}",
            "source": f"source-{(visitor * 7 + random.randrange(4)) % SOURCES}",
            "device": ("desktop", "mobile", "mobile", "desktop", "tablet")[visitor % 5],
            "country": chr(65 + visitor % COUNTRIES // 10) + chr(65 + visitor % 10),
        }
        if random.random() < 0.02:
            event["revenue"] = {"amount_minor": 990, "currency": "USD"}
        yield event


def check(server: Server, data: Dataset, tenant: Tenant) -> None:
    """What the API counts is what is stored."""
    answer = httpx.get(
        f"http://127.0.0.1:{server.port}/v1/metrics",
        params={"start_date": str(datetime.now(UTC).date() - timedelta(days=999))},
        headers={"API-Key": tenant.key},
        timeout=30,
    ).json()["data"]
    with psycopg.connect(data.product.environ["DATABASE_URL"]) as connection:
        stored = connection.execute(
            "SELECT count(*), count(DISTINCT visitor_id) FROM events WHERE workspace_id = %s",
            [tenant.workspace_id],
        ).fetchone()
    assert (answer["events"], answer["visitors"]) == stored, (answer["events"], answer["visitors"], stored)
