"""Visitors from PostgreSQL."""

from __future__ import annotations

from typing import Any

from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.analytics.visitors.models import Deeds, Visit, Visitor
from cloudmetrics.analytics.websites.models import Website
from cloudmetrics.platform.database import Row, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def list_after(tenant: Tenant, website: Website, after: str, limit: int) -> list[Visitor]:
    parameters = _of(tenant, website) | {"after": after, "limit": limit}
    rows = await tenant.read(queries.list_after, parameters)
    return [Visitor(row["id"], _deeds(row, website)) for row in rows]


async def get(tenant: Tenant, website: Website, visitor_id: str) -> Visitor | None:
    rows = await tenant.read(queries.get, _of(tenant, website) | {"visitor_id": visitor_id})
    return Visitor(rows[0]["id"], _deeds(rows[0], website)) if rows else None


async def visits_before(
    tenant: Tenant, website: Website, visitor_id: str, before: str, limit: int
) -> list[Visit]:
    """Visits that began before a moment (ISO 8601), newest first."""
    more = {"visitor_id": visitor_id, "before": before, "limit": limit}
    rows = await tenant.read(queries.visits_before, _of(tenant, website) | more)
    names = ("entry_url", "source", "device", "country")
    return [Visit(_deeds(row, website), **{name: row[name] for name in names}) for row in rows]


def _of(tenant: Tenant, website: Website) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "website_id": website.id}


def _deeds(row: Row, website: Website) -> Deeds:
    revenue = Money(row["revenue"], website.currency)
    return Deeds(row["first_at"], row["last_at"], row["pageviews"], row["events"], revenue)
