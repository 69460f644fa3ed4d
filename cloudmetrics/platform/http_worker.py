"""The process that speaks HTTP: uvicorn's protocol under gunicorn's supervision.

uvicorn leaves to a proxy what a server on the open internet needs, and it is
added here: a request's head has bounds in size and in time, and a client that
shuts its sending side after a whole request gets its answer.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

# The bounds of a request's head: its target, its number of fields, all of it, and how long it may take.
MAX_TARGET = 8190
MAX_FIELDS = 100
MAX_HEAD_BYTES = 65536
HEAD_SECONDS = 10.0
# The parser also takes a line without a version, for HTTP 0.9.
VERSIONS = ("1.1", "1.0")


class Refused(Exception):
    """A request's head is not one that is served. It stops the parser."""


class Protocol(HttpToolsProtocol):
    """One connection. Until a head is whole, its bytes and its seconds are counted."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._refusal = HTTPStatus.BAD_REQUEST
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether to keep the connection: as long as a whole request waits for its answer."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            return False
        cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head and self.cycle is not None and not self.cycle.response_complete:
            self._stop_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                self.send_400_response(self._refusal.phrase)

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) > MAX_TARGET:
            self._refusal = HTTPStatus.REQUEST_URI_TOO_LONG
            raise Refused
        if len(self.headers) > MAX_FIELDS:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise Refused
        if self.parser.get_http_version() not in VERSIONS:
            raise Refused
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses, for the reason that was found, what is no request or too large a one."""
        status = self._refusal
        lines = [f"HTTP/1.1 {status} {status.phrase}", "content-length: 0", "connection: close", "", ""]
        self.transport.write("\r\n".join(lines).encode())
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class HttpWorker(UvicornWorker):  # type: ignore[misc]
    """gunicorn's worker class: `--worker-class cloudmetrics.platform.http_worker.HttpWorker`."""

    CONFIG_KWARGS = {  # noqa: RUF012, the class attribute that uvicorn's worker reads
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        "lifespan": "on",
        # The application itself knows which proxies it trusts, and writes its own log.
        "proxy_headers": False,
        "access_log": False,
        "server_header": False,
    }

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.config.timeout_graceful_shutdown = self.cfg.graceful_timeout
        # What uvicorn has to say goes the way of all logs; a malformed request is no news.
        own = logging.getLogger("uvicorn.error")
        own.propagate = True
        own.setLevel(logging.ERROR)
