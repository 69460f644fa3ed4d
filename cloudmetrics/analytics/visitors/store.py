"""Visitors from PostgreSQL."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from cloudmetrics.analytics.dimensions import FirstTouch
from cloudmetrics.analytics.metrics.models import Money
from cloudmetrics.analytics.visitors.models import Deeds, Visit, Visitor, VisitorDay, VisitorFilter
from cloudmetrics.analytics.websites.models import Website
from cloudmetrics.platform.database import Row, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

DIMENSIONS = tuple(field.name for field in fields(FirstTouch))


async def list_after(
    tenant: Tenant, website: Website, wanted: VisitorFilter, after: str, limit: int
) -> list[Visitor]:
    parameters = _of(tenant, website) | wanted.to_sql() | {"after": after, "limit": limit}
    return [_visitor(row, website) for row in await tenant.read(queries.list_after, parameters)]


async def get(tenant: Tenant, website: Website, visitor_id: str) -> Visitor | None:
    rows = await tenant.read(queries.get, _of(tenant, website) | {"visitor_id": visitor_id})
    return _visitor(rows[0], website) if rows else None


async def visits_before(
    tenant: Tenant, website: Website, visitor_id: str, before: str, limit: int
) -> list[Visit]:
    """Visits that began before a moment (ISO 8601), newest first."""
    more = {"visitor_id": visitor_id, "before": before, "limit": limit}
    rows = await tenant.read(queries.visits_before, _of(tenant, website) | more)
    return [
        Visit(
            _deeds(row, website),
            row["entry_url"],
            row["entry_page"],
            row["exit_page"],
            _first_touch(row),
        )
        for row in rows
    ]


async def days_after(
    tenant: Tenant, website: Website, visitor_id: str, after: str, limit: int
) -> list[VisitorDay]:
    more = {"visitor_id": visitor_id, "after": after, "limit": limit}
    rows = await tenant.read(queries.days, _of(tenant, website) | more)
    return [
        VisitorDay(
            row["day"],
            _first_touch(row),
            row["visits"],
            row["pageviews"],
            row["events"],
            Money(row["revenue"], website.currency),
        )
        for row in rows
    ]


def _of(tenant: Tenant, website: Website) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "website_id": website.id}


def _visitor(row: Row, website: Website) -> Visitor:
    return Visitor(row["id"], row["visits"], _deeds(row, website))


def _deeds(row: Row, website: Website) -> Deeds:
    revenue = Money(row["revenue"], website.currency)
    return Deeds(row["first_at"], row["last_at"], row["pageviews"], row["events"], revenue)


def _first_touch(row: Row) -> FirstTouch:
    return FirstTouch(**{name: row[name] or None for name in DIMENSIONS})
