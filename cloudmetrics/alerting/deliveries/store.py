"""Deliveries in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson

from cloudmetrics.alerting.deliveries.models import Delivery, Status
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def create(transaction: Transaction, workspace_id: UUID, delivery: Delivery) -> None:
    message = orjson.dumps(delivery.message).decode()
    await transaction.execute(
        queries.create, asdict(delivery) | {"workspace_id": workspace_id, "message": message}
    )


async def get(tenant: Tenant, delivery_id: UUID) -> Delivery | None:
    rows = await tenant.read(queries.get, {"workspace_id": tenant.workspace_id, "id": delivery_id})
    return _delivery(rows[0]) if rows else None


async def list_before(tenant: Tenant, alert_id: UUID, before: UUID, limit: int) -> list[Delivery]:
    parameters = {
        "workspace_id": tenant.workspace_id,
        "alert_id": alert_id,
        "before": before,
        "limit": limit,
    }
    return [_delivery(row) for row in await tenant.read(queries.list_before, parameters)]


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


def _delivery(row: Row) -> Delivery:
    return Delivery(**row | {"status": Status(row["status"])})
