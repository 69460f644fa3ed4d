"""From a credential to a caller."""

from __future__ import annotations

from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.scopes import expand
from cloudmetrics.contract import Authenticator, Grant, Request, Unauthorized
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring


def api_key_authenticator(database: Database, redis: Redis, keyring: Keyring) -> Authenticator:
    """Checks API keys, wherever in a request they stand."""

    async def authenticate(request: Request, credential: str) -> Grant:
        """Raises Unauthorized: the same for every bad key, so that nobody learns what is wrong with it."""
        identity = await api_keys.identify(database, redis, keyring, credential)
        if identity is None:
            raise Unauthorized
        scopes = expand(identity.scopes)
        tenant = Tenant(database, identity.workspace_id)
        return Grant(Caller(tenant, keyring, scopes, identity.key_id), scopes)

    return authenticate
