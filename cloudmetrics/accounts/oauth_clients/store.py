"""OAuth clients in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.oauth_clients.models import Client
from cloudmetrics.platform.database import Database, Row, Tenant
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

LISTS = ("grant_types", "redirect_uris", "scopes")


async def create(tenant: Tenant, client: Client, secret_digest: bytes | None) -> None:
    columns = asdict(client) | {"secret_digest": secret_digest}
    async with tenant.transaction() as transaction:
        await transaction.execute(queries.create, columns | _lists(columns))


async def list_after(tenant: Tenant, after: UUID, limit: int) -> list[Client]:
    parameters = {"workspace_id": tenant.workspace_id, "after": after, "limit": limit}
    return [_client(row) for row in await tenant.read(queries.list_after, parameters)]


async def get(tenant: Tenant, client_id: UUID) -> Client | None:
    rows = await tenant.read(queries.get, _at(tenant, client_id))
    return _client(rows[0]) if rows else None


async def update(tenant: Tenant, client_id: UUID, fields: dict[str, Any], now: datetime) -> Client | None:
    parameters = fields | _lists(fields) | _at(tenant, client_id) | {"now": now}
    return await _changed(tenant, queries.update, parameters)


async def rotate_secret(
    tenant: Tenant, client_id: UUID, digest: bytes, previous_until: datetime, now: datetime
) -> Client | None:
    parameters = {"secret_digest": digest, "previous_until": previous_until, "now": now}
    return await _changed(tenant, queries.rotate_secret, parameters | _at(tenant, client_id))


async def delete(tenant: Tenant, client_id: UUID, now: datetime) -> bool:
    """Whether there was such a client."""
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(queries.delete, _at(tenant, client_id) | {"now": now})
    return row is not None


async def find(database: Database, client_id: UUID) -> Client | None:
    """A client of any workspace."""
    rows = await database.read_directory(queries.find, {"client_id": client_id})
    return _client(rows[0]) if rows else None


async def has_secret(database: Database, client_id: UUID, digest: bytes, now: datetime) -> bool:
    parameters = {"client_id": client_id, "digest": digest, "now": now}
    return bool(await database.read_directory(queries.has_secret, parameters))


async def _changed(tenant: Tenant, statement: str, parameters: dict[str, Any]) -> Client | None:
    async with tenant.transaction() as transaction:
        row = await transaction.fetch_one(statement, parameters)
    return _client(row) if row else None


def _client(row: Row) -> Client:
    lists = {"grant_types": tuple(row["grant_types"]), "redirect_uris": tuple(row["redirect_uris"])}
    return Client(**(row | lists | {"scopes": frozenset(row["scopes"])}))


def _lists(fields: dict[str, Any]) -> dict[str, list[str]]:
    return {name: sorted(fields[name]) if name == "scopes" else list(fields[name]) for name in LISTS}


def _at(tenant: Tenant, client_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "client_id": client_id}
