"""The process that speaks HTTP: uvicorn's protocol under gunicorn's supervision.

uvicorn leaves to a proxy what a server on the open internet needs, and it is
added here: what is received besides bodies has bounds in size and in time,
answers keep the order of their requests, a client that shuts its sending side
after a whole request gets its answer, and no work goes on for one that left.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from gunicorn.sock import ssl_context as gunicorn_ssl_context
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

# The bounds of a request's head: its target, its number of fields, and how long it may take.
MAX_TARGET = 8190
MAX_FIELDS = 100
HEAD_SECONDS = 10.0
# What may be received of one request besides its body: heads, trailers, the framing of chunks. A
# single read brings up to 256 KB, and a body in chunks of one byte has six times its size.
MAX_OVERHEAD = 320 * 1024
OVERHEAD_PER_BYTE = 8
# How many requests may wait behind the one that is being answered.
MAX_WAITING = 100
# How long work goes on for a client that left; one that only shut its sending side looks the same.
PATIENCE_SECONDS = 3.0
# The parser also takes a line without a version, for HTTP 0.9.
VERSIONS = ("1.1", "1.0")


class Refused(Exception):
    """A request's head is not one that is served. It stops the parser."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._application, self.app = self.app, self._serve
        self._work: asyncio.Task[None] | None = None
        self._gone = False
        self._refusal = HTTPStatus.BAD_REQUEST
        self._in_head = False
        self._received = self._in_body = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)
        if self._work is not None:
            self.loop.call_later(PATIENCE_SECONDS, self._give_up)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether to keep the connection: as long as a whole request waits for its answer.

        Who shuts the sending side in the midst of an answer in pieces has most likely left.
        """
        cycle = self.cycle
        # TLS knows no half-closed connections.
        if cycle is None or cycle.more_body or cycle.response_started or self.scheme == "https":
            return False
        cycle.keep_alive = False
        self.loop.call_later(PATIENCE_SECONDS, self._give_up)
        return True

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle = self.cycle
        if self._in_head or cycle is None or cycle.response_complete:
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
        elif self._head_timer is not None:
            self._stop_timer()
        self._received += len(data)
        if self._received > MAX_OVERHEAD and not self.transport.is_closing():
            self._judge_overhead()

    def on_message_begin(self) -> None:
        self._in_head, self._received, self._in_body = True, 0, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # Trailers come when the request has been judged by its head already.
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) > MAX_TARGET:
            self._refusal = HTTPStatus.REQUEST_URI_TOO_LONG
            raise Refused
        if len(self.headers) > MAX_FIELDS:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise Refused
        version = self.parser.get_http_version()
        if version not in VERSIONS or len(self.pipeline) >= MAX_WAITING:
            raise Refused
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            raise Refused  # RFC 9112, 3.2: whoever stands between may have read another one.
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._in_body += len(body)
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuses, for the reason that was found, what is no request or too large a one."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False  # The requests before this one are answered, and then it ends.
                return
            if cycle.response_started:
                self.transport.close()
                return
        status = self._refusal
        lines = [f"HTTP/1.1 {status} {status.phrase}", "content-length: 0", "connection: close", "", ""]
        self.transport.write("\r\n".join(lines).encode())
        self.transport.close()

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        self._work = work = asyncio.current_task()
        try:
            await self._application(scope, receive, send)
        except asyncio.CancelledError:
            if not self._gone:
                raise
        finally:
            if self._work is work:  # The connection's next request may have begun already.
                self._work = None

    def _give_up(self) -> None:
        self._gone = True
        self.transport.close()
        if self._work is not None:
            self.cycle.disconnected = True
            self._work.cancel()

    def _judge_overhead(self) -> None:
        if self._received > MAX_OVERHEAD + (1 + OVERHEAD_PER_BYTE) * self._in_body:
            if self._in_head:
                self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.send_400_response(self._refusal.phrase)

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
        if self.cfg.is_ssl:
            # uvicorn would make a context of its own, and never ask for the one of gunicorn's settings.
            self.config.ssl_context_factory = lambda *_: gunicorn_ssl_context(self.cfg)
        # What uvicorn has to say goes the way of all logs; a malformed request is no news.
        own = logging.getLogger("uvicorn.error")
        own.propagate = True
        own.setLevel(logging.ERROR)
