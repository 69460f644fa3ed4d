"""The trash in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

Due = tuple[UUID, str, UUID]


async def put(
    transaction: Transaction, tenant: Tenant, kind: str, thing_id: UUID, remove_after: datetime
) -> None:
    await transaction.execute(queries.put, _at(tenant, kind, thing_id) | {"remove_after": remove_after})


async def take(transaction: Transaction, tenant: Tenant, kind: str, thing_id: UUID, now: datetime) -> bool:
    """Whether it was there, and its time has not come yet."""
    return await transaction.fetch_one(queries.take, _at(tenant, kind, thing_id) | {"now": now}) is not None


async def due(database: Database, now: datetime) -> list[Due]:
    """Workspace, kind and id of what has to go, each by its workspace's clock."""
    rows = await database.read_directory(queries.due, {"now": now})
    return [(row["workspace_id"], row["kind"], row["thing_id"]) for row in rows]


async def seal(tenant: Tenant, kind: str, thing_id: UUID, now: datetime) -> bool:
    """Whether its time has come; then it can't be taken out any more, wherever clocks go."""
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(queries.seal, _at(tenant, kind, thing_id) | {"now": now})
    return row is not None


async def forget(tenant: Tenant, kind: str, thing_id: UUID) -> None:
    async with tenant.transaction() as transaction:
        await transaction.execute(queries.forget, _at(tenant, kind, thing_id))


def _at(tenant: Tenant, kind: str, thing_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "kind": kind, "thing_id": thing_id}
