"""The month's events in PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from cloudmetrics.platform.database import Tenant, Transaction
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


async def read_used(tenant: Tenant, month: date) -> int:
    rows = await tenant.read(queries.used, {"workspace_id": tenant.workspace_id, "month": month})
    return rows[0]["events"] if rows else 0


async def warnings(tenant: Tenant, month: date) -> list[tuple[int, datetime]]:
    """The percents that were warned of, and when."""
    rows = await tenant.read(queries.warnings, {"workspace_id": tenant.workspace_id, "month": month})
    return [(row["percent"], row["warned_at"]) for row in rows]


async def note_warning(
    transaction: Transaction, workspace_id: UUID, month: date, percent: int, warned_at: datetime
) -> bool:
    """Whether nobody has warned of this before."""
    parameters = {"workspace_id": workspace_id, "month": month, "percent": percent, "warned_at": warned_at}
    return await transaction.fetch_one(queries.note_warning, parameters) is not None
