"""Widgets in PostgreSQL. A dashboard has few enough that they are always read together."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.boards.widgets.models import Widget
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


WIDGETS = Collection(
    "widgets",
    {
        "id": Column("widget_id", Kind.UUID),
        "title": Column("title"),
        "created_at": Column("created_at", Kind.MOMENT),
        "updated_at": Column("updated_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, dashboard_id: UUID, asked: Asked) -> list[Widget]:
    parameters = asked.parameters | _of(tenant.workspace_id, dashboard_id)
    return [Widget.from_row(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def of_dashboards(tenant: Tenant, dashboard_ids: list[UUID]) -> list[Widget]:
    """By rows, and from left to right."""
    parameters = {"workspace_id": tenant.workspace_id, "dashboard_ids": dashboard_ids}
    return [Widget.from_row(row) for row in await tenant.read(queries.of_dashboards, parameters)]


async def all_of(tenant: Tenant, dashboard_id: UUID) -> list[Widget]:
    """By rows, and from left to right."""
    rows = await tenant.read(queries.all_of, _of(tenant.workspace_id, dashboard_id))
    return [Widget.from_row(row) for row in rows]


async def all_in(transaction: Transaction, workspace_id: UUID, dashboard_id: UUID) -> list[Widget]:
    """The same, as the transaction sees them."""
    rows = await transaction.fetch(queries.all_of, _of(workspace_id, dashboard_id))
    return [Widget.from_row(row) for row in rows]


async def insert(transaction: Transaction, workspace_id: UUID, widget: Widget) -> None:
    await transaction.execute(queries.insert, _row(workspace_id, widget))


async def update(transaction: Transaction, workspace_id: UUID, widget: Widget) -> Widget:
    """The widget as whoever asks next gets it: PostgreSQL has an order of its own for fields."""
    row = await transaction.fetch_one(queries.update, _row(workspace_id, widget))
    assert row is not None
    return replace(widget, content=row["content"])


async def delete(transaction: Transaction, workspace_id: UUID, widget_id: UUID) -> None:
    await transaction.execute(queries.delete, {"workspace_id": workspace_id, "widget_id": widget_id})


def _of(workspace_id: UUID, dashboard_id: UUID) -> dict[str, Any]:
    return {"workspace_id": workspace_id, "dashboard_id": dashboard_id}


def _row(workspace_id: UUID, widget: Widget) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "widget_id": widget.id,
        "dashboard_id": widget.dashboard_id,
        "kind": widget.kind.value,
        "title": widget.title,
        **asdict(widget.box),
        "content": orjson.dumps(widget.content).decode(),
        "created_at": widget.created_at,
        "updated_at": widget.updated_at,
    }
