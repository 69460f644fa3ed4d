"""Codes, grants and tokens in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.oauth.models import Allowed, Code, Consent, RefreshToken, Standing
from cloudmetrics.platform.database import NOBODY, Database, Row, Transaction
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


async def add_code(transaction: Transaction, code: Code, expires_at: datetime) -> None:
    fields = {"redirect_uri": code.redirect_uri, "challenge": code.challenge, "expires_at": expires_at}
    ids = {"digest": code.digest, "grant_id": code.grant_id}
    await transaction.execute(queries.add_code, fields | ids | _columns(code.consent))


async def find_code(
    database: Database, digests: list[bytes], now: datetime
) -> tuple[Code, bool, bool] | None:
    """The code of one of the hashes, whether it was used, and whether it is too old."""
    rows = await database.read_directory(queries.find_code, {"digests": digests, "now": now})
    if not rows:
        return None
    row = rows[0]
    code = Code(row["digest"], row["grant_id"], _consent(row), row["redirect_uri"], row["challenge"])
    return code, row["used"], row["expired"]


async def redeem_code(
    database: Database, code: Code, refresh_digest: bytes, expires_at: datetime, now: datetime
) -> bool:
    """Turns a code into a grant with its first refresh token. False where somebody else was faster."""
    async with database.transaction(NOBODY) as transaction:
        if await transaction.fetch_one(queries.use_code, {"digest": code.digest, "now": now}) is None:
            return False
        grant = {"grant_id": code.grant_id, "now": now} | _columns(code.consent)
        await transaction.execute(queries.add_grant, grant)
        await _add_refresh_token(transaction, code.grant_id, refresh_digest, expires_at)
    return True


async def find_refresh_token(
    database: Database, digests: list[bytes], now: datetime
) -> tuple[RefreshToken, bool, bool] | None:
    """The refresh token of one of the hashes, whether it was used, and whether it is worth nothing now."""
    rows = await database.read_directory(queries.find_refresh_token, {"digests": digests, "now": now})
    if not rows:
        return None
    row = rows[0]
    return RefreshToken(row["digest"], row["grant_id"], _consent(row)), row["used"], row["expired"]


async def rotate(
    database: Database, token: RefreshToken, digest: bytes, expires_at: datetime, now: datetime
) -> bool:
    """Puts a new refresh token in the place of an old one. False where that was used or revoked meanwhile."""
    at = {"grant_id": token.grant_id, "now": now}
    async with database.transaction(NOBODY) as transaction:
        if await transaction.fetch_one(queries.touch_grant, at) is None:
            return False
        if (
            await transaction.fetch_one(queries.use_refresh_token, {"digest": token.digest, "now": now})
            is None
        ):
            return False
        await _add_refresh_token(transaction, token.grant_id, digest, expires_at)
    return True


async def workspaces_of(database: Database, grant_id: UUID) -> frozenset[UUID]:
    rows = await database.read_directory(queries.workspaces_of, {"grant_id": grant_id})
    return frozenset(rows[0]["workspace_ids"]) if rows else frozenset()


async def extend_grant(transaction: Transaction, grant_id: UUID, workspace_id: UUID) -> None:
    await transaction.execute(queries.extend_grant, {"grant_id": grant_id, "workspace_id": workspace_id})


async def revoke_grant(
    transaction: Transaction, grant_id: UUID, now: datetime, user_id: UUID | None = None
) -> Consent | None:
    """What was allowed until now; None where it was revoked before, or is not this person's."""
    parameters = {"grant_id": grant_id, "user_id": user_id, "now": now}
    row = await transaction.fetch_one(queries.revoke_grant, parameters)
    return _consent(row) if row else None


async def list_of_user(database: Database, user_id: UUID, now: datetime) -> list[Allowed]:
    rows = await database.read_directory(queries.list_of_user, {"user_id": user_id, "now": now})
    return [Allowed(**(row | {"scopes": frozenset(row["scopes"])})) for row in rows]


async def revoke_token(transaction: Transaction, token_id: UUID, expires_at: datetime) -> None:
    await transaction.execute(queries.revoke_token, {"token_id": token_id, "expires_at": expires_at})


async def forget_expired(database: Database, now: datetime) -> None:
    """Removes what is worth nothing any more, and is not needed to recognise a second use."""
    async with database.transaction(NOBODY) as transaction:
        for statement in (
            queries.forget_codes,
            queries.forget_refresh_tokens,
            queries.forget_grants,
            queries.forget_revoked_tokens,
        ):
            await transaction.execute(statement, {"now": now})


async def standing_of_grant(
    database: Database, workspace_id: UUID, grant_id: UUID, token_id: UUID
) -> Standing | None:
    """What stands behind a person's token in one workspace; None where nothing does any more."""
    parameters = {"workspace_id": workspace_id, "grant_id": grant_id, "token_id": token_id}
    rows = await database.read(workspace_id, queries.standing_of_grant, parameters)
    return Standing.of_row(rows[0]) if rows else None


async def standing_of_consent(database: Database, workspace_id: UUID, consent: Consent) -> Standing | None:
    """What stands behind a consent in one workspace; None where nothing does."""
    parameters = {
        "workspace_id": workspace_id,
        "user_id": consent.user_id,
        "client_id": consent.client_id,
    }
    rows = await database.read(workspace_id, queries.standing_of_consent, parameters)
    return Standing.of_row(rows[0]) if rows else None


async def standing_of_client(
    database: Database, workspace_id: UUID, client_id: UUID, token_id: UUID
) -> Standing | None:
    """What stands behind a client's own token; None where nothing does any more."""
    parameters = {"workspace_id": workspace_id, "client_id": client_id, "token_id": token_id}
    rows = await database.read(workspace_id, queries.standing_of_client, parameters)
    return Standing.of_row(rows[0]) if rows else None


async def standing_of_member(database: Database, workspace_id: UUID, user_id: UUID) -> Standing | None:
    """What a person is in one workspace; None where they are nothing."""
    parameters = {"workspace_id": workspace_id, "user_id": user_id}
    rows = await database.read(workspace_id, queries.standing_of_member, parameters)
    return Standing.of_row(rows[0]) if rows else None


async def _add_refresh_token(
    transaction: Transaction, grant_id: UUID, digest: bytes, expires_at: datetime
) -> None:
    parameters = {"digest": digest, "grant_id": grant_id, "expires_at": expires_at}
    await transaction.execute(queries.add_refresh_token, parameters)


def _consent(row: Row) -> Consent:
    return Consent(row["client_id"], row["user_id"], tuple(row["workspace_ids"]), frozenset(row["scopes"]))


def _columns(consent: Consent) -> dict[str, Any]:
    return {
        "client_id": consent.client_id,
        "user_id": consent.user_id,
        "workspace_ids": list(consent.workspace_ids),
        "scopes": sorted(consent.scopes),
    }
