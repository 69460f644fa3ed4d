"""Kept answers in PostgreSQL, in the transaction of the write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from cloudmetrics.gateway.exchanges.models import Claim
from cloudmetrics.platform.database import NOBODY, Database, Tenant, Transaction
from cloudmetrics.platform.errors import Overtaken
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def lock(transaction: Transaction, claim: Claim) -> bool:
    """Whether the key is ours until the transaction ends."""
    row = await transaction.fetch_one(queries.lock, {"lock": claim.lock})
    return row is not None and row["is_free"]


async def find(transaction: Transaction, claim: Claim) -> bytes | None:
    """The answer that was kept under the key, sealed."""
    row = await transaction.fetch_one(queries.find, _at(claim))
    return row["answer"] if row else None


async def keep(transaction: Transaction, claim: Claim, answer: bytes, now: datetime) -> None:
    """Raises Overtaken where an answer is kept under the key already."""
    try:
        await transaction.execute(queries.keep, _at(claim) | {"answer": answer, "now": now})
    except psycopg.errors.UniqueViolation:
        raise Overtaken("Another request with the same key was faster.") from None


async def forget(database: Database, before: datetime, most: int) -> int:
    """Deletes up to so many answers that were given before; how many it were."""
    async with database.transaction(NOBODY) as transaction:
        return len(await transaction.fetch(queries.forget, {"before": before, "most": most}))


async def version(tenant: Tenant) -> str | None:
    """The version of a workspace, events aside; None where it may change without another version."""
    ((found,),) = await tenant.read_tuples(queries.version, {"workspace_id": tenant.workspace_id})
    return str(found) if found is not None else None


def _at(claim: Claim) -> dict[str, Any]:
    return {
        "workspace_id": claim.workspace_id,
        "holder_id": claim.holder_id,
        "digest": claim.digest,
    }
