"""OAuth clients in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.oauth_clients.models import Client
from cloudmetrics.platform.collections import Asked, Collection, Column, Kind
from cloudmetrics.platform.database import Database, Row, Tenant, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

LISTS = ("grant_types", "redirect_uris", "scopes")


async def create(transaction: Transaction, client: Client, secret_digest: bytes | None) -> None:
    columns = asdict(client) | {"secret_digest": secret_digest}
    await transaction.execute(queries.create, columns | _lists(columns))


CLIENTS = Collection(
    "oauth-clients",
    {
        "id": Column("client_id", Kind.UUID),
        "name": Column("name"),
        "kind": Column("kind"),
        "created_at": Column("created_at", Kind.MOMENT),
        "updated_at": Column("updated_at", Kind.MOMENT),
    },
)


async def listed(tenant: Tenant, asked: Asked) -> list[Client]:
    parameters = asked.parameters | {"workspace_id": tenant.workspace_id}
    return [_client(row) for row in await tenant.read(asked.statement(queries.list), parameters)]


async def get(tenant: Tenant, client_id: UUID) -> Client | None:
    rows = await tenant.read(queries.get, _at(tenant, client_id))
    return _client(rows[0]) if rows else None


async def lock(transaction: Transaction, workspace_id: UUID, client_id: UUID) -> Client | None:
    """The client, which nobody else changes until the transaction ends."""
    row = await transaction.fetch_one(queries.lock, {"workspace_id": workspace_id, "client_id": client_id})
    return _client(row) if row else None


async def update(transaction: Transaction, client: Client) -> None:
    """Stores what may change of a client."""
    columns = asdict(client)
    await transaction.execute(queries.update, columns | _lists(columns))


async def rotate_secret(
    transaction: Transaction, client: Client, digest: bytes, previous_until: datetime, now: datetime
) -> None:
    """Puts a new secret in the place of the old one, which goes on until then."""
    at = {"workspace_id": client.workspace_id, "client_id": client.id}
    parameters = {"secret_digest": digest, "previous_until": previous_until, "now": now}
    await transaction.execute(queries.rotate_secret, at | parameters)


async def delete(transaction: Transaction, client: Client, now: datetime) -> None:
    at = {"workspace_id": client.workspace_id, "client_id": client.id}
    await transaction.execute(queries.delete, at | {"now": now})


async def find(database: Database, client_id: UUID) -> Client | None:
    """A client of any workspace."""
    rows = await database.read_directory(queries.find, {"client_id": client_id})
    return _client(rows[0]) if rows else None


async def has_secret(database: Database, client: Client, digests: list[bytes], now: datetime) -> bool:
    """Whether one of these hashes, newest first, is that of the secret or of one that goes on for a while.

    A secret that has not the newest hash yet is given it.
    """
    parameters = {"client_id": client.id, "digests": digests, "now": now}
    found = await database.read_directory(queries.has_secret, parameters)
    if found and found[0]["secret_digest"] in digests[1:]:
        renewed = {"workspace_id": client.workspace_id, "client_id": client.id, "newest": digests[0]}
        async with database.transaction(client.workspace_id) as transaction:
            await transaction.execute(queries.renew_digest, renewed | {"digests": digests})
    return bool(found)


def _client(row: Row) -> Client:
    lists = {"grant_types": tuple(row["grant_types"]), "redirect_uris": tuple(row["redirect_uris"])}
    return Client(**(row | lists | {"scopes": frozenset(row["scopes"])}))


def _lists(fields: dict[str, Any]) -> dict[str, list[str]]:
    return {name: sorted(fields[name]) if name == "scopes" else list(fields[name]) for name in LISTS}


def _at(tenant: Tenant, client_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "client_id": client_id}
