"""From a credential to a caller."""

from __future__ import annotations

import time

from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.plans import allowance
from cloudmetrics.accounts.scopes import expand
from cloudmetrics.contract import Authenticator, Grant, Request, Unauthorized
from cloudmetrics.gateway.tenancy import require_own
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring

# How long a process may believe what it knows of a key, and of how many keys at once.
MEMORY_SECONDS = 1.0
MEMORY_SIZE = 10_000


def api_key_authenticator(database: Database, redis: Redis, keyring: Keyring) -> Authenticator:
    """Checks API keys, wherever in a request they stand.

    A process remembers a good key for a second, so that a busy one costs a
    look-up a second; a revoked one is forgotten within that time.
    """
    remembered: dict[bytes, tuple[float, Grant]] = {}

    async def authenticate(request: Request, credential: str) -> Grant:
        """Raises Unauthorized: the same for every bad key, so that nobody learns what is wrong with it."""
        digest = api_keys.digest_of(keyring, credential)
        until, grant = remembered.get(digest, (0.0, None))
        if grant is not None and time.monotonic() < until:
            require_own(request, grant.caller.tenant.workspace_id)
            return grant
        identity = await api_keys.identify(database, redis, keyring, credential)
        if identity is None:
            raise Unauthorized
        require_own(request, identity.workspace_id)
        scopes = expand(identity.scopes)
        tenant = Tenant(database, identity.workspace_id)
        granted = allowance(identity.plan, identity.limits)
        grant = Grant(Caller(tenant, keyring, scopes, identity.key_id, allowance=granted), scopes)
        if len(remembered) >= MEMORY_SIZE:
            remembered.clear()
        remembered[digest] = time.monotonic() + MEMORY_SECONDS, grant
        return grant

    return authenticate
