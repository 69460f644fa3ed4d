"""Erasure in PostgreSQL, in one transaction: all of it is done, or nothing is."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.analytics.answers import store as answers
from cloudmetrics.analytics.rollups.erasure.models import Traces
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# A statement with more ids might take longer than a statement may.
AT_ONCE = 20_000


class RollupsAstray(Exception):
    """The rollups and the events of a visitor disagree, so that neither could be erased with certainty."""


async def erase(tenant: Tenant, website_id: UUID, visitor_id: str) -> tuple[Traces, Traces]:
    """What was removed of a visitor, and what is left. A website that is gone has nothing to remove."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": website_id,
        "visitor_id": visitor_id,
    }
    async with tenant.transaction() as transaction:
        website = await transaction.fetch_one(queries.lock_website, parameters)
        if website is None:
            return Traces(), Traces()
        found = await _event_ids(transaction, parameters)
        erased = 0
        for start in range(0, len(found), AT_ONCE):
            of = parameters | {"event_ids": found[start : start + AT_ONCE]}
            await transaction.execute(queries.take_pages, of)
            await transaction.execute(queries.delete_day_events, of)
            erased += (await _only(transaction, queries.delete_events, of))["removed"]
        await transaction.execute(queries.take_gaps, parameters)
        await transaction.execute(queries.take_totals, parameters)
        await transaction.execute(queries.take_cube, parameters)
        left = await _event_ids(transaction, parameters)
        visits = await _only(transaction, queries.delete_visits, parameters)
        days = await _only(transaction, queries.delete_days, parameters | {"edition": website["edition"]})
        counts = await _only(transaction, queries.remaining_counts, parameters)
        await answers.touch(transaction, tenant.workspace_id, website_id)
        if erased != visits["events"]:
            raise RollupsAstray(f"{erased} events, and visits of {visits['events']}")
    removed = Traces(erased, visits["visits"], days["days"])
    return removed, Traces(len(left), counts["visits"], counts["days"])


async def _event_ids(transaction: Transaction, parameters: dict[str, object]) -> list[str]:
    return [row["event_id"] for row in await transaction.fetch(queries.find_events, parameters)]


async def _only(transaction: Transaction, statement: str, parameters: dict[str, object]) -> Row:
    """The row of a statement that always has one."""
    row = await transaction.fetch_one(statement, parameters)
    assert row is not None
    return row
