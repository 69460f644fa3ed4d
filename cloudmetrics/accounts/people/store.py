"""People in PostgreSQL: directory tables, which belong to no tenant."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.people.models import Membership, User
from cloudmetrics.platform.caller import Role
from cloudmetrics.platform.database import Database, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Account:
    """A person with what they sign in by. `secret` is sealed, and None without a second factor."""

    user: User
    password_hash: str | None
    secret: bytes | None
    last_step: int | None


async def create(transaction: Transaction, user: User) -> bool:
    """Whether the address was free."""
    return await transaction.fetch_one(queries.create, asdict(user)) is not None


async def get(database: Database, user_id: UUID) -> User | None:
    rows = await database.read_directory(queries.get, {"user_id": user_id})
    return User(**rows[0]) if rows else None


async def get_in(transaction: Transaction, user_id: UUID) -> User:
    """The same within a transaction, of somebody who exists."""
    row = await transaction.fetch_one(queries.get, {"user_id": user_id})
    assert row is not None
    return User(**row)


async def find_account(
    database: Database, *, email: str | None = None, user_id: UUID | None = None
) -> Account | None:
    """The account of an address or of a person."""
    rows = await database.read_directory(queries.find_account, {"email": email, "user_id": user_id})
    if not rows:
        return None
    row = rows[0]
    user = User(row["id"], row["email"], row["created_at"], row["sessions_after"])
    return Account(user, row["password_hash"], row["secret"], row["last_step"])


async def rehash(transaction: Transaction, user_id: UUID, old_hash: str, new_hash: str) -> None:
    await transaction.execute(
        queries.rehash, {"user_id": user_id, "old_hash": old_hash, "new_hash": new_hash}
    )


async def set_password(transaction: Transaction, user_id: UUID, password_hash: str, now: datetime) -> User:
    row = await transaction.fetch_one(
        queries.set_password, {"user_id": user_id, "password_hash": password_hash, "now": now}
    )
    assert row is not None
    return User(**row)


async def create_token(transaction: Transaction, user_id: UUID, digest: bytes, expires_at: datetime) -> None:
    await transaction.execute(
        queries.create_token, {"digest": digest, "user_id": user_id, "expires_at": expires_at}
    )


async def peek_token(database: Database, digests: list[bytes], now: datetime) -> User | None:
    rows = await database.read_directory(queries.peek_token, {"digests": digests, "now": now})
    return User(**rows[0]) if rows else None


async def use_token(transaction: Transaction, digests: list[bytes], now: datetime) -> UUID | None:
    row = await transaction.fetch_one(queries.use_token, {"digests": digests, "now": now})
    return row["user_id"] if row else None


async def forget_tokens(transaction: Transaction, user_id: UUID, now: datetime) -> None:
    await transaction.execute(queries.forget_tokens, {"user_id": user_id, "now": now})


async def begin_factor(transaction: Transaction, user_id: UUID, secret: bytes) -> bool:
    """Whether no confirmed factor stood in the way."""
    return await _found(transaction, queries.begin_factor, user_id=user_id, secret=secret)


async def has_factor(database: Database, user_id: UUID) -> bool:
    return bool(await database.read_directory(queries.has_factor, {"user_id": user_id}))


async def pending_factor(transaction: Transaction, user_id: UUID) -> bytes | None:
    row = await transaction.fetch_one(queries.pending_factor, {"user_id": user_id})
    return row["secret"] if row else None


async def confirm_factor(
    transaction: Transaction, user_id: UUID, step: int, codes: list[bytes], now: datetime
) -> None:
    await transaction.execute(queries.confirm_factor, {"user_id": user_id, "step": step, "now": now})
    for digest in codes:
        await transaction.execute(queries.add_recovery_code, {"user_id": user_id, "digest": digest})


async def use_step(transaction: Transaction, user_id: UUID, step: int) -> bool:
    """Whether no code of this or a later moment was accepted before."""
    return await _found(transaction, queries.use_step, user_id=user_id, step=step)


async def use_recovery_code(transaction: Transaction, user_id: UUID, digests: list[bytes]) -> bool:
    return await _found(transaction, queries.use_recovery_code, user_id=user_id, digests=digests)


async def remove_factor(transaction: Transaction, user_id: UUID) -> bool:
    return await _found(transaction, queries.remove_factor, user_id=user_id)


async def workspaces_of(database: Database, user_id: UUID) -> list[UUID]:
    rows = await database.read_directory(queries.workspaces_of, {"user_id": user_id})
    return [row["workspace_id"] for row in rows]


async def workspaces_in(transaction: Transaction, user_id: UUID) -> list[UUID]:
    rows = await transaction.fetch(queries.workspaces_of, {"user_id": user_id})
    return [row["workspace_id"] for row in rows]


async def membership(database: Database, workspace_id: UUID, user_id: UUID) -> Membership | None:
    rows = await database.read(
        workspace_id, queries.membership, {"workspace_id": workspace_id, "user_id": user_id}
    )
    return Membership(**rows[0]) if rows else None


async def join(
    transaction: Transaction, workspace_id: UUID, user_id: UUID, role: Role, now: datetime
) -> bool:
    """Whether the person was no member yet."""
    parameters = {"workspace_id": workspace_id, "user_id": user_id, "role": role, "created_at": now}
    await transaction.execute(queries.join_directory, parameters)
    return await transaction.fetch_one(queries.join, parameters) is not None


async def _found(transaction: Transaction, statement: str, **parameters: Any) -> bool:
    return await transaction.fetch_one(statement, parameters) is not None
