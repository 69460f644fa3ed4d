"""Thirty days of traffic for the figures on analytics, put straight into the tables.

20 workspaces with a website each. The first one has half of all events, and half
of the 250,000 visitors; the others share the rest evenly. Visitors come for visits
of some page views, often by the same way; a few sign up, and some of them buy.

Writing the tables straight takes minutes instead of an hour. What the service
would have written is the same; `bench.ingest` compares a sample of both ways.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from bench.drawing import DRAWING
from bench.machine import CORES, LOAD_CORES, pin
from bench.product import Product, add_workspace, product

EVENTS, WORKSPACES, DAYS, VISITORS = 10_000_000, 20, 30, 250_000
SOURCES, COUNTRIES, PAGES = 30, 60, 5_000
# Each with what its rows lie in the order of, where events have arrived one after the other.
TABLES = {
    "events": "occurred_at",
    "visits": "started_at",
    "visitor_days": "day",
    "visitor_day_events": "day",
    "page_days": "day",
    "daily_totals": "day",
    "daily_cube": "day",
    "daily_gaps": "day",
}
# The load has the machine for itself, so that sorting may take memory. Without statistics,
# which these tables do not have yet, a nested loop would look cheap.
SESSION = """
SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'; SET synchronous_commit = off;
SET max_parallel_maintenance_workers = 1; SET enable_nestloop = off
"""

# A visitor keeps device, browser, system and country, and comes from few sources. The
# newest visit ends at the given moment.
FILL = """
INSERT INTO events (
    workspace_id, event_id, website_id, visitor_id, name, occurred_at, received_at, url, page,
    source, medium, campaign, device, browser, system, country, revenue_minor, properties
)
SELECT
    %(workspace_id)s, replace(gen_random_uuid()::text, '-', ''), %(website_id)s, 'visitor-' || visitor,
    name, occurred_at, occurred_at, 'https://website.example' || page, page,
    CASE WHEN source > 2 THEN 'source-' || source END,
    CASE WHEN source > 2 THEN (ARRAY['organic', 'referral', 'social', 'email', 'cpc'])[1 + source %% 5] END,
    CASE WHEN source %% 5 = 4 THEN 'campaign-' || source + (30 * luck)::int %% 2 END,
    (ARRAY['desktop', 'mobile', 'mobile', 'desktop', 'tablet'])[1 + visitor %% 5],
    (ARRAY['Chrome', 'Safari', 'Chrome', 'Firefox', 'Edge', 'Chrome', 'Samsung Internet'])[1 + visitor %% 7],
    (ARRAY['Windows', 'Android', 'iOS', 'Mac OS X', 'Linux'])[1 + visitor %% 5],
    chr(65 + visitor %% %(countries)s / 10) || chr(65 + visitor %% 10),
    CASE WHEN name = 'purchase' THEN (luck * 20000)::bigint + 990 END,
    CASE WHEN name <> 'pageview' THEN
        jsonb_build_object('plan', (ARRAY['free', 'pro', 'team'])[1 + visitor %% 3], 'seats', visitor %% 7)
    END
