"""What can be done with API keys: by people and programs here, by the service itself in `identify`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.api_keys import store
from cloudmetrics.accounts.api_keys.models import (
    ApiKey,
    ExpiryPassed,
    Identity,
    KeyNotActive,
    ScopeNotHeld,
    ShownKey,
)
from cloudmetrics.accounts.api_keys.secrets import Mode, generate, is_well_formed
from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.networks import normal_networks
from cloudmetrics.accounts.scopes import expand, require_scopes
from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import LiveCredentialRequired, Workspace
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.signing import Keyring


async def create_key(
    database: Database,
    keyring: Keyring,
    workspace: Workspace,
    *,
    name: str,
    scopes: Iterable[str],
    mode: Mode = "live",
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Makes a key on the service's own account, and returns it with its secret.

    A `test` key belongs to the workspace's sandbox. Raises UnknownScope.
    """
    owner = workspace.sandbox_id if mode == "test" else workspace.id
    if owner is None:
        raise ValueError("a sandbox has no keys of its own; make a test key of its workspace")
    key, secret = _new(Tenant(database, owner), name, require_scopes(scopes), mode, expires_at=expires_at)
    async with database.transaction(owner) as transaction:
        await _store_new(transaction, keyring, key, secret, owner, Actor())
    return key, secret


async def create(
    caller: Caller,
    *,
    name: str,
    scopes: Iterable[str],
    mode: Mode | None = None,
    expires_at: datetime | None = None,
    allowed_networks: Sequence[str] = (),
) -> ShownKey:
    """Makes a key for the caller's workspace, or with mode `test` for its sandbox.

    The answer alone has the secret. Raises ScopeNotHeld, LiveCredentialRequired,
    ExpiryPassed, InvalidNetwork, UnknownScope.
    """
    wanted = require_scopes(scopes)
    _require_held(caller, wanted)
    tenant, mode = await _home(caller, mode)
    _require_future(tenant, expires_at)
    key, secret = _new(
        tenant,
        name,
        wanted,
        mode,
        expires_at=expires_at,
        networks=normal_networks(allowed_networks),
        created_by=caller.user_id,
    )
    async with tenant.transaction() as transaction:
        await _store_new(
            transaction, caller.keyring, key, secret, caller.tenant.workspace_id, Actor.of(caller)
        )
    return ShownKey(key, key.created_at, secret)


async def list_page(caller: Caller, query: Mapping[str, Any], *, mode: Mode | None = None) -> Page[ShownKey]:
    """The keys that a query asks for, revoked ones among them, oldest first unless it says otherwise.

    Raises LiveCredentialRequired, InvalidCursor, InvalidMoment.
    """
    tenant, mode = await _home(caller, mode)
    now = clock.now_of(tenant)
    asked = store.KEYS.ask(caller, query, mode=mode)
    return asked.page(await store.listed(tenant, asked, now)).map(lambda key: ShownKey(key, now))


async def get(caller: Caller, key_id: UUID) -> ShownKey:
    """A key of the workspace or of its sandbox. Raises NotFound."""
    tenant, key = await _located(caller, key_id)
    return ShownKey(key, clock.now_of(tenant))


async def update(
    caller: Caller,
    key_id: UUID,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    allowed_networks: Sequence[str],
) -> ShownKey:
    """Replaces all four. Raises NotFound, KeyNotActive, ScopeNotHeld, ExpiryPassed, InvalidNetwork."""
    wanted, networks = require_scopes(scopes), normal_networks(allowed_networks)
    _require_held(caller, wanted)
    tenant, _ = await _located(caller, key_id)
    _require_future(tenant, expires_at)
    async with tenant.transaction() as transaction:
        key = await _locked(transaction, caller, tenant, key_id)
        changed = replace(
            key, name=name, scopes=wanted, expires_at=expires_at, allowed_networks=tuple(networks)
        )
        await _store(
            transaction, caller, changed, Action.API_KEY_UPDATED, before=_terms(key), after=_terms(changed)
        )
    return ShownKey(changed, clock.now_of(tenant))


async def rotate(
    caller: Caller, key_id: UUID, *, overlap: timedelta, expires_at: datetime | None = None
) -> ShownKey:
    """A new key in the place of another, which lives on for the overlap: 0 ends it at once.

    The new one has the same name, scopes and networks, and ends when the old one
    would have, or at `expires_at`. Raises NotFound, KeyNotActive, ScopeNotHeld, ExpiryPassed.
    """
    tenant, _ = await _located(caller, key_id)
    _require_future(tenant, expires_at)
    async with tenant.transaction() as transaction:
        old = await _locked(transaction, caller, tenant, key_id)
        new, secret = _new(
            tenant,
            old.name,
            old.scopes,
            old.mode,
            expires_at=expires_at or old.expires_at,
            networks=old.allowed_networks,
            created_by=caller.user_id,
        )
        now = new.created_at
        await store.create(transaction, new, digest_of(caller.keyring, secret))
        ended = (
            replace(old, rotated_to=new.id, expires_at=min(now + overlap, old.expires_at or now + overlap))
            if overlap
            else replace(old, rotated_to=new.id, revoked_at=now)
        )
        await _store(
            transaction, caller, ended, Action.API_KEY_ROTATED,
            rotated_to=str(new.id), overlap_seconds=int(overlap.total_seconds()),
        )  # fmt: skip
    return ShownKey(new, now, secret)


