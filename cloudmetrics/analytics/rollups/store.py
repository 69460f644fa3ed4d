"""Rollups in PostgreSQL.

Whoever changes the rollups of a website holds the lock on its row, so that all
that is read here stays true until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def add(transaction: Transaction, tenant: Tenant, event_ids: Sequence[str]) -> None:
    """Counts events that this transaction has stored, of websites that it has locked."""
    parameters = {"workspace_id": tenant.workspace_id, "event_ids": list(event_ids)}
    changes = await transaction.fetch_one(queries.changes, parameters)
    if changes is None or changes["visitor_days"] is None:
        return
    # The documents go back as they came, so their content is never parsed on this side.
    parameters |= changes
    await transaction.execute(queries.put_visitor_days, parameters)
    await transaction.execute(queries.add_totals, parameters)
    if changes["gaps"] is not None:
        await transaction.execute(queries.add_gaps, parameters)
    if changes["goals"] is not None:
        await transaction.execute(queries.add_goals, parameters)


async def rebuild(transaction: Transaction, tenant: Tenant, website_id: UUID) -> None:
    """Draws the rollups of one website anew from its events. The caller holds its lock."""
    parameters = {"workspace_id": tenant.workspace_id, "website_id": website_id}
    for statement in (
        queries.clear_visitor_days,
        queries.clear_goals,
        queries.clear_totals,
        queries.clear_gaps,
        queries.draw_visitor_days,
        queries.draw_goals,
        queries.draw_totals,
        queries.draw_gaps,
    ):
        await transaction.execute(statement, parameters)
