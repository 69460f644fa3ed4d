"""Test clocks in PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from cloudmetrics.platform.database import Database, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def read_ahead(database: Database, workspace_id: UUID) -> timedelta:
    rows = await database.read_directory(queries.ahead, {"workspace_id": workspace_id})
    return rows[0]["ahead"] if rows else timedelta()


async def ahead(transaction: Transaction, workspace_id: UUID) -> timedelta:
    row = await transaction.fetch_one(queries.ahead, {"workspace_id": workspace_id})
    return row["ahead"] if row else timedelta()


async def set_ahead(transaction: Transaction, workspace_id: UUID, ahead: timedelta) -> None:
    await transaction.execute(queries.set, {"workspace_id": workspace_id, "ahead": ahead})


async def remove(transaction: Transaction, workspace_id: UUID) -> bool:
    """Whether there was a clock that showed another time than the real one."""
    return await transaction.fetch_one(queries.remove, {"workspace_id": workspace_id}) is not None
