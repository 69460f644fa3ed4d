"""Dashboards in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from cloudmetrics.boards.dashboards.models import Dashboard, NameTaken, Settings
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import NOBODY, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


DASHBOARDS = Collection(
    "dashboards",
    {
        "id": Column("id", Kind.UUID),
        "position": Column("position", Kind.INTEGER),
        "name": Column("name"),
        "status": Column(states={"ACTIVE": "deleted_at IS NULL", "DELETED": "deleted_at IS NOT NULL"}),
        "favourite": Column("is_favourite", Kind.BOOLEAN),
        "created_at": Column("created_at", Kind.MOMENT),
        "updated_at": Column("updated_at", Kind.MOMENT),
    },
    order="position:asc",
)


async def listed(caller: Caller, asked: Asked) -> list[Dashboard]:
    about = {"workspace_id": caller.tenant.workspace_id, "owner_id": owner_of(caller)}
    rows = await caller.tenant.read(asked.statement(queries.list), asked.parameters | about)
    return [Dashboard.from_row(row) for row in rows]


async def get(caller: Caller, dashboard_id: UUID) -> Dashboard | None:
    rows = await caller.tenant.read(queries.get, _at(caller, dashboard_id))
    return Dashboard.from_row(rows[0]) if rows else None


async def lock(
    transaction: Transaction, caller: Caller, dashboard_id: UUID, *, or_deleted: bool = False
) -> Dashboard:
    """A dashboard that nobody else changes until the transaction ends. Raises NotFound."""
    row = await transaction.fetch_one(queries.lock, _at(caller, dashboard_id) | {"or_deleted": or_deleted})
    if row is None:
        raise NotFound("dashboard")
    return Dashboard.from_row(row)


async def create(
    transaction: Transaction, caller: Caller, dashboard_id: UUID, settings: Settings, now: datetime
) -> Dashboard:
    """Raises NameTaken."""
    parameters = _at(caller, dashboard_id) | asdict(settings) | {"now": now}
    row = await transaction.fetch_one(queries.create, parameters)
    if row is None:
        raise NameTaken(settings.name)
    return Dashboard.from_row(row)


async def update(
    transaction: Transaction, caller: Caller, dashboard_id: UUID, settings: Settings, now: datetime
) -> None:
    """Raises NameTaken."""
    try:
        await transaction.execute(queries.update, _at(caller, dashboard_id) | asdict(settings) | {"now": now})
    except psycopg.errors.UniqueViolation:
        raise NameTaken(settings.name) from None


async def touch(transaction: Transaction, caller: Caller, dashboard_id: UUID, now: datetime) -> None:
    await transaction.execute(queries.touch, _at(caller, dashboard_id) | {"now": now})


async def set_deleted(
    transaction: Transaction, caller: Caller, dashboard: Dashboard, deleted_at: datetime | None
) -> None:
    """Raises NameTaken where it would come back to a name that another one has by now."""
    try:
        await transaction.execute(queries.set_deleted, _at(caller, dashboard.id) | {"deleted_at": deleted_at})
    except psycopg.errors.UniqueViolation:
        raise NameTaken(dashboard.settings.name) from None


async def set_favourite(transaction: Transaction, caller: Caller, dashboard_id: UUID, wanted: bool) -> None:
    await transaction.execute(queries.mark if wanted else queries.unmark, _at(caller, dashboard_id))


def owner_of(caller: Caller) -> UUID:
    """Whose favourites count: a person's, on whatever device, or else a program's own."""
    return caller.user_id or caller.credential_id or NOBODY


async def purge(tenant: Tenant, dashboard_id: UUID) -> None:
    """Removes a deleted one for good."""
    async with tenant.transaction() as transaction:
        await transaction.execute(
            queries.purge, {"workspace_id": tenant.workspace_id, "thing_id": dashboard_id}
        )


def _at(caller: Caller, dashboard_id: UUID) -> dict[str, Any]:
    return {
        "workspace_id": caller.tenant.workspace_id,
        "owner_id": owner_of(caller),
        "dashboard_id": dashboard_id,
    }
