"""Browser sessions in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloudmetrics.accounts.people.models import User
from cloudmetrics.platform.database import NOBODY, Database, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def create(
    transaction: Transaction, digest: bytes, user_id: UUID, now: datetime, expires_at: datetime
) -> None:
    parameters = {"digest": digest, "user_id": user_id, "now": now, "expires_at": expires_at}
    await transaction.execute(queries.create, parameters)


async def forget_expired(database: Database, now: datetime) -> None:
    async with database.transaction(NOBODY) as transaction:
        await transaction.execute(queries.forget_expired, {"now": now})


async def find(database: Database, digests: list[bytes], now: datetime) -> User | None:
    rows = await database.read_directory(queries.find, {"digests": digests, "now": now})
    return User(**rows[0]) if rows else None


async def delete(database: Database, digests: list[bytes]) -> None:
    async with database.transaction(NOBODY) as transaction:
        await transaction.execute(queries.delete, {"digests": digests})
