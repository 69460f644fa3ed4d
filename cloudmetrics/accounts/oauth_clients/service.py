"""What can be done with OAuth clients."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

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
from cloudmetrics.accounts.scopes import SCOPES, expand
from cloudmetrics.contract import Forbidden
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page, page, unseal_id
from cloudmetrics.platform.signing import Keyring

LISTING = "oauth clients"
SECRET_PREFIX = "cm_secret_"  # noqa: S105


async def list_page(caller: Caller, *, cursor: str | None = None, limit: int = 100) -> Page[Client]:
    """The workspace's clients, oldest first. Raises InvalidCursor."""
    found = await store.list_after(caller.tenant, unseal_id(caller, LISTING, cursor), limit + 1)
    return page(caller, LISTING, found, limit, lambda client: str(client.id))


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

    Raises InvalidClient.
    """
    _require_sound(caller, kind, grant_types, redirect_uris, scopes)
    now = clock.now()
    client = Client(
        new_id(),
        caller.tenant.workspace_id,
        name,
        kind,
        tuple(grant_types),
        tuple(redirect_uris),
        frozenset(scopes),
        now,
        now,
    )
    secret = _new_secret() if kind == "CONFIDENTIAL" else None
    await store.create(caller.tenant, client, digest_of(caller.keyring, secret) if secret else None)
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
    """Replaces all four. What is taken away counts at once, also for tokens that are out.

    Raises NotFound, InvalidClient.
    """
    present = await get(caller, client_id)
    _require_sound(caller, present.kind, grant_types, redirect_uris, scopes, had=present.scopes)
    fields: dict[str, Any] = {
        "name": name,
        "grant_types": grant_types,
        "redirect_uris": redirect_uris,
        "scopes": scopes,
    }
    client = await store.update(caller.tenant, client_id, fields, clock.now())
    if client is None:
        raise NotFound("OAuth client")
    return client


async def rotate_secret(caller: Caller, client_id: UUID, *, overlap_seconds: int = 0) -> ClientWithSecret:
    """Gives a client a new secret; the old one goes on for the overlap.

    Raises NotFound, ClientHasNoSecret, and Forbidden where whoever asks may do
    less than the client, since with the secret they could do as much as it.
    """
    present = await get(caller, client_id)
    if "CLIENT_CREDENTIALS" in present.grant_types and (lacking := present.scopes - expand(caller.scopes)):
        raise Forbidden(lacking)
    secret, now = _new_secret(), clock.now()
    until = now + timedelta(seconds=overlap_seconds)
    digest = digest_of(caller.keyring, secret)
    client = await store.rotate_secret(caller.tenant, client_id, digest, until, now)
    if client is None:
        raise ClientHasNoSecret
    return ClientWithSecret(client, secret)


async def delete(caller: Caller, client_id: UUID) -> None:
    """Ends a client and all that it was allowed, at once. Raises NotFound."""
    if not await store.delete(caller.tenant, client_id, clock.now()):
        raise NotFound("OAuth client")


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
    return await store.has_secret(database, client.id, digest_of(keyring, secret), clock.now())


def digest_of(keyring: Keyring, secret: str) -> bytes:
    """The keyed hash under which a secret is kept."""
    return keyring.digest("oauth client secret", secret.encode("utf-8", "surrogatepass"))


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def _require_sound(
    caller: Caller,
    kind: Kind,
    grant_types: Sequence[GrantType],
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    had: frozenset[str] = frozenset(),
) -> None:
    if kind == "PUBLIC" and "CLIENT_CREDENTIALS" in grant_types:
        raise InvalidClient("grant_types", "A public client cannot prove who it is, so it needs a person.")
    if "AUTHORIZATION_CODE" in grant_types and not redirect_uris:
        raise InvalidClient("redirect_uris", "Say where people shall be sent back to.")
    for index, uri in enumerate(redirect_uris):
        try:
            require_redirect(uri, native=kind == "PUBLIC")
        except UnfitRedirect as error:
            raise InvalidClient("redirect_uris", str(error), index) from None
    for index, scope in enumerate(scopes):
        if scope not in SCOPES:
            raise InvalidClient("scopes", f"There is no scope {scope}.", index)
        # Else whoever may make clients could make one that may do more than they.
        if scope not in expand(caller.scopes) | had:
            raise InvalidClient("scopes", f"You do not have the scope {scope} yourself.", index)
