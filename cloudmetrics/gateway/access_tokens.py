"""From an OAuth 2 access token to a caller."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from cloudmetrics.accounts.access.service import MEMORY, Changes
from cloudmetrics.accounts.networks import admits
from cloudmetrics.accounts.oauth import service as oauth
from cloudmetrics.accounts.oauth.access_tokens import AccessToken, AccessTokens, InvalidToken, looks_like_one
from cloudmetrics.accounts.oauth.models import Powers
from cloudmetrics.accounts.oauth.outside import OutsideIssuer, OutsideToken
from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.contract import Authenticator, Grant, Request, Unauthorized
from cloudmetrics.gateway.authentication import MEMORY_SIZE, REFUSAL_SECONDS, AddressNotAllowed
from cloudmetrics.gateway.client_address import client_address
from cloudmetrics.gateway.tenancy import HEADER, WorkspaceNotAllowed, named_workspace
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.signing import Keyring

AnyToken = AccessToken | OutsideToken


@dataclass(frozen=True, slots=True)
class _Known:
    """What was looked up of a token in one workspace, and when the look-up began."""

    begun: float
    expires_at: int
    powers: Powers


class TokenAuthenticator:
    """Checks access tokens: ours, and those of an outside issuer where there is one.

    That a token is genuine is found out once and remembered until it expires.
    What stands behind it (the grant, the client, the person's role) is remembered
    for a minute, or until the process hears that any of it changed, which takes
    no more than a second: so long may a token outlive its revocation.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        tokens: AccessTokens,
        changes: Changes,
        outside: OutsideIssuer | None = None,
    ) -> None:
        self.database = database
        self.keyring = keyring
        self.tokens = tokens
        self.changes = changes
        self.outside = outside
        self._genuine: dict[bytes, AnyToken] = {}
        self._known: dict[tuple[bytes, str | None], _Known] = {}

    async def __call__(self, request: Request, credential: str) -> Grant:
        """Raises Unauthorized, the same for every bad token; WorkspaceNotAllowed, AddressNotAllowed."""
        begun = time.monotonic()
        try:
            powers = await self._powers(request, credential)
        except Unauthorized:
            await asyncio.sleep(REFUSAL_SECONDS - (time.monotonic() - begun))
            raise
        address = client_address(request)
        if not admits(powers.networks, address):
            raise AddressNotAllowed(address)
        caller = Caller(
            tenant=await test_clocks.tenant_of(
                self.database, powers.workspace_id, is_sandbox=powers.is_sandbox
            ),
            keyring=self.keyring,
            scopes=powers.scopes,
            credential_id=powers.credential_id,
            credential_kind="OAUTH_TOKEN",
            user_id=powers.user_id,
            role=powers.role,
            allowance=powers.allowance,
            address=address,
            workspace_ids=powers.workspace_ids,
            cors_origins=powers.cors_origins,
        )
        return Grant(caller, powers.scopes)

    async def _powers(self, request: Request, credential: str) -> Powers:
        digest = sha256(credential.encode("utf-8", "surrogatepass")).digest()
        at = digest, request.headers.get(HEADER)
        await self.changes.refresh()
        known = self._known.get(at)
        if known is None or self._is_stale(known):
            self._known.pop(at, None)
            known = await self._look_up(request, digest, credential)
            if len(self._known) >= MEMORY_SIZE:
                self._known.clear()
            self._known[at] = known
        if known.expires_at <= time.time():
            raise Unauthorized
        return known.powers

    def _is_stale(self, known: _Known) -> bool:
        return time.monotonic() - known.begun > MEMORY or self.changes.since(
            known.begun, *known.powers.depends_on
        )

    async def _look_up(self, request: Request, digest: bytes, credential: str) -> _Known:
        begun = time.monotonic()
        token = self._genuine.get(digest)
        if token is None:
            token = await self._check(credential)
            if len(self._genuine) >= MEMORY_SIZE:
                self._genuine.clear()
            self._genuine[digest] = token
        powers = await self._powers_of(token, named_workspace(request))
        if powers is None:
            # A token that is worth nothing anywhere is no credential; else only the place is wrong.
            raise WorkspaceNotAllowed if await self._is_good_anywhere(token) else Unauthorized
        return _Known(begun, token.expires_at, powers)

    async def _check(self, credential: str) -> AnyToken:
        try:
            return self.tokens.check(credential)
        except InvalidToken:
            if self.outside is None:
                raise Unauthorized from None
        try:
            return await self.outside.check(credential)
        except InvalidToken:
            raise Unauthorized from None

    async def _powers_of(self, token: AnyToken, named: UUID | None) -> Powers | None:
        if isinstance(token, OutsideToken):
            return await oauth.powers_of_outside(self.database, token, named)
        return await oauth.powers(self.database, token, named)

    async def _is_good_anywhere(self, token: AnyToken) -> bool:
        if isinstance(token, OutsideToken):
            return await oauth.knows(self.database, token)
        return bool(await oauth.powers_anywhere(self.database, token))


def bearer_authenticator(check_key: Authenticator, check_token: Authenticator) -> Authenticator:
    """Takes an API key or an access token, whichever it is."""

    async def authenticate(request: Request, credential: str) -> Grant:
        return await (check_token if looks_like_one(credential) else check_key)(request, credential)

    return authenticate
