"""Events in and numbers out, over HTTP, on a website that has a million events of 30 days already."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import orjson
import psycopg

from bench.load import Sample, measure, request_bytes
from bench.product import APP, Product, product
from bench.report import Figure, against_bar
from bench.servers import Server, serving
from cloudmetrics.analytics.rollups import store as rollups
from cloudmetrics.platform.database import Database, Tenant

EVENTS, DAYS, VISITORS = 1_000_000, 30, 25_000
SOURCES, DEVICES, COUNTRIES = 30, ("desktop", "mobile", "tablet"), 60
# The share of events that come late, by a day on average.
LATE = 0.1
# More connections would only wait in line for the one worker.
CONNECTIONS = {"batches of 500": 4, "single events": 50}
ASKING = 1

QUESTIONS = {
    "unfiltered": ("", 10.0),
    "by source": ("&source=source-3", 30.0),
    "by source and device": ("&source=source-3&device=mobile", 400.0),
    "with a goal": ("&goal=signup", 400.0),
}

# Straight into the table, which takes seconds instead of minutes. A visitor keeps its
# device and country, and comes from a source of the day.
FILL = """
INSERT INTO events (
    workspace_id, event_id, website_id, visitor_id, name, occurred_at, received_at,
    url, source, device, country, revenue_minor
)
SELECT
    %(workspace_id)s, 'history-' || number, %(website_id)s, 'visitor-' || visitor,
    CASE WHEN number %% 20 = 0 THEN 'signup' ELSE 'pageview' END, moment, moment,
    '/page/' || number %% 5000, 'source-' || (visitor + extract(day FROM moment)::int) %% %(sources)s,
    (%(devices)s::text[])[1 + visitor %% 3], chr(65 + visitor %% %(countries)s %% 26) || 'X',
    CASE WHEN number %% 50 = 0 THEN 990 END
FROM (
    SELECT
        number,
        (power(random(), 2) * %(visitors)s)::int AS visitor,
        %(end)s::timestamptz - (1 - number::float / %(events)s) * %(days)s * interval '1 day' AS moment
    FROM generate_series(1, %(events)s) AS number
) AS history
"""


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Two tables: events in, and questions answered."""
    with ExitStack() as stack:
        served = stack.enter_context(product())
        tell(f"{EVENTS:,} events are put in")
        now = datetime.now(UTC)
        website_id = fill(served, now)
        server = stack.enter_context(serving(APP, served.environ))
        answers = asking(server, served, website_id, now, seconds, tell)
        return [answers, sending(server, served, website_id, rounds * seconds, tell)]


def fill(served: Product, end: datetime) -> str:
    """The website of the workspace that the events were put into."""
    url = served.environ["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT website_id FROM websites WHERE workspace_id = %s ORDER BY website_id",
            [served.workspace_id],
        ).fetchone()
        assert row is not None
        connection.execute(
            FILL,
            {
                "workspace_id": served.workspace_id,
                "website_id": row[0],
                "sources": SOURCES,
                "devices": list(DEVICES),
                "countries": COUNTRIES,
                "visitors": VISITORS,
                "events": EVENTS,
                "days": DAYS,
                "end": end,
            },
        )
    asyncio.run(_draw(url, UUID(served.workspace_id), row[0]))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return str(row[0])


async def _draw(url: str, workspace_id: UUID, website_id: UUID) -> None:
    database = Database(url)
    tenant = Tenant(database, workspace_id)
    async with tenant.transaction() as transaction:
        await rollups.rebuild(transaction, tenant, website_id, 1, "UTC")
    await database.close()


def asking(
    server: Server,
    served: Product,
    website_id: str,
    now: datetime,
    seconds: float,
    tell: Callable[[str], None],
) -> Figure:
    start = (now - timedelta(days=DAYS - 1)).date()
    path = f"/v1/metrics?website_id={website_id}&start_date={start}&end_date={now.date()}"
    table = Figure(
        f"GET /v1/metrics: 30 days, {EVENTS:,} events, one at a time",
        ["question", "req/s", "p50 ms", "p95 ms", "bar"],
    )
    for name, (filters, bar) in QUESTIONS.items():
        tell(name)
        sample = measure(
            server.port, request_bytes(path + filters, headers={"API-Key": served.key}), seconds, ASKING
        )
        table.rows.append(
            [
                name,
                f"{sample.rate:,.0f}",
                f"{sample.p50:.1f}",
                f"{sample.p95:.1f}",
                against_bar(sample.p95, bar, at_least=False),
            ]
        )
    return table


def sending(
    server: Server, served: Product, website_id: str, seconds: float, tell: Callable[[str], None]
) -> Figure:
    table = Figure(
        f"POST /v1/events onto {EVENTS:,} events, one worker, committed and counted",
        ["", "events/s", "p50 ms", "p99 ms", "bar events/s"],
    )
    for name, size, bar in (("batches of 500", 500, 10_000), ("single events", 1, 1_500)):
        tell(name)
        most = int(seconds * 30_000 / size) if size > 1 else int(seconds * 4_000)
        requests = iter([post(served.key, website_id, size) for _ in range(most)])
        sample: Sample = measure(server.port, requests, seconds, CONNECTIONS[name])
        rate = sample.rate * size
        table.rows.append(
            [name, f"{rate:,.0f}", f"{sample.p50:.1f}", f"{sample.p99:.1f}", against_bar(rate, bar)]
        )
    over = ", ".join(f"{name} over {count} connections" for name, count in CONNECTIONS.items())
    table.notes.append(f"Sent: {over}. Every event is new; visitors and their days partly are.")
    check(server, served)
    return table


def post(key: str, website_id: str, size: int) -> bytes:
    body = orjson.dumps({"events": list(random_events(website_id, size))})
    return request_bytes("/v1/events", body, {"API-Key": key})


def random_events(website_id: str, count: int) -> Iterator[dict[str, object]]:
    now = datetime.now(UTC)
    for _ in range(count):
        visitor = int(random.random() ** 2 * VISITORS)
        late = random.expovariate(1 / 24) if random.random() < LATE else 0.0
        event: dict[str, object] = {
            "id": uuid4().hex,
            "name": "signup" if random.random() < 0.05 else "pageview",
            "timestamp": (now - timedelta(hours=late)).isoformat(),
            "website_id": website_id,
            "visitor_id": f"visitor-{visitor}",
            "url": f"https://website.example/page/{random.randrange(5000)}",
            "source": f"source-{random.randrange(SOURCES)}",
            "device": DEVICES[visitor % 3],
            "country": f"{chr(65 + visitor % COUNTRIES % 26)}X",
        }
        if random.random() < 0.02:
            event["revenue"] = {"amount_minor": 990, "currency": "USD"}
        yield event


def check(server: Server, served: Product) -> None:
    """What the API counts is what is stored."""
    answer = httpx.get(
        f"http://127.0.0.1:{server.port}/v1/metrics",
        params={"start_date": str(datetime.now(UTC).date() - timedelta(days=999))},
        headers={"API-Key": served.key},
        timeout=30,
    ).json()["data"]
    with psycopg.connect(served.environ["DATABASE_URL"]) as connection:
        stored = connection.execute("SELECT count(*), count(DISTINCT visitor_id) FROM events").fetchone()
    assert (answer["events"], answer["visitors"]) == stored, (answer["events"], answer["visitors"], stored)
