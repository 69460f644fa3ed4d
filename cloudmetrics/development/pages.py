"""What development adds to the pages of the documentation: they reload when the contract changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from cloudmetrics.contract import ASGIApp, Finding, Receive, Scope, Send

SCRIPT = Path(__file__).with_name("reload.js")
SCRIPT_PATH = "/dev/reload.js"
STREAM_PATH = "/dev/changes"
DOCUMENTED = ("/docs", "/api/docs")
# A line now and then tells the server whether somebody still listens.
HEARTBEAT_SECONDS = 15.0
# Which the pages of production have no use for.
ALLOWANCE = b"; script-src 'self'; connect-src 'self'"


class Pages:
    """ASGI middleware around the service. `tell` is called whenever there is something new."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.edition = ""
        self.findings: list[str] = []
        self._news = asyncio.Event()
        self._closing = False

    def tell(self, findings: Sequence[Finding], *, new: bool) -> None:
        """What is wrong now, if anything; `new` says that another contract is served from now on."""
        self.edition = uuid4().hex if new else self.edition
        self.findings = list(map(str, findings))
        self._wake()

    def next_news(self) -> asyncio.Task[bool]:
        """Done when there is something new again."""
        return asyncio.create_task(self._news.wait())

    def close(self) -> None:
        """Ends all streams, which would keep the server from ending."""
        self._closing = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == SCRIPT_PATH:
            await _answer(send, b"text/javascript; charset=utf-8", SCRIPT.read_bytes())
        elif path == STREAM_PATH:
            await self._stream(receive, send)
        elif any(path == page or path.startswith(f"{page}/") for page in DOCUMENTED):
            await self._serve_page(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _stream(self, receive: Receive, send: Send) -> None:
        """Server-sent events: what is served and what is wrong, at once and at every change."""
        await send(_start(b"text/event-stream"))
        gone = asyncio.create_task(_gone(receive))
        try:
            while not (self._closing or gone.done()):
                news = self.next_news()
                state = orjson.dumps({"edition": self.edition, "findings": self.findings})
                await _send_piece(send, b"data: " + state + b"\n\n")
                while not (news.done() or gone.done()):
                    await asyncio.wait(
                        (news, gone), timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                    )
                    await _send_piece(send, b":\n\n")
                news.cancel()
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _serve_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page with our script in it. Its tag tells the edition, and so an old page is no answer."""
        headers = [pair for pair in scope["headers"] if pair[0] != b"if-none-match"]
        start: dict[str, Any] = {}
        pieces: list[bytes] = []

        async def gather(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                pieces.append(message.get("body", b""))
            if not _is_page(start):
                await send(message)
            elif message["type"] == "http.response.body" and not message.get("more_body"):
                await self._send_page(send, start, b"".join(pieces))

        await self.app({**scope, "headers": headers}, receive, gather)

    async def _send_page(self, send: Send, start: dict[str, Any], body: bytes) -> None:
        tag = f'<script src="{SCRIPT_PATH}" data-edition="{self.edition}"></script></body>'
        body = body.replace(b"</body>", tag.encode(), 1)
        headers = {name.lower(): value for name, value in start["headers"] if name.lower() != b"etag"}
        headers[b"content-length"] = str(len(body)).encode()
        headers[b"cache-control"] = b"no-store"
        headers[b"content-security-policy"] = headers.get(b"content-security-policy", b"") + ALLOWANCE
        await send({**start, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": body})


def _is_page(start: dict[str, Any]) -> bool:
    kinds = [value for name, value in start.get("headers", ()) if name.lower() == b"content-type"]
    return any(kind.startswith(b"text/html") for kind in kinds)


def _start(content_type: bytes) -> dict[str, Any]:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    return {"type": "http.response.start", "status": 200, "headers": headers}


async def _answer(send: Send, content_type: bytes, body: bytes) -> None:
    await send(_start(content_type))
    await send({"type": "http.response.body", "body": body})


async def _send_piece(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
