"""API keys in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.api_keys.models import ApiKey, Identity
from cloudmetrics.accounts.networks import parsed
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Database, Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def create(transaction: Transaction, key: ApiKey, digest: bytes) -> None:
    """Adds a key, as the tenant that it belongs to."""
    await transaction.switch_tenant(key.workspace_id)
    await transaction.execute(queries.create, _columns(key))
    await transaction.execute(
        queries.register, {"digest": digest, "workspace_id": key.workspace_id, "key_id": key.id}
    )


async def owner_of(database: Database, digests: Sequence[bytes]) -> tuple[UUID, UUID] | None:
    """The workspace and the id of the key with one of these hashes, newest first, while it is not revoked.

    A key that has not the newest one yet is given it.
    """
    rows = await database.read_directory(queries.find, {"digests": list(digests)})
    if not rows:
        return None
    found = rows[0]
    if found["digest"] != digests[0]:
        async with database.transaction(found["workspace_id"]) as transaction:
            await transaction.execute(queries.register_anew, found | {"digest": digests[0]})
    return found["workspace_id"], found["key_id"]


async def find(database: Database, digests: Sequence[bytes]) -> Identity | None:
    """Whose key has one of these hashes. Raises Unavailable."""
    owner = await owner_of(database, digests)
    if owner is None:
        return None
    rows = await database.read(owner[0], queries.get_active, {"workspace_id": owner[0], "key_id": owner[1]})
    if not rows:
        return None
    row = rows[0]
    return Identity(
        workspace_id=row["workspace_id"],
        key_id=row["key_id"],
        scopes=frozenset(row["scopes"]),
        plan=row["plan"],
        limits=row["limits"],
        cors_origins=frozenset(row["cors_origins"]),
        expires_at=row["expires_at"],
        networks=(parsed(row["key_networks"]), parsed(row["workspace_networks"])),
        is_sandbox=row["is_sandbox"],
    )


STATES = {
    "ACTIVE": "revoked_at IS NULL AND coalesce(expires_at, 'infinity') > %(now)s",
    "EXPIRED": "revoked_at IS NULL AND coalesce(expires_at, 'infinity') <= %(now)s",
    "REVOKED": "revoked_at IS NOT NULL",
}
KEYS = Collection(
    "api-keys",
    {
        "id": Column("key_id", Kind.UUID),
        "name": Column("name"),
        "status": Column(states=STATES),
        "created_at": Column("created_at", Kind.MOMENT),
        "expires_at": Column("expires_at", Kind.MOMENT, nullable=True),
        "last_used_at": Column("last_used_at", Kind.MOMENT, nullable=True),
    },
)


async def listed(tenant: Tenant, asked: Asked, now: datetime) -> list[ApiKey]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id, "now": now}
    return [_key(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, key_id: UUID) -> ApiKey | None:
    rows = await tenant.read(queries.get, {"workspace_id": tenant.workspace_id, "key_id": key_id})
    return _key(rows[0]) if rows else None


async def lock(transaction: Transaction, workspace_id: UUID, key_id: UUID) -> ApiKey | None:
    row = await transaction.fetch_one(queries.lock, {"workspace_id": workspace_id, "key_id": key_id})
    return _key(row) if row else None


async def update(transaction: Transaction, key: ApiKey) -> None:
    """Stores what may change of a key. A revoked one is unregistered."""
    await transaction.execute(queries.update, _columns(key))
    if key.revoked_at is not None:
        await transaction.execute(queries.unregister, {"workspace_id": key.workspace_id, "key_id": key.id})


async def touch(database: Database, workspace_id: UUID, used: Mapping[UUID, datetime]) -> None:
    """Stores when keys of one workspace were last used."""
    # In one order everywhere, so that two processes never wait for each other.
    key_ids = sorted(used)
    parameters = {
        "workspace_id": workspace_id,
        "key_ids": key_ids,
        "moments": [used[key_id] for key_id in key_ids],
    }
    async with database.transaction(workspace_id) as transaction:
        await transaction.execute(queries.touch, parameters)


def _columns(key: ApiKey) -> dict[str, Any]:
    return asdict(key) | {"scopes": sorted(key.scopes), "allowed_networks": list(key.allowed_networks)}


def _key(row: Row) -> ApiKey:
    sets = {"scopes": frozenset(row["scopes"]), "allowed_networks": tuple(row["allowed_networks"])}
    return ApiKey(**(row | sets))
