"""Deliveries in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson

from cloudmetrics.alerting.deliveries.models import Delivery, Status
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

OF_ALERT, OF_CHANNEL = (queries.list.replace("{of}", column) for column in ("alert_id", "channel_id"))


async def create(transaction: Transaction, workspace_id: UUID, delivery: Delivery) -> None:
    message = orjson.dumps(delivery.message).decode()
    await transaction.execute(
        queries.create, asdict(delivery) | {"workspace_id": workspace_id, "message": message}
    )


async def get(tenant: Tenant, delivery_id: UUID) -> Delivery | None:
    rows = await tenant.read(queries.get, {"workspace_id": tenant.workspace_id, "id": delivery_id})
    return _delivery(rows[0]) if rows else None


DELIVERIES = Collection(
    "alert deliveries",
    {
        "id": Column("delivery_id", Kind.UUID),
        "status": Column("status"),
        "created_at": Column("created_at", Kind.MOMENT),
    },
    order="id:desc",
)


async def about_alert(tenant: Tenant, alert_id: UUID, asked: Asked) -> list[Delivery]:
    return await _listed(tenant, OF_ALERT, alert_id, asked)


async def through_channel(tenant: Tenant, channel_id: UUID, asked: Asked) -> list[Delivery]:
    return await _listed(tenant, OF_CHANNEL, channel_id, asked)


async def _listed(tenant: Tenant, statement: str, of: UUID, asked: Asked) -> list[Delivery]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id, "of": of}
    return [_delivery(row) for row in await tenant.read(asked.statement(statement), parameters)]


async def note_attempt(
    tenant: Tenant,
    delivery_id: UUID,
    status: Status,
    now: datetime,
    *,
    response_status: int | None = None,
    error: str | None = None,
) -> None:
    """Writes down how an attempt went."""
    parameters = {
        "workspace_id": tenant.workspace_id,
        "id": delivery_id,
        "status": status.value,
        "now": now,
        "response_status": response_status,
        "error": error,
    }
    async with tenant.transaction() as transaction:
        await transaction.execute(queries.note_attempt, parameters)


async def lock(transaction: Transaction, workspace_id: UUID, alert_id: UUID, delivery_id: UUID) -> Row | None:
    """Status and channel of a delivery about an alert, which stay until the transaction ends."""
    parameters = {"workspace_id": workspace_id, "alert_id": alert_id, "id": delivery_id}
    return await transaction.fetch_one(queries.lock, parameters)


async def send_again(transaction: Transaction, workspace_id: UUID, delivery_id: UUID) -> Delivery:
    """The delivery, which is pending once more."""
    row = await transaction.fetch_one(queries.send_again, {"workspace_id": workspace_id, "id": delivery_id})
    assert row is not None
    return _delivery(row)


async def forget(tenant: Tenant, before: datetime, most: int) -> int:
    """Deletes up to so many deliveries that were made before, and are over; how many it were."""
    parameters = {"workspace_id": tenant.workspace_id, "before": before, "most": most}
    async with tenant.transaction() as transaction:
        return len(await transaction.fetch(queries.forget, parameters))


def _delivery(row: Row) -> Delivery:
    return Delivery(**row | {"status": Status(row["status"])})
