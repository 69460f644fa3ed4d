"""API keys in PostgreSQL, and what is known of them in Redis."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson

from cloudmetrics.accounts.api_keys.models import ApiKey, Identity
from cloudmetrics.platform.database import Database, Transaction
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

CACHE_SECONDS = 60


async def create(transaction: Transaction, key: ApiKey, digest: bytes) -> None:
    """Adds a key, as the tenant that it belongs to."""
    await transaction.switch_tenant(key.workspace_id)
    await transaction.execute(queries.create, asdict(key) | {"scopes": sorted(key.scopes)})
    await transaction.execute(
        queries.register, {"digest": digest, "workspace_id": key.workspace_id, "key_id": key.id}
    )


async def find(database: Database, digest: bytes) -> Identity | None:
    """Whose key has this hash: from PostgreSQL. Raises Unavailable."""
    found = await database.read_directory(queries.find, {"digest": digest})
    if not found:
        return None
    rows = await database.read(found[0]["workspace_id"], queries.get_active, found[0])
    return Identity(**(rows[0] | {"scopes": frozenset(rows[0]["scopes"])})) if rows else None


async def recall(redis: Redis, digest: bytes) -> Identity | None:
    """Whose key has this hash, as far as Redis knows. It knows nothing while it is away."""
    # A record that another release wrote in another form is as good as none.
    with suppress(Unavailable, ValueError):
        record = await redis.get(_cache_key(digest))
        if record is not None:
            workspace_id, key_id, scopes, plan, limits, expires_at = orjson.loads(record)
            expiry = datetime.fromisoformat(expires_at) if expires_at else None
            return Identity(UUID(workspace_id), UUID(key_id), frozenset(scopes), plan, limits, expiry)
    return None


async def remember(redis: Redis, digest: bytes, identity: Identity) -> None:
    """Keeps an identity in Redis for a minute, if it can."""
    record = [
        identity.workspace_id,
        identity.key_id,
        sorted(identity.scopes),
        identity.plan,
        identity.limits,
        identity.expires_at,
    ]
    with suppress(Unavailable):
        await redis.set(_cache_key(digest), orjson.dumps(record), CACHE_SECONDS)


def _cache_key(digest: bytes) -> str:
    return f"credential:{digest.hex()}"
