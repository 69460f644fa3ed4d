"""From an OAuth 2 access token to a caller."""

from __future__ import annotations

import time
from hashlib import sha256
from uuid import UUID

from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.oauth.access_tokens import AccessToken, AccessTokens, InvalidToken, looks_like_one
from cloudmetrics.accounts.oauth.models import Powers
from cloudmetrics.accounts.oauth.outside import OutsideIssuer, OutsideToken
from cloudmetrics.contract import Authenticator, Grant, Request, Unauthorized
from cloudmetrics.gateway.tenancy import HEADER, WorkspaceNotAllowed, named_workspace
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.signing import Keyring

# How long a process may believe what stands behind a token, and of how many tokens it knows something.
MEMORY_SECONDS = 1.0
MEMORY_SIZE = 10_000

AnyToken = AccessToken | OutsideToken


class TokenAuthenticator:
    """Checks access tokens: ours, and those of an outside issuer where there is one.

    That a token is genuine is found out once and remembered until it expires.
    What stands behind it (the grant, the client, the person's role) is asked of
    PostgreSQL and believed for a second: so long may a token outlive its
    revocation, and a busy one costs one look-up a second.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        tokens: AccessTokens,
        outside: OutsideIssuer | None = None,
    ) -> None:
        self.database = database
        self.keyring = keyring
        self.tokens = tokens
        self.outside = outside
        self._genuine: dict[bytes, AnyToken] = {}
        self._granted: dict[tuple[bytes, str | None], tuple[float, Grant]] = {}

    async def __call__(self, request: Request, credential: str) -> Grant:
        """Raises Unauthorized, the same for every bad token; WorkspaceNotAllowed for another's workspace."""
        digest = sha256(credential.encode("utf-8", "surrogatepass")).digest()
        at = digest, request.headers.get(HEADER)
        until, grant = self._granted.get(at, (0.0, None))
        if grant is not None and time.monotonic() < until:
            return grant
        token = await self._check(digest, credential)
        grant = await self._grant(token, named_workspace(request))
        if len(self._granted) >= MEMORY_SIZE:
            self._granted.clear()
        left = token.expires_at - time.time()
        self._granted[at] = time.monotonic() + min(MEMORY_SECONDS, left), grant
        return grant

    async def _check(self, digest: bytes, credential: str) -> AnyToken:
        token = self._genuine.get(digest)
        if token is None:
            token = await self._read(credential)
            if len(self._genuine) >= MEMORY_SIZE:
                self._genuine.clear()
            self._genuine[digest] = token
        if token.expires_at <= time.time():
            raise Unauthorized
        return token

    async def _read(self, credential: str) -> AnyToken:
        try:
            return self.tokens.check(credential)
        except InvalidToken:
            if self.outside is None:
                raise Unauthorized from None
        try:
            return await self.outside.check(credential)
        except InvalidToken:
            raise Unauthorized from None

    async def _grant(self, token: AnyToken, named: UUID | None) -> Grant:
        if isinstance(token, OutsideToken):
            powers = await oauth.powers_of_outside(self.database, token, named)
        else:
            powers = await oauth.powers(self.database, token, named)
        if powers is None:
            # A token that is worth nothing anywhere is no credential; else only the place is wrong.
            raise WorkspaceNotAllowed if await self._is_good_anywhere(token) else Unauthorized
        return Grant(self._caller(powers), powers.scopes)

    async def _is_good_anywhere(self, token: AnyToken) -> bool:
        if isinstance(token, OutsideToken):
            return await oauth.knows(self.database, token)
        return bool(await oauth.powers_anywhere(self.database, token))

    def _caller(self, powers: Powers) -> Caller:
        return Caller(
            Tenant(self.database, powers.workspace_id),
            self.keyring,
            powers.scopes,
            credential_id=powers.credential_id,
            credential_kind="OAUTH_TOKEN",
            user_id=powers.user_id,
            allowance=powers.allowance,
            role=powers.role,
        )


def bearer_authenticator(check_key: Authenticator, check_token: Authenticator) -> Authenticator:
    """Takes an API key or an access token, whichever it is."""

    async def authenticate(request: Request, credential: str) -> Grant:
        return await (check_token if looks_like_one(credential) else check_key)(request, credential)

    return authenticate
