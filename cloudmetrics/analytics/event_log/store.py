"""Stored events from PostgreSQL."""

from __future__ import annotations

from cloudmetrics.analytics.event_log.models import EventFilter, StoredEvent
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


# What both its own SELECT and the one around it know by the same name is not qualified.
EVENTS = Collection(
    "events",
    {
        "id": Column("event_id", attribute="id"),
        "timestamp": Column("occurred_at", Kind.MOMENT, attribute="occurred_at"),
        "website_id": Column("events.website_id", Kind.UUID),
        "name": Column("events.name"),
        "visitor_id": Column("events.visitor_id"),
    },
    order="timestamp:desc",
    also={"from": ("timestamp", "gte"), "to": ("timestamp", "lt")},
)


async def listed(tenant: Tenant, asked: Asked) -> list[StoredEvent]:
    parameters = {"website_id": None, **asked.parameters, "workspace_id": tenant.workspace_id}
    if "visitor_id" in parameters and parameters["website_id"]:
        statement = _of_visitor(asked)
    else:
        statement = queries.list
    return [StoredEvent(**row) for row in await tenant.read(asked.statement(statement), parameters)]


def _of_visitor(asked: Asked) -> str:
    """The statement that goes through the visits in which the events after a position may lie, in order."""
    first = asked.terms[0]
    visits = f"visit.started_at <= {first.value}" if first.descending else f"visit.ended_at >= {first.value}"
    order = "visit.started_at DESC" if first.descending else "visit.started_at"
    statement: str = queries.list_of_visitor.replace("{visit_order}", order)
    return statement.replace("{visits}", visits if first.bound in asked.parameters else "TRUE")


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
