"""Rollups in PostgreSQL.

Whoever changes the rollups of a website holds the lock on its row, so that all
that is read here stays true until the transaction ends.
"""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# In the order in which one is drawn from the other.
ROLLUPS = ("visits", "visitor_days", "visitor_day_events", "page_days", "daily_totals", "daily_gaps")


async def rebuild(
    transaction: Transaction, tenant: Tenant, website_id: UUID, edition: int, timezone: str
) -> None:
    """Draws the rollups of one website anew from its events. The caller holds its lock."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": website_id,
        "edition": edition,
        "timezone": timezone,
    }
    for rollup in ROLLUPS:
        await transaction.execute(getattr(queries, f"clear_{rollup}"), parameters)
    for rollup in ROLLUPS:
        await transaction.execute(getattr(queries, f"draw_{rollup}"), parameters)
