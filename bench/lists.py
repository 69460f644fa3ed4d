"""A page of 100 out of a million, filtered and sorted, over HTTP, one at a time: the first and the last."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg

from bench.product import APP, SECRET, Product, product
from bench.questions import percentile
from bench.report import Figure, against_bar
from bench.reports import Request, ask
from bench.servers import Server, serving
from cloudmetrics.accounts.audit import store as audit
from cloudmetrics.analytics.goals import store as goals
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.collections import Asked, Collection
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.signing import Keyring

ROWS = 1_000_000
PAGE = 100
BAR = 15.0
MANY_GOALS = """
INSERT INTO goals (
    workspace_id, goal_id, website_id, name, kind, event_name, path_pattern, created_at, updated_at
)
SELECT
    %(workspace_id)s, uuidv7(), sites[1 + number / 7 %% cardinality(sites)], 'Goal ' || hashint8(number),
    CASE WHEN number %% 10 = 0 THEN 'PAGE' ELSE 'EVENT' END,
    CASE WHEN number %% 10 > 0 THEN 'signup' END, CASE WHEN number %% 10 = 0 THEN '/signup' END,
    moment, moment
FROM
    (SELECT array_agg(website_id) AS sites FROM websites WHERE workspace_id = %(workspace_id)s),
    generate_series(1, %(rows)s) AS number,
    LATERAL (SELECT timestamptz '2026-01-01Z' + number * interval '20 seconds' AS moment)
"""
MANY_ENTRIES = """
INSERT INTO audit_log (
    workspace_id, entry_id, recorded_at, action, user_id, subject_kind, subject_id, details
)
SELECT
    %(workspace_id)s, uuidv7(), timestamptz '2026-01-01Z' + number * interval '20 seconds',
    (ARRAY['API_KEY_CREATED', 'API_KEY_UPDATED', 'MEMBER_ADDED', 'MEMBER_REMOVED'])[1 + number %% 4],
    ('00000000-0000-0000-0000-' || lpad((number %% 50)::text, 12, '0'))::uuid,
    'API_KEY', gen_random_uuid(), '{}'
FROM generate_series(1, %(rows)s) AS number
"""

Listed = Callable[[Tenant, Asked], Awaitable[Sequence[Any]]]


@dataclass(frozen=True)
class List:
    """One list, asked for in one way. `filters` are named as in URLs."""

    name: str
    path: str
    collection: Collection
    listed: Listed
    sort: str
    filters: Mapping[str, str]


GOALS = ("/v1/goals", goals.GOALS, goals.listed)
ENTRIES = ("/v1/audit-log", audit.ENTRIES, audit.listed)
MONTH = {"created_at:gte": "2026-03-01T00:00:00Z", "created_at:lt": "2026-06-01T00:00:00Z"}
TWO_ACTIONS = {"action:in": "MEMBER_ADDED,MEMBER_REMOVED"}
LISTS = (
    List("goals by name", *GOALS, "name:asc", {}),
    List("goals on pages, newest first", *GOALS, "created_at:desc", {"kind": "PAGE"}),
    List("goals of some months, by time and name", *GOALS, "created_at:asc,name:desc", MONTH),
    List("audit log, newest first", *ENTRIES, "recorded_at:desc", {}),
    List("audit log of an action, oldest first", *ENTRIES, "recorded_at:asc", {"action": "MEMBER_ADDED"}),
    List(
        "audit log of two actions", *ENTRIES, "recorded_at:desc", {"action:in": "MEMBER_ADDED,MEMBER_REMOVED"}
    ),
    List("audit log of a person", *ENTRIES, "recorded_at:desc", {"user_id": str(UUID(int=7))}),
)


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """A row per list, with the first and the last page of it."""
    table = Figure(
        f"A page of {PAGE} out of {ROWS:,}, one at a time",
        ["list", "first p50 ms", "first p95 ms", "last p50 ms", "last p95 ms", "bar"],
    )
    with product() as served:
        tell(f"{ROWS:,} goals and audit entries")
        fill(served)
        with serving(APP, served.environ) as server:
            for each in LISTS:
                tell(each.name)
                table.rows.append(measured(server, served, each, seconds))
    return [table]


def fill(served: Product) -> None:
    with psycopg.connect(served.environ["DATABASE_URL"], autocommit=True) as connection:
        for statement in (MANY_GOALS, MANY_ENTRIES):
            connection.execute(statement, {"workspace_id": served.workspace_id, "rows": ROWS})
        connection.execute("VACUUM ANALYZE goals, audit_log")


def measured(server: Server, served: Product, each: List, seconds: float) -> list[str]:
    query = {**each.filters, "sort": each.sort, "limit": str(PAGE)}
    last = {**query, "cursor": asyncio.run(last_cursor(served, each))}
    cells: list[str] = []
    slowest = 0.0
    for page in (query, last):
        taken = ask(
            server, served.key, Request(each.name, f"{each.path}?{urlencode(page)}", bar=BAR), seconds
        )
        late = percentile(taken, 0.95)
        cells += [f"{statistics.median(taken):.1f}", f"{late:.1f}"]
        slowest = max(slowest, late)
    return [each.name, *cells, against_bar(slowest, BAR, at_least=False)]


async def last_cursor(served: Product, each: List) -> str:
    """The cursor that the page before the last one gives: the list is read from its end to there."""
    database = Database(served.environ["DATABASE_URL"])
    caller = Caller(Tenant(database, UUID(served.workspace_id)), Keyring(SECRET.encode()))
    filters = {name.replace(":", "_"): _value(name, value) for name, value in each.filters.items()}
    terms = each.sort.split(",")
    backwards = [term.replace("asc", "↓").replace("desc", "asc").replace("↓", "desc") for term in terms]
    from_the_end = each.collection.ask(caller, filters | {"sort": backwards, "limit": PAGE})
    before = (await each.listed(caller.tenant, from_the_end))[PAGE]
    await database.close()
    cursor = (
        each.collection.ask(caller, filters | {"sort": terms, "limit": 1}).page([before, before]).next_cursor
    )
    assert cursor is not None
    return cursor


def _value(name: str, value: str) -> str | list[str]:
    return value.split(",") if name.endswith(":in") else value
