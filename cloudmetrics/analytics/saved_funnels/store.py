"""Saved funnels in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.analytics.saved_funnels.models import Plan, SavedFunnel
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


FUNNELS = Collection(
    "funnels",
    {
        "id": Column("funnel.funnel_id", Kind.UUID),
        "website_id": Column("funnel.website_id", Kind.UUID),
        "name": Column("funnel.name"),
        "status": Column(
            states={"ACTIVE": "funnel.deleted_at IS NULL", "DELETED": "funnel.deleted_at IS NOT NULL"}
        ),
        "created_at": Column("funnel.created_at", Kind.MOMENT),
        "updated_at": Column("funnel.updated_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked) -> list[SavedFunnel]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [SavedFunnel.from_row(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, funnel_id: UUID) -> SavedFunnel | None:
    rows = await tenant.read(queries.get, _at(tenant, funnel_id))
    return SavedFunnel.from_row(rows[0]) if rows else None


async def lock(
    transaction: Transaction, tenant: Tenant, funnel_id: UUID, *, or_deleted: bool = False
) -> tuple[SavedFunnel, str]:
    """A funnel that nobody else changes until the transaction ends, and its website's currency.

    Raises NotFound.
    """
    row = await transaction.fetch_one(queries.lock, _at(tenant, funnel_id) | {"or_deleted": or_deleted})
    if row is None:
        raise NotFound("funnel")
    return SavedFunnel.from_row(row), row["currency"]


async def create(transaction: Transaction, tenant: Tenant, funnel: SavedFunnel) -> None:
    more = {"website_id": funnel.website_id, "now": funnel.created_at}
    await transaction.execute(queries.create, _at(tenant, funnel.id) | _columns(funnel.plan) | more)


async def update(
    transaction: Transaction, tenant: Tenant, funnel_id: UUID, plan: Plan, now: datetime
) -> None:
    await transaction.execute(queries.update, _at(tenant, funnel_id) | _columns(plan) | {"now": now})


async def set_deleted(
    transaction: Transaction, tenant: Tenant, funnel_id: UUID, deleted_at: datetime | None
) -> None:
    await transaction.execute(queries.set_deleted, _at(tenant, funnel_id) | {"deleted_at": deleted_at})


async def purge(tenant: Tenant, funnel_id: UUID) -> None:
    """Removes a deleted one for good."""
    async with tenant.transaction() as transaction:
        await transaction.execute(queries.purge, {"workspace_id": tenant.workspace_id, "thing_id": funnel_id})


def _at(tenant: Tenant, funnel_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "funnel_id": funnel_id}


def _columns(plan: Plan) -> dict[str, Any]:
    written = plan.to_json()
    return written | {"steps": orjson.dumps(written["steps"]).decode()}
