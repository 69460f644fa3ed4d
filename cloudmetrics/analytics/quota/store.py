"""The month's events in PostgreSQL."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def add(transaction: Transaction, workspace_id: UUID, month: date, events: int) -> int:
    """Counts so many more, and returns how many there are now."""
    parameters = {"workspace_id": workspace_id, "month": month, "events": events}
    row = await transaction.fetch_one(queries.add, parameters)
    assert row is not None
    total: int = row["events"]
    return total


async def used(transaction: Transaction, workspace_id: UUID, month: date) -> int:
    row = await transaction.fetch_one(queries.used, {"workspace_id": workspace_id, "month": month})
    return row["events"] if row else 0
