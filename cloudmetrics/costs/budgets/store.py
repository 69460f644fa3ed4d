"""Budgets in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.costs.budgets.models import Budget
from cloudmetrics.costs.reports.models import Cost
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant
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


async def write(
    tenant: Tenant,
    budget_id: UUID,
    *,
    name: str,
    amount: Money,
    cost: Cost,
    filters: Mapping[str, str],
    now: datetime,
    new: bool,
) -> Budget | None:
    """Creates a budget, or replaces all of it; None where there is none to be replaced."""
    parameters = _at(tenant, budget_id) | {
        "name": name,
        "amount_minor": amount.amount_minor,
        "currency": amount.currency,
        "cost": cost.value,
        "filters": orjson.dumps(dict(filters)).decode(),
        "now": now,
    }
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(queries.create if new else queries.update, parameters)
    return Budget.from_row(row) if row else None


async def delete(tenant: Tenant, budget_id: UUID) -> bool:
    """Whether there was such a budget."""
    async with tenant.transaction() as transaction:
        return await transaction.fetch_one(queries.delete, _at(tenant, budget_id)) is not None


def _at(tenant: Tenant, budget_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "budget_id": budget_id}
