"""What can be done with OAuth clients."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.api_keys.models import ScopeNotHeld
from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.oauth_clients import store
from cloudmetrics.accounts.oauth_clients.models import (
    Client,
    ClientHasNoSecret,
    ClientWithSecret,
    GrantType,
    InvalidClient,
    Kind,
)
from cloudmetrics.accounts.oauth_clients.redirects import UnfitRedirect, require_redirect
from cloudmetrics.accounts.scopes import expand, require_scopes
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.signing import Keyring

SECRET_PREFIX = "cm_secret_"  # noqa: S105


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Client]:
    """The clients that a query asks for, oldest first unless it says otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    asked = store.CLIENTS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def get(caller: Caller, client_id: UUID) -> Client:
    """Raises NotFound."""
    client = await store.get(caller.tenant, client_id)
    if client is None:
        raise NotFound("OAuth client")
    return client


async def create(
    caller: Caller,
    *,
    name: str,
    kind: Kind,
    grant_types: Sequence[GrantType],
    scopes: Sequence[str],
    redirect_uris: Sequence[str] = (),
) -> ClientWithSecret:
    """Registers a client. Its secret is in what this returns, and never seen again.

    Raises InvalidClient, UnknownScope, ScopeNotHeld.
    """
    wanted = require_scopes(scopes)
    _require_held(caller, wanted)
    _require_sound(kind, grant_types, redirect_uris)
    now, home = clock.now(), caller.tenant.workspace_id
    client = Client(new_id(), home, name, kind, tuple(grant_types), tuple(redirect_uris), wanted, now, now)
    secret = _new_secret() if kind == "CONFIDENTIAL" else None
    digest = digests_of(caller.keyring, secret)[0] if secret else None
    async with caller.tenant.transaction() as transaction:
        await store.create(transaction, client, digest)
        await _record(transaction, caller, Action.OAUTH_CLIENT_CREATED, client, **_terms(client))
    return ClientWithSecret(client, secret)


async def update(
    caller: Caller,
    client_id: UUID,
    *,
    name: str,
    grant_types: Sequence[GrantType],
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
) -> Client:
    """Replaces all four. What is taken away is gone within a second, also from tokens that are out.

    Scopes that the client has may stay, whoever asks. Raises NotFound, InvalidClient,
    UnknownScope, ScopeNotHeld.
    """
    wanted = require_scopes(scopes)
    async with caller.tenant.transaction() as transaction:
        old = await _locked(transaction, caller, client_id)
        _require_held(caller, wanted - old.scopes)
        _require_sound(old.kind, grant_types, redirect_uris)
        client = replace(
            old,
            name=name,
            grant_types=tuple(grant_types),
            redirect_uris=tuple(redirect_uris),
            scopes=wanted,
            updated_at=clock.now(),
        )
        await store.update(transaction, client)
        await access.note(transaction, client.id)
        await _record(
            transaction, caller, Action.OAUTH_CLIENT_UPDATED, client, before=_terms(old), after=_terms(client)
        )
    return client


async def rotate_secret(caller: Caller, client_id: UUID, *, overlap_seconds: int = 0) -> ClientWithSecret:
    """Gives a client a new secret; the old one goes on for the overlap.

    Raises NotFound, ClientHasNoSecret, and ScopeNotHeld where whoever asks may do
    less than the client, since with the secret they could do as much as it.
    """
    secret, now = _new_secret(), clock.now()
    until, digest = now + timedelta(seconds=overlap_seconds), digests_of(caller.keyring, secret)[0]
    async with caller.tenant.transaction() as transaction:
        client = await _locked(transaction, caller, client_id)
        if client.kind == "PUBLIC":
            raise ClientHasNoSecret
        if "CLIENT_CREDENTIALS" in client.grant_types:
            _require_held(caller, client.scopes)
        await store.rotate_secret(transaction, client, digest, until, now)
        await _record(
            transaction, caller, Action.OAUTH_CLIENT_SECRET_ROTATED, client, overlap_seconds=overlap_seconds
        )
    return ClientWithSecret(replace(client, updated_at=now), secret)


async def delete(caller: Caller, client_id: UUID) -> None:
    """Ends a client and all that it was allowed, within a second. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        client = await _locked(transaction, caller, client_id)
        await store.delete(transaction, client, clock.now())
        await access.note(transaction, client.id)
        await _record(transaction, caller, Action.OAUTH_CLIENT_DELETED, client, name=client.name)


async def find(database: Database, client_id: str) -> Client | None:
    """The client of an id as it comes from outside, of whichever workspace."""
    try:
        return await store.find(database, UUID(client_id))
    except ValueError:
        return None


async def has_secret(database: Database, keyring: Keyring, client: Client, secret: str) -> bool:
    """Whether a secret is the client's."""
    if not secret.startswith(SECRET_PREFIX):
        return False
    return await store.has_secret(database, client, digests_of(keyring, secret), clock.now())


def digests_of(keyring: Keyring, secret: str) -> list[bytes]:
    """The keyed hash under which a secret is kept, and those under which it may have been kept before."""
    return keyring.digests("oauth client secret", secret.encode("utf-8", "surrogatepass"))


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)


async def _locked(transaction: Transaction, caller: Caller, client_id: UUID) -> Client:
    client = await store.lock(transaction, caller.tenant.workspace_id, client_id)
    if client is None:
        raise NotFound("OAuth client")
    return client


async def _record(
    transaction: Transaction, caller: Caller, action: Action, client: Client, **details: object
) -> None:
    subject = ("OAUTH_CLIENT", client.id)
    await audit.record(transaction, client.workspace_id, Actor.of(caller), action, subject, **details)


def _terms(client: Client) -> dict[str, object]:
    """What the audit log tells of a client."""
    told = client.to_json()
    return {key: told[key] for key in ("name", "kind", "grant_types", "redirect_uris", "scopes")}


def _require_held(caller: Caller, scopes: frozenset[str]) -> None:
    """Else whoever may make clients could make one that may do more than they. Raises ScopeNotHeld."""
    if missing := expand(scopes) - caller.scopes:
        raise ScopeNotHeld(missing)


def _require_sound(kind: Kind, grant_types: Sequence[GrantType], redirect_uris: Sequence[str]) -> None:
    """Raises InvalidClient."""
    if kind == "PUBLIC" and "CLIENT_CREDENTIALS" in grant_types:
        raise InvalidClient("grant_types", "A public client cannot prove who it is, so it needs a person.")
    if "AUTHORIZATION_CODE" in grant_types and not redirect_uris:
        raise InvalidClient("redirect_uris", "Say where people shall be sent back to.")
    for index, uri in enumerate(redirect_uris):
        try:
            require_redirect(uri, native=kind == "PUBLIC")
        except UnfitRedirect as error:
            raise InvalidClient("redirect_uris", str(error), index) from None
