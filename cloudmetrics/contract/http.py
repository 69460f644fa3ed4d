"""A request and a response as handlers, authenticators and error handlers see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloudmetrics.contract.dispatch import Dispatcher, Inner
    from cloudmetrics.contract.operations import Operation

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Grant:
    """Who a credential belongs to, and what it may do.

    `caller` is whatever the authenticator wants handlers to get; the engine
    only compares `scopes` with what the operation asks for.
    """

    caller: Any
    scopes: frozenset[str] = frozenset()


@dataclass(slots=True)
class Response:
    """An answer that is already bytes, or an iterator of them.

    `media_type` None sends no content type.
    """

    body: bytes | AsyncIterator[bytes] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str | None = None


class Request:
    """One request. `headers` has lower-case names; a repeated header is joined with `, `.

    `body` is what came, decompressed, once it was read; nothing where the handler reads it in pieces.
    """

    __slots__ = (
        "_receive",
        "body",
        "grant",
        "headers",
        "method",
        "operation",
        "path",
        "query_string",
        "scope",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self._receive = receive
        self.method: str = scope["method"]
        self.path: str = _text(scope["path"])
        self.query_string: bytes = scope["query_string"]
        self.headers: Mapping[str, str] = _headers(scope["headers"])
        self.body = b""
        self.operation: Operation | None = None
        self.grant: Grant | None = None

    @property
    def client_host(self) -> str | None:
        """The peer's address, as the server saw it."""
        client = self.scope.get("client")
        return client[0] if client else None

    def inner(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, forget: Collection[str] = ()
    ) -> Inner:
        """A request inside of this one, as Dispatcher.inner says."""
        dispatcher: Dispatcher = self.scope["contract.dispatcher"]
        return dispatcher.inner(self, method, target, headers, body, forget)

    async def receive(self) -> Message:
        """The next ASGI message of the request."""
        return await self._receive()


def _text(path: str) -> str:
    """A path that can be written again: some servers put halves of surrogate pairs for odd bytes."""
    return path if path.isascii() else path.encode("utf-8", "replace").decode()


def _headers(raw: list[tuple[bytes, bytes]]) -> Mapping[str, str]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    if len(headers) != len(raw):
        headers.clear()
        for name, value in raw:
            key, text = name.decode("latin-1"), value.decode("latin-1")
            # HTTP/2 sends each cookie in a header of its own; they belong together as one line.
            between = "; " if key == "cookie" else ", "
            headers[key] = f"{headers[key]}{between}{text}" if key in headers else text
    return headers
