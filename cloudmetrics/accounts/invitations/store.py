"""Invitations in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.invitations.models import Invitation, Offer
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def create(transaction: Transaction, workspace_id: UUID, invitation: Invitation) -> bool:
    """Whether no other one for the address stood in the way."""
    parameters = asdict(invitation) | {"workspace_id": workspace_id, "now": invitation.created_at}
    await transaction.execute(queries.clear_expired, parameters)
    return await transaction.fetch_one(queries.create, parameters) is not None


INVITATIONS = Collection(
    "invitations",
    {
        "id": Column("invitation_id", Kind.UUID),
        "email": Column("email", lower=True),
        "role": Column("role"),
        "status": Column(states={"PENDING": "expires_at > %(now)s", "EXPIRED": "expires_at <= %(now)s"}),
        "created_at": Column("created_at", Kind.MOMENT),
        "expires_at": Column("expires_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked, now: datetime) -> list[Invitation]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id, "now": now}
    return [Invitation(**row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, invitation_id: UUID) -> Invitation | None:
    rows = await tenant.read(queries.get, _at(tenant.workspace_id, invitation_id))
    return Invitation(**rows[0]) if rows else None


async def lock(transaction: Transaction, workspace_id: UUID, invitation_id: UUID) -> Invitation | None:
    row = await transaction.fetch_one(queries.lock, _at(workspace_id, invitation_id))
    return Invitation(**row) if row else None


async def extend(
    transaction: Transaction, workspace_id: UUID, invitation_id: UUID, expires_at: datetime
) -> None:
    await transaction.execute(queries.extend, _at(workspace_id, invitation_id) | {"expires_at": expires_at})


async def remove(transaction: Transaction, workspace_id: UUID, invitation_id: UUID) -> bool:
    """Whether there was such an invitation. Its links lead nowhere from now on."""
    parameters = _at(workspace_id, invitation_id)
    await transaction.execute(queries.forget_tokens, parameters)
    return await transaction.fetch_one(queries.remove, parameters) is not None


async def replace_token(
    transaction: Transaction, workspace_id: UUID, invitation_id: UUID, digest: bytes
) -> None:
    parameters = _at(workspace_id, invitation_id)
    await transaction.execute(queries.forget_tokens, parameters)
    await transaction.execute(queries.add_token, parameters | {"digest": digest})


async def find_token(database: Database, digests: list[bytes]) -> tuple[UUID, UUID] | None:
    """The workspace and the invitation that a link leads to."""
    rows = await database.read_directory(queries.find_token, {"digests": digests})
    return (rows[0]["workspace_id"], rows[0]["invitation_id"]) if rows else None


async def offer(database: Database, workspace_id: UUID, invitation_id: UUID, now: datetime) -> Offer | None:
    rows = await database.read(workspace_id, queries.offer, _at(workspace_id, invitation_id) | {"now": now})
    return Offer(**rows[0]) if rows else None


def _at(workspace_id: UUID, invitation_id: UUID) -> dict[str, Any]:
    return {"workspace_id": workspace_id, "invitation_id": invitation_id}
