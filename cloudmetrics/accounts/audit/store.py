"""The audit log in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

import orjson

from cloudmetrics.accounts.audit.models import Entry
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def record(transaction: Transaction, workspace_id: UUID, entry: Entry) -> None:
    """Adds an entry, as the tenant that the transaction works for."""
    row = asdict(entry) | {"workspace_id": workspace_id, "details": orjson.dumps(entry.details).decode()}
    await transaction.execute(queries.record, row)


ENTRIES = Collection(
    "audit-log",
    {
        "id": Column("entry_id", Kind.UUID),
        "recorded_at": Column("recorded_at", Kind.MOMENT),
        "action": Column("action"),
        "user_id": Column("user_id", Kind.UUID),
        "credential_id": Column("credential_id", Kind.UUID),
        "subject_id": Column("subject_id", Kind.UUID),
    },
    order="recorded_at:desc",
    also={"from": ("recorded_at", "gte"), "to": ("recorded_at", "lt")},
)


async def listed(tenant: Tenant, asked: Asked) -> list[Entry]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [Entry(**row) for row in await tenant.read(asked.statement(queries.list), parameters)]
