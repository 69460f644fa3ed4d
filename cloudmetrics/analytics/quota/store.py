"""The month's events in PostgreSQL."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.prepared import Call, Prepared
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


ADD = Prepared("add_event_usage", queries.add)


def add(workspace_id: UUID, month: date, events: int) -> Call:
    """Counts so many more, and answers how many there are now."""
    return ADD(workspace_id=workspace_id, month=month, events=events)


async def used(transaction: Transaction, workspace_id: UUID, month: date) -> int:
    row = await transaction.fetch_one(queries.used, {"workspace_id": workspace_id, "month": month})
    return row["events"] if row else 0
