"""Stored events from PostgreSQL."""

from __future__ import annotations

from cloudmetrics.analytics.event_log.models import EventFilter, StoredEvent
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def list_before(
    tenant: Tenant, wanted: EventFilter, position: tuple[str, str], limit: int
) -> list[StoredEvent]:
    """Events before a position (timestamp, id), newest first."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": wanted.website_id,
        "name": wanted.name,
        "visitor_id": wanted.visitor_id,
        "start": wanted.start,
        "end": wanted.end,
        "before": position[0],
        "before_id": position[1],
        "limit": limit,
    }
    one_visitor = wanted.website_id is not None and wanted.visitor_id is not None
    statement = queries.list_of_visitor if one_visitor else queries.list_before
    return [StoredEvent(**row) for row in await tenant.read(statement, parameters)]


async def list_after(
    tenant: Tenant, wanted: EventFilter, position: tuple[str, str], limit: int
) -> list[StoredEvent]:
    """Events of one website after a position (timestamp, id), oldest first, narrowed by time alone."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "website_id": wanted.website_id,
        "start": wanted.start,
        "end": wanted.end,
        "after": position[0],
        "after_id": position[1],
        "limit": limit,
    }
    return [StoredEvent(**row) for row in await tenant.read(queries.list_after, parameters)]


async def get(tenant: Tenant, event_id: str) -> StoredEvent | None:
    parameters = {"workspace_id": tenant.workspace_id, "event_id": event_id}
    rows = await tenant.read(queries.get, parameters)
    return StoredEvent(**rows[0]) if rows else None
