"""Budgets in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.costs.budgets.models import Budget, Wish
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

BUDGETS = Collection(
    "budgets",
    {
        "id": Column("budget_id", Kind.UUID),
        "name": Column("name"),
        "created_at": Column("created_at", Kind.MOMENT),
        "updated_at": Column("updated_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked) -> list[Budget]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [Budget.from_row(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, budget_id: UUID) -> Budget | None:
    rows = await tenant.read(queries.get, _at(tenant, budget_id))
    return Budget.from_row(rows[0]) if rows else None


async def create(
    transaction: Transaction, tenant: Tenant, budget_id: UUID, wish: Wish, now: datetime
) -> Budget | None:
    row = await transaction.fetch_one(queries.create, _columns(tenant, budget_id, wish, now))
    return Budget.from_row(row) if row else None


async def update(
    transaction: Transaction, tenant: Tenant, budget_id: UUID, wish: Wish, now: datetime
) -> Budget | None:
    """None where there is none to be replaced."""
    row = await transaction.fetch_one(queries.update, _columns(tenant, budget_id, wish, now))
    return Budget.from_row(row) if row else None


async def delete(transaction: Transaction, tenant: Tenant, budget_id: UUID) -> Budget | None:
    """The budget as it was, if there was one."""
    row = await transaction.fetch_one(queries.delete, _at(tenant, budget_id))
    return Budget.from_row(row) if row else None


def _columns(tenant: Tenant, budget_id: UUID, wish: Wish, now: datetime) -> dict[str, Any]:
    return _at(tenant, budget_id) | {
        "name": wish.name,
        "amount_minor": wish.amount.amount_minor,
        "currency": wish.amount.currency,
        "cost": wish.cost.value,
        "filters": orjson.dumps(dict(wish.filters)).decode(),
        "now": now,
    }


def _at(tenant: Tenant, budget_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "budget_id": budget_id}
