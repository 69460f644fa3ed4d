"""What can be done with API keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cloudmetrics.accounts.api_keys import store
from cloudmetrics.accounts.api_keys.models import ApiKey, Identity
from cloudmetrics.accounts.api_keys.secrets import Mode, generate, is_well_formed
from cloudmetrics.accounts.scopes import require_scopes
from cloudmetrics.accounts.workspaces.models import Workspace
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.redis import Redis
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
    """Makes a key and returns it with its secret, which nobody can ever see again.

    A `test` key belongs to the workspace's sandbox. Raises UnknownScope.
    """
    secret = generate(mode)
    owner = workspace.sandbox_id if mode == "test" else workspace.id
    if owner is None:
        raise ValueError("a sandbox has no keys of its own; make a test key of its workspace")
    key = ApiKey(
        new_id(), owner, name, mode, secret[-4:], require_scopes(scopes), clock.now(), expires_at=expires_at
    )
    async with database.transaction(owner) as transaction:
        await store.create(transaction, key, digest_of(keyring, secret))
    return key, secret


async def identify(database: Database, redis: Redis, keyring: Keyring, secret: str) -> Identity | None:
    """Whose key this is, or None where it is nobody's, whatever the reason.

    Redis answers for a minute after PostgreSQL did. Raises Unavailable only
    where neither of them can be reached.
    """
    if not is_well_formed(secret):
        return None
    digest = digest_of(keyring, secret)
    identity = await store.recall(redis, digest)
    if identity is None:
        identity = await store.find(database, digests_of(keyring, secret))
        if identity is None:
            return None
        await store.remember(redis, digest, identity)
    if identity.expires_at is not None and identity.expires_at <= clock.now():
        return None
    return identity


def digest_of(keyring: Keyring, secret: str) -> bytes:
    """The keyed hash under which a key is kept."""
    return keyring.digest("api key", secret.encode())


def digests_of(keyring: Keyring, secret: str) -> list[bytes]:
    """That hash, and those under which the key may have been kept before."""
    return keyring.digests("api key", secret.encode())
