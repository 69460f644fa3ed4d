"""Channels in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from uuid import UUID

from cloudmetrics.alerting.channels.models import Channel, Kind
from cloudmetrics.platform.collections import Asked, Collection, Column
from cloudmetrics.platform.collections import Kind as ColumnKind
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


CHANNELS = Collection(
    "alert channels",
    {
        "id": Column("channel_id", ColumnKind.UUID),
        "kind": Column("kind"),
        "name": Column("name"),
        "created_at": Column("created_at", ColumnKind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked) -> list[Channel]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [_channel(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, channel_id: UUID) -> tuple[Channel, bytes] | None:
    """A channel, and where it leads, sealed."""
    rows = await tenant.read(queries.get, {"workspace_id": tenant.workspace_id, "id": channel_id})
    if not rows:
        return None
    sealed = bytes(rows[0].pop("sealed"))
    return _channel(rows[0]), sealed


async def count(transaction: Transaction, workspace_id: UUID) -> int:
    """How many channels there are. It waits for other creations."""
    of = {"workspace_id": workspace_id}
    await transaction.execute(queries.turns, of)
    row = await transaction.fetch_one(queries.count, of)
    assert row is not None
    channels: int = row["channels"]
    return channels


async def create(transaction: Transaction, workspace_id: UUID, channel: Channel, sealed: bytes) -> None:
    await transaction.execute(
        queries.create, asdict(channel) | {"workspace_id": workspace_id, "sealed": sealed}
    )


async def hold(transaction: Transaction, workspace_id: UUID, channel_ids: Iterable[UUID]) -> list[Row]:
    """Id, kind and destination of those that are there, which stay until the transaction ends."""
    return await transaction.fetch(queries.hold, {"workspace_id": workspace_id, "ids": list(channel_ids)})


async def lock(transaction: Transaction, workspace_id: UUID, channel_id: UUID) -> Channel | None:
    row = await transaction.fetch_one(queries.lock, {"workspace_id": workspace_id, "id": channel_id})
    return _channel(row) if row else None


async def users(transaction: Transaction, workspace_id: UUID, channel_id: UUID) -> int:
    row = await transaction.fetch_one(queries.users, {"workspace_id": workspace_id, "id": channel_id})
    assert row is not None
    alerts: int = row["alerts"]
    return alerts


async def delete(transaction: Transaction, workspace_id: UUID, channel_id: UUID) -> None:
    await transaction.execute(queries.delete, {"workspace_id": workspace_id, "id": channel_id})


async def is_member(tenant: Tenant, email: str) -> bool:
    rows = await tenant.read(queries.is_member, {"workspace_id": tenant.workspace_id, "email": email})
    return bool(rows[0]["found"])


def _channel(row: Row) -> Channel:
    return Channel(**row | {"kind": Kind(row["kind"])})
