"""Reads a request's body before a thread is taken for it, so that slow senders keep nobody waiting."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from cloudmetrics.contract import ASGIApp, PayloadTooLarge, Receive, RequestTimeout, Scope, Send

LARGEST_BODY = 64 * 1024
BODY_SECONDS = 10.0
FRAMING = (b"content-length", b"transfer-encoding")
BEYOND_ASCII = re.compile(rb"[^\x21-\x7e]")


def whole_bodies(app: ASGIApp) -> ASGIApp:
    """An ASGI app that calls `app` once the whole body is here. Raises PayloadTooLarge, RequestTimeout."""

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(receive)
        except TimeoutError:
            raise RequestTimeout(BODY_SECONDS) from None
        given = False

        async def whole() -> dict[str, Any]:
            nonlocal given
            if given:
                return dict(await receive())
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        headers = [pair for pair in scope["headers"] if pair[0] not in FRAMING]
        length = (b"content-length", str(len(body)).encode())
        changed = {"headers": [*headers, length], "query_string": _in_ascii(scope["query_string"])}
        await app(dict(scope) | changed, whole, send)

    return outer


def _in_ascii(query: bytes) -> bytes:
    """A query as a browser would have sent it; WSGI has no place for other bytes."""
    return BEYOND_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], query)


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise PayloadTooLarge(LARGEST_BODY)
        if not message.get("more_body", False):
            return bytes(body)
