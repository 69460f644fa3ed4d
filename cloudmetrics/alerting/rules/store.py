"""Rules in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.alerting.rules.models import Rule, Terms
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

LISTED = queries.rules.format(chosen="{where} ORDER BY {order} LIMIT %(limit)s")
ONE = queries.rules.format(chosen="alert.alert_id = %(id)s")
# Evaluations lock states in the order of the ids, and so do not wait for each other in circles.
LOCKED = queries.rules.format(
    chosen="alert.alert_id = ANY(%(ids)s) ORDER BY alert.alert_id FOR UPDATE OF state"
)
ENABLED = queries.rules.format(chosen="alert.enabled ORDER BY alert.alert_id")


ALERTS = Collection(
    "alerts",
    {
        "id": Column("alert.alert_id", Kind.UUID),
        "status": Column(queries.status),
        "kind": Column("(alert.condition ->> 'kind')"),
        "enabled": Column("alert.enabled", Kind.BOOLEAN),
        "name": Column("alert.name"),
        "created_at": Column("alert.created_at", Kind.MOMENT),
        "updated_at": Column("alert.updated_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked) -> list[Rule]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [Rule.from_row(row) for row in await tenant.read(asked.statement(LISTED), parameters)]


async def enabled(tenant: Tenant) -> list[Rule]:
    """All rules that are evaluated."""
    return [Rule.from_row(row) for row in await tenant.read(ENABLED, {"workspace_id": tenant.workspace_id})]


async def get(tenant: Tenant, alert_id: UUID) -> Rule | None:
    rows = await tenant.read(ONE, {"workspace_id": tenant.workspace_id, "id": alert_id})
    return Rule.from_row(rows[0]) if rows else None


async def lock(transaction: Transaction, workspace_id: UUID, alert_ids: list[UUID]) -> list[Rule]:
    """These rules as they are now, which nobody else changes until the transaction ends."""
    rows = await transaction.fetch(LOCKED, {"workspace_id": workspace_id, "ids": alert_ids})
    return [Rule.from_row(row) for row in rows]


async def announce(transaction: Transaction, workspace_id: UUID, now: datetime) -> None:
    """Lets evaluations find the workspace, and whoever else looks after alerts."""
    await transaction.execute(queries.announce, {"workspace_id": workspace_id, "now": now})


async def count(transaction: Transaction, workspace_id: UUID) -> int:
    """How many rules there are."""
    row = await transaction.fetch_one(queries.count, {"workspace_id": workspace_id})
    assert row is not None
    alerts: int = row["alerts"]
    return alerts


async def create(
    transaction: Transaction, workspace_id: UUID, alert_id: UUID, terms: Terms, now: datetime
) -> None:
    parameters = _columns(workspace_id, alert_id, terms) | {"now": now}
    await transaction.execute(queries.create, parameters)
    await transaction.execute(queries.create_state, parameters)


async def update(
    transaction: Transaction, workspace_id: UUID, alert_id: UUID, terms: Terms, now: datetime
) -> None:
    await transaction.execute(queries.update, _columns(workspace_id, alert_id, terms) | {"now": now})


async def reset_state(transaction: Transaction, workspace_id: UUID, alert_id: UUID) -> None:
    await transaction.execute(queries.reset_state, _at(workspace_id, alert_id))


async def mute(transaction: Transaction, workspace_id: UUID, alert_id: UUID, until: datetime | None) -> None:
    await transaction.execute(queries.mute, _at(workspace_id, alert_id) | {"until": until})


async def acknowledge(
    transaction: Transaction, workspace_id: UUID, alert_id: UUID, by: dict[str, Any], now: datetime
) -> None:
    more = {"by": orjson.dumps(by).decode(), "now": now}
    await transaction.execute(queries.acknowledge, _at(workspace_id, alert_id) | more)


async def delete(transaction: Transaction, workspace_id: UUID, alert_id: UUID) -> Row | None:
    return await transaction.fetch_one(queries.delete, _at(workspace_id, alert_id))


def _at(workspace_id: UUID, alert_id: UUID) -> dict[str, Any]:
    return {"workspace_id": workspace_id, "id": alert_id}


def _columns(workspace_id: UUID, alert_id: UUID, terms: Terms) -> dict[str, Any]:
    columns = terms.to_json() | {
        "condition": orjson.dumps(terms.condition).decode(),
        "channel_ids": list(terms.channel_ids),
    }
    return columns | _at(workspace_id, alert_id)