async def revoke(caller: Caller, key_id: UUID) -> None:
    """Ends a key, in every process within a second. Twice is as good as once. Raises NotFound."""
    tenant, _ = await _located(caller, key_id)
    async with tenant.transaction() as transaction:
        key = await store.lock(transaction, tenant.workspace_id, key_id)
        if key is not None and key.revoked_at is None:
            await _store(
                transaction, caller, replace(key, revoked_at=clock.now_of(tenant)), Action.API_KEY_REVOKED
            )


async def identify(database: Database, keyring: Keyring, secret: str) -> Identity | None:
    """Whose key this is, or None where it is nobody's or was revoked.

    Whether it has expired, and where it may be used from, is for the caller to
    judge, who may remember the answer. Raises Unavailable.
    """
    return await store.find(database, digests_of(keyring, secret)) if is_well_formed(secret) else None


def digest_of(keyring: Keyring, secret: str) -> bytes:
    """The keyed hash under which a key is kept."""
    return keyring.digest("api key", secret.encode("utf-8", "surrogatepass"))


def digests_of(keyring: Keyring, secret: str) -> list[bytes]:
    """That hash, and those under which the key may have been kept before."""
    return keyring.digests("api key", secret.encode("utf-8", "surrogatepass"))


def _new(
    tenant: Tenant,
    name: str,
    scopes: frozenset[str],
    mode: Mode,
    *,
    expires_at: datetime | None = None,
    networks: Sequence[str] = (),
    created_by: UUID | None = None,
) -> tuple[ApiKey, str]:
    secret = generate(mode)
    key = ApiKey(
        new_id(),
        tenant.workspace_id,
        name,
        mode,
        secret[-4:],
        scopes,
        clock.now_of(tenant),
        expires_at=expires_at,
        allowed_networks=tuple(networks),
        created_by=created_by,
    )
    return key, secret


async def _store_new(
    transaction: Transaction, keyring: Keyring, key: ApiKey, secret: str, logged_in: UUID, actor: Actor
) -> None:
    await store.create(transaction, key, digest_of(keyring, secret))
    await transaction.switch_tenant(logged_in)
    await audit.record(
        transaction, logged_in, actor, Action.API_KEY_CREATED, ("API_KEY", key.id), **_terms(key)
    )


async def _store(
    transaction: Transaction, caller: Caller, key: ApiKey, action: Action, **details: object
) -> None:
    """Stores a changed key, tells all processes, and writes it into the log of the caller's workspace."""
    await store.update(transaction, key)
    await access.note(transaction, key.id)
    await transaction.switch_tenant(caller.tenant.workspace_id)
    await audit.record(
        transaction, caller.tenant.workspace_id, Actor.of(caller), action, ("API_KEY", key.id), **details
    )


async def _home(caller: Caller, mode: Mode | None) -> tuple[Tenant, Mode]:
    """Where the keys of a mode live. Without a mode, the caller's own. Raises LiveCredentialRequired."""
    workspace = await workspaces.get(caller)
    own: Mode = "test" if workspace.sandbox_of else "live"
    if mode is None or mode == own:
        return caller.tenant, own
    if workspace.sandbox_id is None:
        raise LiveCredentialRequired
    return await test_clocks.tenant_of(caller.tenant.database, workspace.sandbox_id), mode


async def _located(caller: Caller, key_id: UUID) -> tuple[Tenant, ApiKey]:
    """The key, and the workspace or sandbox that it belongs to. Raises NotFound."""
    workspace = await workspaces.get(caller)
    homes = [caller.tenant]
    if workspace.sandbox_id is not None:
        homes.append(await test_clocks.tenant_of(caller.tenant.database, workspace.sandbox_id))
    for tenant in homes:
        key = await store.get(tenant, key_id)
        if key is not None:
            return tenant, key
    raise NotFound("API key")


async def _locked(transaction: Transaction, caller: Caller, tenant: Tenant, key_id: UUID) -> ApiKey:
    """The key, for a change. Raises NotFound, KeyNotActive, ScopeNotHeld.

    Whoever changes a key could use it, or open it to others, so they need what it may do.
    """
    key = await store.lock(transaction, tenant.workspace_id, key_id)
    if key is None:
        raise NotFound("API key")
    if key.rotated_to is not None or key.status(clock.now_of(tenant)) != "ACTIVE":
        raise KeyNotActive
    _require_held(caller, key.scopes)
    return key


def _require_held(caller: Caller, scopes: frozenset[str]) -> None:
    if missing := expand(scopes) - caller.scopes:
        raise ScopeNotHeld(missing)


def _require_future(tenant: Tenant, moment: datetime | None) -> None:
    if moment is not None and moment <= clock.now_of(tenant):
        raise ExpiryPassed


def _terms(key: ApiKey) -> dict[str, object]:
    """What a key allows, as the log tells it."""
    return {
        "name": key.name,
        "mode": key.mode.upper(),
        "scopes": sorted(key.scopes),
        "expires_at": key.expires_at,
        "allowed_networks": list(key.allowed_networks),
    }
