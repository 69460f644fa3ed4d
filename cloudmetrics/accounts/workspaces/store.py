"""Workspaces in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import psycopg

from cloudmetrics.accounts.workspaces.models import StillReferred, Workspace
from cloudmetrics.platform.database import Database, Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def create(transaction: Transaction, workspace: Workspace) -> None:
    """Adds a workspace, and goes on as its tenant."""
    await transaction.switch_tenant(workspace.id)
    await transaction.execute(queries.create, asdict(workspace))


async def get(tenant: Tenant) -> Workspace | None:
    rows = await tenant.read(queries.get, {"workspace_id": tenant.workspace_id})
    return _workspace(rows[0]) if rows else None


async def lock(transaction: Transaction, workspace_id: UUID) -> Workspace | None:
    row = await transaction.fetch_one(queries.lock, {"workspace_id": workspace_id})
    return _workspace(row) if row else None


async def update(transaction: Transaction, workspace: Workspace) -> None:
    """Stores what may change, as the workspace's own tenant."""
    await transaction.switch_tenant(workspace.id)
    columns = {
        "cors_origins": list(workspace.cors_origins),
        "allowed_networks": list(workspace.allowed_networks),
    }
    await transaction.execute(queries.update, asdict(workspace) | columns)


async def put_on_the_list(transaction: Transaction, workspace_id: UUID, remove_after: datetime) -> None:
    await transaction.execute(
        queries.put_on_the_list, {"workspace_id": workspace_id, "remove_after": remove_after}
    )


async def take_off_the_list(transaction: Transaction, workspace_id: UUID, now: datetime) -> bool:
    """Whether it was on the list, and its time has not come yet."""
    parameters = {"workspace_id": workspace_id, "now": now}
    return await transaction.fetch_one(queries.take_off_the_list, parameters) is not None


async def due(database: Database, now: datetime) -> list[UUID]:
    rows = await database.read_directory(queries.due, {"now": now})
    return [row["workspace_id"] for row in rows]


async def tenant_tables(database: Database) -> dict[str, set[str]]:
    """Each table with rows of tenants, and the tables that its rows refer to."""
    rows = await database.read_directory(queries.tenant_tables)
    return {row["name"]: set(row["refers_to"]) for row in rows}


async def remove_rows(database: Database, workspace_id: UUID, table: str, most: int) -> int:
    """Removes some rows of a workspace whose time has come; how many. Raises StillReferred."""
    try:
        async with database.transaction(workspace_id) as transaction:
            row = await transaction.fetch_one(queries.remove_rows, {"name": table, "most": most})
    except psycopg.errors.ForeignKeyViolation:
        raise StillReferred from None
    assert row is not None
    removed: int = row["removed"]
    return removed


async def forget(database: Database, workspace_id: UUID, now: datetime) -> None:
    async with database.transaction(workspace_id) as transaction:
        await transaction.execute(queries.forget, {"workspace_id": workspace_id, "now": now})


def _workspace(row: Row) -> Workspace:
    lists = {"cors_origins": tuple(row["cors_origins"]), "allowed_networks": tuple(row["allowed_networks"])}
    return Workspace(**(row | lists))
