"""Who may call: the contract's security requirements, with the code that checks credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import cookie_parser

from cloudmetrics.contract.errors import Forbidden, Unauthorized
from cloudmetrics.contract.http import Grant, Request

Authenticator = Callable[[Request, str], Awaitable[Grant]]
Extract = Callable[[Request], str | None]
ANONYMOUS = Grant(None)


@dataclass(frozen=True, slots=True)
class Check:
    """One scheme of a requirement: where its credential is, who checks it, what it must allow."""

    extract: Extract
    authenticate: Authenticator
    scopes: frozenset[str]


class Security:
    """An operation's security: alternatives, each of which asks for one or several schemes."""

    def __init__(self, alternatives: list[list[Check]], challenge: str) -> None:
        self.alternatives = [alternative for alternative in alternatives if alternative]
        self.optional = len(self.alternatives) < len(alternatives) or not alternatives
        self.challenge = challenge

    async def identify(self, request: Request) -> tuple[Grant | None, frozenset[str]]:
        """Who calls (None for a stranger where strangers may), and which scopes are missing.

        The first alternative that the request satisfies wins. Raises Unauthorized
        where none of the credentials holds.
        """
        refused: Unauthorized | None = None
        short: tuple[Grant, frozenset[str]] | None = None
        for alternative in self.alternatives:
            credentials = [check.extract(request) for check in alternative]
            if None in credentials:
                continue
            try:
                grant, missing = await self._grant(request, alternative, credentials)
            except Unauthorized as error:
                refused = refused or error
                continue
            if not missing:
                return grant, missing
            short = short or (grant, missing)
        if short is not None:
            return short
        if refused is None and self.optional:
            return None, frozenset()
        refused = refused or Unauthorized()
        refused.headers.setdefault("www-authenticate", self.challenge)
        raise refused

    def missing(self, grant: Grant) -> frozenset[str]:
        """The scopes that somebody lacks who is known already, by the alternative that suits them best."""
        nothing: frozenset[str] = frozenset()
        wanted = [nothing.union(*(check.scopes for check in each)) for each in self.alternatives]
        lacking = [scopes - grant.scopes for scopes in wanted]
        return next((each for each in lacking if not each), lacking[0] if lacking else nothing)

    @staticmethod
    async def _grant(
        request: Request, alternative: list[Check], credentials: list[str | None]
    ) -> tuple[Grant, frozenset[str]]:
        first: Grant | None = None
        missing: frozenset[str] = frozenset()
        for check, credential in zip(alternative, credentials, strict=True):
            grant = await check.authenticate(request, credential or "")
            missing |= check.scopes - grant.scopes
            first = first or grant
        return first or ANONYMOUS, missing


def require(missing: frozenset[str]) -> None:
    """Raises Forbidden where scopes are missing."""
    if missing:
        raise Forbidden(missing)


def extractor(scheme: Mapping[str, Any]) -> Extract:
    """Where a security scheme's credential stands in a request."""
    if scheme["type"] == "apiKey":
        return _api_key(scheme["in"], scheme["name"])
    if scheme["type"] == "mutualTLS":
        return lambda request: request.scope.get("extensions", {}).get("tls", {}).get("client_cert_name")
    if scheme["type"] == "http":
        return _authorization(scheme["scheme"].lower())
    return _authorization("bearer")  # oauth2 and openIdConnect


def _authorization(scheme: str) -> Extract:
    prefix = f"{scheme} "

    def extract(request: Request) -> str | None:
        header = request.headers.get("authorization")
        if header is None or header[: len(prefix)].lower() != prefix:
            return None
        return header[len(prefix) :].strip()

    return extract


def _api_key(location: str, name: str) -> Extract:
    if location == "header":
        key = name.lower()
        return lambda request: request.headers.get(key)
    if location == "cookie":
        return lambda request: cookie_parser(request.headers.get("cookie", "")).get(name)

    def extract(request: Request) -> str | None:
        for part in request.query_string.decode("latin-1").split("&"):
            key, _, value = part.partition("=")
            if unquote_plus(key) == name:
                return unquote_plus(value)
        return None

    return extract


def challenge(schemes: list[Mapping[str, Any]]) -> str:
    """The WWW-Authenticate header that tells a stranger how to call."""
    words = []
    for scheme in schemes:
        if scheme["type"] == "http":
            words.append(scheme["scheme"].capitalize())
        elif scheme["type"] in ("oauth2", "openIdConnect"):
            words.append("Bearer")
        elif scheme["type"] == "apiKey":
            words.append(f'ApiKey name="{scheme["name"]}"')
    return ", ".join(dict.fromkeys(words))
