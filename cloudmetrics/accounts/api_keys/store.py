"""API keys in PostgreSQL, and what is known of them in Redis."""

from __future__ import annotations

from collections.abc import Sequence
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
# What of an Identity is a set, and a list where it is kept.
SETS = ("scopes", "cors_origins")


async def create(transaction: Transaction, key: ApiKey, digest: bytes) -> None:
    """Adds a key, as the tenant that it belongs to."""
    await transaction.switch_tenant(key.workspace_id)
    await transaction.execute(queries.create, asdict(key) | {"scopes": sorted(key.scopes)})
    await transaction.execute(
        queries.register, {"digest": digest, "workspace_id": key.workspace_id, "key_id": key.id}
    )


async def find(database: Database, digests: Sequence[bytes]) -> Identity | None:
    """Whose key has one of these hashes, newest first: from PostgreSQL. Raises Unavailable.

    A key that has not the newest one yet is given it.
    """
    found = await database.read_directory(queries.find, {"digests": list(digests)})
    if not found:
        return None
    if found[0]["digest"] != digests[0]:
        async with database.transaction(found[0]["workspace_id"]) as transaction:
            await transaction.execute(queries.register_anew, found[0] | {"digest": digests[0]})
    rows = await database.read(found[0]["workspace_id"], queries.get_active, found[0])
    return Identity(**(rows[0] | {name: frozenset(rows[0][name]) for name in SETS})) if rows else None


async def recall(redis: Redis, digest: bytes) -> Identity | None:
    """Whose key has this hash, as far as Redis knows. It knows nothing while it is away."""
    # A record that another release wrote in another form is as good as none.
    with suppress(Unavailable, ValueError, TypeError, LookupError):
        record = await redis.get(_cache_key(digest))
        if record is not None:
            known = orjson.loads(record)
            for name in ("workspace_id", "key_id"):
                known[name] = UUID(known[name])
            for name in SETS:
                known[name] = frozenset(known[name])
            if known["expires_at"] is not None:
                known["expires_at"] = datetime.fromisoformat(known["expires_at"])
            return Identity(**known)
    return None


async def remember(redis: Redis, digest: bytes, identity: Identity) -> None:
    """Keeps an identity in Redis for a minute, if it can."""
    record = asdict(identity) | {name: sorted(getattr(identity, name)) for name in SETS}
    with suppress(Unavailable):
        await redis.set(_cache_key(digest), orjson.dumps(record), CACHE_SECONDS)


def _cache_key(digest: bytes) -> str:
    return f"credential:{digest.hex()}"
