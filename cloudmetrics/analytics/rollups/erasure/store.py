"""Erasure in PostgreSQL, in one transaction: all of it is done, or nothing is."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.analytics.rollups.erasure.models import Traces
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


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
        # What is taken out of the sums is read from the events, visits and days, which go last.
        for statement in (
            queries.delete_day_events,
            queries.take_pages,
            queries.take_gaps,
            queries.take_totals,
        ):
            await transaction.execute(statement, parameters)
        events = await _only(transaction, queries.delete_events, parameters)
        left = await _only(transaction, queries.remaining_events, parameters)
        visits = await _only(transaction, queries.delete_visits, parameters)
        days = await _only(transaction, queries.delete_days, parameters | {"edition": website["edition"]})
        counts = await _only(transaction, queries.remaining_counts, parameters)
        if events["removed"] != visits["events"]:
            raise RollupsAstray(f"{events['removed']} events, and visits of {visits['events']}")
    removed = Traces(events["removed"], visits["visits"], days["days"])
    return removed, Traces(left["events"], counts["visits"], counts["days"])


async def _only(transaction: Transaction, statement: str, parameters: dict[str, object]) -> Row:
    """The row of a statement that always has one."""
    row = await transaction.fetch_one(statement, parameters)
    assert row is not None
    return row
