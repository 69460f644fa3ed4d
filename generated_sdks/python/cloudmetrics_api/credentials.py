"""What a client shows to be let in: an API key, or access tokens that it gets for its own id and secret."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from time import monotonic
from typing import Protocol
from urllib.parse import quote, urlencode

from . import errors
from .flow import Answer, Send

VARIABLE = "CLOUDMETRICS_API_KEY"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path.
# A token is not used in its last seconds, in which it might end on its way.
MARGIN = 30.0


class Credential(Protocol):
    """Something that gives headers; where it has none, `request` gets it some, and `take` gives them."""

    def headers(self) -> dict[str, str] | None: ...

    def forget(self) -> None: ...

    def request(self) -> Send: ...

    def take(self, answer: Answer) -> dict[str, str]: ...


class ApiKey:
    """A key, which is the same for good."""

    def __init__(self, key: str) -> None:
        self._headers = {"api-key": sendable(key)}

    def headers(self) -> dict[str, str]:
        return self._headers

    def forget(self) -> None:
        """There is no other one."""

    def request(self) -> Send:
        raise NotImplementedError("a key is not asked for")

    def take(self, answer: Answer) -> dict[str, str]:
        raise NotImplementedError("a key is not asked for")


class ClientCredentials:
    """OAuth 2 client credentials: an access token, got when it is needed and again before it ends."""

    def __init__(self, client_id: str, client_secret: str, scopes: Sequence[str]) -> None:
        # Both are form-encoded before they are joined, which RFC 6749 asks for.
        pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
        self._basic = f"Basic {b64encode(pair.encode()).decode()}"
        self._scopes = tuple(scopes)
        self._headers: dict[str, str] | None = None
        self._until = 0.0

    def headers(self) -> dict[str, str] | None:
        return self._headers if monotonic() < self._until else None

    def forget(self) -> None:
        self._headers = None
        self._until = 0.0

    def request(self) -> Send:
        form = {"grant_type": "client_credentials"} | (
            {"scope": " ".join(self._scopes)} if self._scopes else {}
        )
        headers = {
            "authorization": self._basic,
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        return Send("POST", TOKEN_PATH, headers, urlencode(form).encode())

    def take(self, answer: Answer) -> dict[str, str]:
        """The headers that carry the token. Raises TokenRefused, ServerError, InvalidAnswer."""
        if answer.status in (400, 401, 403):
            raise refused(answer)
        if answer.status >= 300:
            raise errors.from_answer(answer.status, answer.headers, answer.content)
        body = answer.json()
        token, lasts = body.get("access_token"), body.get("expires_in", 3600)
        if not isinstance(token, str) or not isinstance(lasts, int | float):
            raise answer.invalid("no access token")
        self._headers = {"authorization": f"Bearer {sendable(token)}"}
        # A token that lasts less than the margin is used for half its time.
        self._until = monotonic() + max(lasts - MARGIN, lasts / 2)
        return self._headers


def refused(answer: Answer) -> errors.TokenRefused:
    """OAuth's own error, which is no problem document, as one."""
    try:
        body = answer.json()
    except errors.InvalidAnswer:
        body = {}
    problem = {
        "code": str(body.get("error", "invalid_client")).upper(),
        "detail": body.get("error_description"),
    }
    return errors.TokenRefused(answer.status, answer.headers, problem)


def choose(
    api_key: str | None, client_id: str | None, client_secret: str | None, scopes: Sequence[str]
) -> Credential:
    """What was given, or else the key in the environment. Raises CredentialMissing."""
    if client_id and client_secret and not api_key:
        return ClientCredentials(client_id, client_secret, scopes)
    if key := (api_key or os.environ.get(VARIABLE, "")).strip():
        return ApiKey(key)
    raise errors.CredentialMissing(f"give api_key=, or set {VARIABLE}, or give client_id= and client_secret=")


def sendable(secret: str) -> str:
    """The secret, if a header can carry it. Raises ValueError, which does not show it."""
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("the credential has characters that no credential has; was it copied whole?")
    return secret
