"""Allocations in PostgreSQL, and what their websites cost."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.costs.allocations.models import Allocation
from cloudmetrics.costs.reports.models import ByCurrency
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

REPORT_SECONDS = 10.0

ALLOCATIONS = Collection(
    "cost-allocations",
    {
        "id": Column("allocation.allocation_id", Kind.UUID),
        "website_id": Column("allocation.website_id", Kind.UUID),
        "tag_key": Column("allocation.tag_key"),
        "created_at": Column("allocation.created_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked) -> list[Allocation]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [Allocation(**row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, allocation_id: UUID) -> Allocation | None:
    rows = await tenant.read(queries.get, _at(tenant, allocation_id))
    return Allocation(**rows[0]) if rows else None


async def create(
    transaction: Transaction,
    tenant: Tenant,
    allocation_id: UUID,
    *,
    tag_key: str,
    tag_value: str,
    website_id: UUID,
    now: datetime,
) -> Allocation | None:
    """None where the value of the tag belongs to a website already."""
    parameters = _at(tenant, allocation_id) | {
        "tag_key": tag_key,
        "tag_value": tag_value,
        "website_id": website_id,
        "now": now,
    }
    await transaction.execute(queries.free_of_deleted, parameters)
    row = await transaction.fetch_one(queries.create, parameters)
    return Allocation(**row) if row else None


async def delete(transaction: Transaction, tenant: Tenant, allocation_id: UUID) -> Allocation | None:
    """The allocation as it was, if there was one."""
    row = await transaction.fetch_one(queries.delete, _at(tenant, allocation_id))
    return Allocation(**row) if row else None


async def costs_of_website(tenant: Tenant, website_id: UUID, days: DateRange) -> dict[date, ByCurrency]:
    """What a website was billed on each day with charges of its own. Raises QueryTooSlow."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": website_id,
        "start_date": days.start,
        "end_date": days.end,
    }
    found: dict[date, dict[str, Decimal]] = {}
    rows = await tenant.read(queries.costs_of_website, parameters, seconds=REPORT_SECONDS)
    for row in rows:
        found.setdefault(row["day"], {})[row["currency"]] = row["amount"]
    return dict(found)


def _at(tenant: Tenant, allocation_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "allocation_id": allocation_id}