FROM (
    SELECT
        visitor,
        (visitor * 7 + floor(power(luck, 3) * 4)::int) %% %(sources)s AS source,
        luck,
        ended_at - (pages - number) * (10 + 170 * luck) * interval '1 second' AS occurred_at,
        '/page/' || floor(power(random(), 3) * %(pages)s) AS page,
        CASE WHEN number < pages OR luck > 0.1 THEN 'pageview'
            WHEN luck > 0.03 THEN 'signup' ELSE 'purchase' END AS name
    FROM (
        SELECT
            floor(power(random(), 2) * %(visitors)s)::int AS visitor,
            %(end)s::timestamptz - random() * %(days)s * interval '1 day' AS ended_at,
            1 + floor(-2 * ln(1 - random()))::int AS pages,
            random() AS luck
        FROM generate_series(1, %(events)s) AS visit
        OFFSET 0
    ) AS visit
    CROSS JOIN LATERAL generate_series(1, pages) AS number
    LIMIT %(events)s
) AS event
"""


@dataclass(frozen=True)
class Tenant:
    """A workspace of the data set: its website, a key that may do all, and how much it has."""

    workspace_id: str
    website_id: str
    key: str
    events: int
    visitors: int


@dataclass(frozen=True)
class Dataset:
    """`tenants` begins with the largest; `end` is the moment of the newest events."""

    product: Product
    tenants: list[Tenant]
    end: datetime

    @property
    def events(self) -> int:
        return sum(tenant.events for tenant in self.tenants)


@contextmanager
def dataset(events: int, tell: Callable[[str], None]) -> Iterator[Dataset]:
    """A product with about `events` events in it, for the time of the block."""
    # PostgreSQL takes whatever is free of both cores, as it does where nobody measures.
    pin(CORES)
    with product() as served:
        end = datetime.now(UTC)
        tenants = list(make_tenants(served, events))
        url = served.environ["DATABASE_URL"]
        tell(f"{events:,} events are put in")
        # Indexes that are built at the end, from sorted rows, take a fraction of the time.
        indexes = drop_indexes(url)
        with ThreadPoolExecutor(2) as pool:
            # The largest beside all others, which together have as much.
            first = pool.submit(fill, url, tenants[:1], end)
            fill(url, tenants[1:], end)
            first.result()
        tell("indexes are built")
        execute(url, *indexes, "VACUUM ANALYZE", "CHECKPOINT")
        pin(LOAD_CORES)
        yield Dataset(served, tenants, end)


def make_tenants(served: Product, events: int) -> Iterator[Tenant]:
    shares = [0.5, *([0.5 / (WORKSPACES - 1)] * (WORKSPACES - 1))]
    for number, share in enumerate(shares):
        workspace_id, key = (
            (served.workspace_id, served.key)
            if number == 0
            else asyncio.run(add_workspace(served.environ["DATABASE_URL"], f"Bench {number}", websites=1))
        )
        with psycopg.connect(served.environ["DATABASE_URL"]) as connection:
            row = connection.execute(
                "SELECT website_id FROM websites WHERE workspace_id = %s ORDER BY website_id", [workspace_id]
            ).fetchone()
        assert row is not None
        visitors = VISITORS * events // EVENTS
        yield Tenant(workspace_id, str(row[0]), key, round(share * events), round(share * visitors))


def fill(url: str, tenants: list[Tenant], end: datetime) -> None:
    """Makes the events of some tenants, and draws what follows from them.

    Each tenant's rows are made in temporary tables, which hide the real ones: there
    are no indexes yet by which to find them among all others.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SESSION)
        cursor = psycopg.ClientCursor(connection)
        for table in TABLES:
            cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING GENERATED)")
        for tenant in tenants:
            numbers = {
                "workspace_id": UUID(tenant.workspace_id),
                "website_id": UUID(tenant.website_id),
                "events": tenant.events,
                "visitors": tenant.visitors,
                "days": DAYS,
                "sources": SOURCES,
                "countries": COUNTRIES,
                "pages": PAGES,
                "end": end,
            }
            cursor.execute(FILL, numbers)
            draw(cursor, UUID(tenant.workspace_id), UUID(tenant.website_id))
            for table, order in TABLES.items():
                columns = written_columns(cursor, table)
                cursor.execute(
                    f"INSERT INTO public.{table} ({columns}) SELECT {columns} FROM {table} ORDER BY {order}"
                )
                cursor.execute(f"TRUNCATE {table}")


def written_columns(cursor: psycopg.Cursor[Any], table: str) -> str:
    """The columns of a table but for those that PostgreSQL makes of others."""
    found = cursor.execute(
        "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    ).fetchone()
    assert found is not None
    return str(found[0])


def draw(cursor: psycopg.Cursor[Any], workspace_id: UUID, website_id: UUID) -> None:
    """Draws the rollups of a website from its events."""
    parameters = {"workspace_id": workspace_id, "website_id": website_id, "edition": 1, "timezone": "UTC"}
    for statement in DRAWING:
        cursor.execute(statement, parameters)


def drop_indexes(url: str) -> list[str]:
    """Drops the indexes of the tables that are filled; the statements that bring them back."""
    statements = []
    with psycopg.connect(url) as connection:
        found = connection.execute(
            """
            SELECT tablename, indexname, indexdef, pg_get_constraintdef(pg_constraint.oid)
            FROM pg_indexes LEFT JOIN pg_constraint ON conname = indexname
            WHERE schemaname = 'public' AND tablename = ANY(%s)
            """,
            [list(TABLES)],
        ).fetchall()
        for table, index, definition, constraint in found:
            if constraint is None:
                connection.execute(f"DROP INDEX {index}")
                statements.append(definition)
            else:
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {index}")
                statements.append(f"ALTER TABLE {table} ADD CONSTRAINT {index} {constraint}")
    return statements


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SESSION)
        for statement in statements:
            connection.execute(statement)
