"""How answers travel: encrypted where that is asked for, and with headers that keep browsers careful."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cloudmetrics.contract import ASGIApp, Receive, Request, Response, Scope, Send
from cloudmetrics.gateway import cors, health

Headers = list[tuple[bytes, bytes]]

# For answers that do not bring these themselves, as pages for people do.
CAREFUL: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
PRIVATE = (b"cache-control", b"no-store")
# Browsers that have seen it call by HTTPS only, for two years.
HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")

NOT_ENCRYPTED = "This server answers by HTTPS only. What came by plain HTTP may have been read on the way."


class Transport:
    """ASGI middleware. `refuse` writes the answer to a request that came by plain HTTP and must not."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        require_tls: bool,
        refuse: Callable[[Request, str], Awaitable[Response]],
    ) -> None:
        self.app = app
        self.require_tls = require_tls
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin = cors.origin_of(scope)

        async def send_carefully(message: Scope) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_added(scope, message, origin)]
            await send(message)

        if self.require_tls and scope["scheme"] != "https" and scope["path"] not in health.PATHS:
            response = await self.refuse(Request(scope, receive), NOT_ENCRYPTED)
            await _send(response, send_carefully)
        elif origin is not None and cors.is_preflight(scope):
            await send({"type": "http.response.start", "status": 204, "headers": cors.preflight(origin)})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send_carefully)


def _added(scope: Scope, message: Scope, origin: bytes | None) -> Headers:
    present = {name.lower() for name, _ in message.get("headers", ())}
    added = [header for header in CAREFUL if header[0] not in present]
    if "contract.operation" in scope and PRIVATE[0] not in present:
        added.append(PRIVATE)
    if scope["scheme"] == "https":
        added.append(HSTS)
    if origin is not None:
        added += cors.answer(origin, scope.get("contract.grant"))
    return added


async def _send(response: Response, send: Send) -> None:
    assert isinstance(response.body, bytes)
    assert response.media_type is not None
    headers = [
        (b"content-type", response.media_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
