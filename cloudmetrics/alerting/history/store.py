"""The history of rules in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson

from cloudmetrics.alerting.history.models import Event, Happening
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def record(transaction: Transaction, workspace_id: UUID, event: Event) -> None:
    """Adds an event, in the transaction that makes it true."""
    details = orjson.dumps(event.details).decode()
    await transaction.execute(
        queries.record, asdict(event) | {"workspace_id": workspace_id, "details": details}
    )


HISTORY = Collection(
    "alert history",
    {
        "id": Column("event_id", Kind.UUID),
        "kind": Column("kind"),
        "occurred_at": Column("occurred_at", Kind.MOMENT),
    },
    order="id:desc",
)


async def listed(tenant: Tenant, alert_id: UUID, asked: Asked) -> list[Event]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id, "alert_id": alert_id}
    rows = await tenant.read(asked.statement(queries.list), parameters)
    return [Event(**row | {"kind": Happening(row["kind"])}) for row in rows]


async def forget(tenant: Tenant, before: datetime, most: int) -> int:
    """Deletes up to so many events that happened before; how many it were."""
    parameters = {"workspace_id": tenant.workspace_id, "before": before, "most": most}
    async with tenant.transaction() as transaction:
        return len(await transaction.fetch(queries.forget, parameters))
