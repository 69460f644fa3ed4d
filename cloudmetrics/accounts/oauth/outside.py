"""Tokens of an outside issuer, such as a company's own sign-in service, where the settings name one.

The rule by which they count: the signature fits a key of the issuer's published
set, by an asymmetric algorithm; `iss` and `aud` are exactly those of the
settings; and `email`, with `email_verified` true, is the address of one of our
people. What the token may do is what stands in its `scope` (or `scp`), no more
than the person's role allows in the workspace. We never make a person of one.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from joserfc.jws import JWSRegistry, extract_compact

from cloudmetrics.accounts.oauth.access_tokens import LONGEST_TOKEN, InvalidToken
from cloudmetrics.accounts.scopes import SCOPES
from cloudmetrics.platform import clock
from cloudmetrics.platform.errors import Unavailable

ALGORITHMS = ["ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "Ed25519", "EdDSA"]
TYPES = ("at+jwt", "application/at+jwt", "jwt", "none")
# What only a token for signing in has; it is for a client, and no credential of an API.
MARKS_OF_ID_TOKENS = ("nonce", "at_hash", "c_hash")

KEYS_SECONDS = 600.0
# A token with an unknown key makes us look again, but nobody can make us do so all the time.
LEAST_SECONDS = 30.0
ANSWER_SECONDS = 5.0
LARGEST_ANSWER = 256 * 1024


@dataclass(frozen=True, slots=True)
class OutsideToken:
    """What an outside token says: whose it is, and what it may do. `expires_at` is in seconds since 1970."""

    email: str
    scopes: frozenset[str]
    expires_at: int


class OutsideIssuer:
    """One issuer that is trusted, for tokens that are made for us, its `audience`."""

    def __init__(self, issuer: str, audience: str) -> None:
        self.issuer = issuer.rstrip("/")
        self.audience = audience
        self._keys: dict[str | None, Key] = {}
        self._fetched = self._tried = float("-inf")
        self._fetching = asyncio.Lock()
        self._registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        self._registry.max_header_length = 2048

    @classmethod
    def of(cls, issuer: str, audience: str) -> OutsideIssuer | None:
        """The issuer of the settings, where they name one."""
        return cls(issuer, audience) if issuer else None

    async def check(self, token: str) -> OutsideToken:
        """Raises InvalidToken; Unavailable where the issuer's keys were never seen and cannot be fetched."""
        try:
            header = _header(token)
            key = await self._key(header)
            decoded = jwt.decode(token, key, ALGORITHMS, registry=self._registry)
            return self._read(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            raise InvalidToken from None

    def _read(self, claims: dict[str, Any]) -> OutsideToken:
        now = clock.now().timestamp()
        audience = claims["aud"]
        if claims["iss"].rstrip("/") != self.issuer:
            raise ValueError("of another issuer")
        if self.audience not in (audience if isinstance(audience, list) else [audience]):
            raise ValueError("for another audience")
        if not now < claims["exp"] or claims.get("nbf", 0) > now or claims.get("iat", 0) - 60 > now:
            raise ValueError("not at this time")
        if any(mark in claims for mark in MARKS_OF_ID_TOKENS) or claims["email_verified"] is not True:
            raise ValueError("no access token of a person who is known")
        scopes = claims.get("scope", claims.get("scp", ""))
        named = frozenset(scopes if isinstance(scopes, list) else scopes.split())
        return OutsideToken(claims["email"].strip().lower(), named & SCOPES, int(claims["exp"]))

    async def _key(self, header: dict[str, Any]) -> Key:
        """The key that the issuer publishes under the token's `kid`. Raises ValueError."""
        if str(header.get("typ")).lower() not in TYPES or header.get("alg") not in ALGORITHMS:
            raise ValueError("another kind of token")
        kid = header.get("kid")
        if time.monotonic() - self._fetched > KEYS_SECONDS or kid not in self._keys:
            await self._refresh()
        return self._keys[kid]

    async def _refresh(self) -> None:
        async with self._fetching:
            now = time.monotonic()
            if now - self._tried < LEAST_SECONDS:
                return
            self._tried = now
            try:
                found = KeySet.import_key_set(await self._fetch())
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                # The keys that are known go on; an issuer that is away signs nobody out.
                if not self._keys:
                    raise Unavailable("The issuer of the token cannot be reached.") from error
                return
            # A symmetric key in a published set is a mistake, and everybody's secret.
            self._keys = {key.kid: key for key in found.keys if key.key_type != "oct"}
            self._fetched = now

    async def _fetch(self) -> Any:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, follow_redirects=False) as client:
            described = await _get(client, f"{self.issuer}/.well-known/openid-configuration")
            if described["issuer"].rstrip("/") != self.issuer:
                raise ValueError("the issuer calls itself something else")
            return await _get(client, described["jwks_uri"])


async def _get(client: httpx.AsyncClient, url: str) -> Any:
    async with client.stream("GET", url) as response:
        response.raise_for_status()
        body = b""
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise ValueError("the answer is too large")
    return httpx.Response(200, content=body).json()


def _header(token: str) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN or token.count(".") != 2:
        raise ValueError("no signed token")
    return dict(extract_compact(token.encode()).headers())
