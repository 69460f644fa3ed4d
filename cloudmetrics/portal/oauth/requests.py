"""OAuth requests as Authlib reads them, from Flask's, once they are sane."""

from __future__ import annotations

from collections import defaultdict

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request
from flask import Request
from werkzeug.datastructures import MultiDict

LONGEST_VALUE = 2048
# RFC 8707 lets a client name several; all others stand once, or their meaning depends on who reads them.
REPEATABLE = ("resource",)


class Payload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request from the one place where they belong, never from both."""

    def __init__(self, values: MultiDict[str, str]) -> None:
        self._values = values

    @property
    def data(self) -> MultiDict[str, str]:
        return self._values

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, self._values.lists())


class OAuthRequest(OAuth2Request):  # type: ignore[misc]
    """A request to /oauth: its parameters are the query's at /oauth/authorize, else the form's.

    Raises InvalidRequestError where a parameter stands twice or cannot be meant.
    """

    def __init__(self, request: Request, values: MultiDict[str, str]) -> None:
        # Authlib refuses plain HTTP by this address. Whether it is let in is decided before
        # anything reaches Flask, which does not see what a proxy has decrypted.
        super().__init__(request.method, f"https://localhost{request.path}", headers=request.headers)
        require_sane(values)
        self.payload = Payload(values)
        self._form = values

    @property
    def args(self) -> MultiDict[str, str]:
        return self._form

    @property
    def form(self) -> MultiDict[str, str]:
        return self._form


def require_sane(values: MultiDict[str, str]) -> None:
    """Raises InvalidRequestError."""
    for name, given in values.lists():
        if len(given) > 1 and name not in REPEATABLE:
            raise InvalidRequestError("A parameter stands in the request more than once.")
        if any(len(value) > LONGEST_VALUE or "\x00" in value for value in given):
            raise InvalidRequestError("A parameter is too long, or holds what no parameter can.")
    for name in ("response_type", "grant_type", "scope", "client_id"):
        # Authlib repeats them in its messages, where RFC 6749 allows ASCII only.
        if not all(value.isascii() and value.isprintable() and not set('"\\') & set(value)
                   for value in values.getlist(name)):  # fmt: skip
            raise InvalidRequestError("A parameter holds characters that it cannot have.")


def require_resource(values: MultiDict[str, str], resource: str) -> None:
    """Raises InvalidTarget where a token is wanted for somebody else (RFC 8707)."""
    for asked in values.getlist("resource"):
        if asked.rstrip("/") != resource and not asked.startswith(f"{resource}/"):
            raise InvalidTarget


class InvalidTarget(InvalidRequestError):  # type: ignore[misc]
    error = "invalid_target"
    description = "The resource is not one that tokens of this server are for."
