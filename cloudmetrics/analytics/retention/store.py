"""Forgetting, in PostgreSQL: step by step, each a transaction after which every answer equals a recount."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.answers import store as answers
from cloudmetrics.analytics.rollups.expiry import store as expiry
from cloudmetrics.platform.database import Database, Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# Batches of the website wait while a step is at work.
EVENTS_AT_ONCE = 20_000
# A day may have very many events; deleted in parts, no statement takes too long.
PARTS = 24


async def retained(database: Database) -> list[tuple[UUID, UUID]]:
    """Workspace and website of everything that has a retention, in the order of the websites."""
    rows = await database.read_directory(queries.retained)
    return [(row["workspace_id"], row["website_id"]) for row in rows]


async def take_step(tenant: Tenant, website_id: UUID, now: datetime) -> date | None:
    """Forgets the oldest days of a website; returns the first day that is left of what had to go.

    None where nothing has to go, or not now.
    """
    at = {"workspace_id": tenant.workspace_id, "website_id": website_id}
    async with tenant.transaction() as transaction:
        website = await transaction.fetch_one(queries.lock, at | {"now": now})
        if website is None:
            return None
        step = await transaction.fetch_one(queries.next_step, at | website | {"events": EVENTS_AT_ONCE})
        if step is None:
            return None
        await _forget(transaction, at | website, step)
    day: date = step["day"]
    return day


async def _forget(transaction: Transaction, website: dict[str, Any], step: Row) -> None:
    what = website | step
    crossing = await expiry.crossing_visits(transaction, what)
    for begin, end in parts(step["first_at"], step["begins"]):
        await transaction.execute(queries.forget_events, what | {"from": begin, "to": end})
    await expiry.forget(transaction, what, crossing)
    await answers.touch(transaction, website["workspace_id"], website["website_id"])


def parts(first: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time from `first` to `end` in equal parts."""
    length = (end - first) / PARTS
    return pairwise([*(first + number * length for number in range(PARTS)), end])
