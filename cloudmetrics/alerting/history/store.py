"""The history of rules in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

import orjson

from cloudmetrics.alerting.history.models import Event, Happening
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def record(transaction: Transaction, workspace_id: UUID, event: Event) -> None:
    """Adds an event, in the transaction that makes it true."""
    details = orjson.dumps(event.details).decode()
    await transaction.execute(
        queries.record, asdict(event) | {"workspace_id": workspace_id, "details": details}
    )


async def list_before(tenant: Tenant, alert_id: UUID, before: UUID, limit: int) -> list[Event]:
    parameters = {
        "workspace_id": tenant.workspace_id,
        "alert_id": alert_id,
        "before": before,
        "limit": limit,
    }
    rows = await tenant.read(queries.list_before, parameters)
    return [Event(**row | {"kind": Happening(row["kind"])}) for row in rows]
