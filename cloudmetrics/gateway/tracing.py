"""Gives each request its ids, puts them on the response, and writes one line about it to the log."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterable

from cloudmetrics.contract import ASGIApp, Grant, Operation, Receive, Scope, Send
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.telemetry import Trace, current_trace, log_info

logger = logging.getLogger("cloudmetrics.request")

SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
# W3C Trace Context: later versions may add fields, version 00 may not; ff is none.
TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
NO_TRACE, NO_SPAN = b"0" * 32, b"0" * 16

CLIENT_LEFT = 499

Count = Callable[[Caller, str, int], None]

# Where a request's scope keeps headers for its response, whoever writes that.
ADDED_HEADERS = "gateway.headers"
# Where it keeps what counts requests, for those that stand inside of it.
COUNT = "gateway.count"


class Tracing:
    """The outermost ASGI middleware. `version` is the API's, for the API-Version header.

    `count` hears of each request of somebody who is known: of whom, which operation
    it was, and the status of its answer.
    """

    def __init__(self, app: ASGIApp, version: str, count: Count = lambda *_: None) -> None:
        self.app = app
        self.version = version.encode()
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        trace = begin_trace(scope["headers"])
        headers = self._headers(trace)
        token = current_trace.set(trace)
        scope[COUNT] = self.count
        status = CLIENT_LEFT

        async def send_traced(message: Scope) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = scope.get(ADDED_HEADERS, ())
                message["headers"] = [*message.get("headers", ()), *headers, *added]
            await send(message)

        try:
            await self.app(scope, receive, send_traced)
        except Exception:
            status = 500
            raise
        finally:
            log_request(scope, status, time.perf_counter() - begun)
            grant, operation = scope.get("contract.grant"), scope.get("contract.operation")
            if grant is not None and operation is not None:
                self.count(grant.caller, operation.id, status)
            current_trace.reset(token)

    def _headers(self, trace: Trace) -> list[tuple[bytes, bytes]]:
        return [
            (b"x-request-id", trace.request_id.encode()),
            (b"x-correlation-id", trace.correlation_id.encode()),
            (b"traceparent", trace.traceparent.encode()),
            (b"api-version", self.version),
        ]


def begin_trace(headers: Iterable[tuple[bytes, bytes]]) -> Trace:
    """The ids of a request: those that it brings, where they are sane, else new ones."""
    brought = dict(headers)
    request_id = _sane(brought.get(b"x-request-id")) or str(new_id())
    random = os.urandom(24).hex()
    trace_id, flags = random[:32], "01"
    parent = TRACEPARENT.fullmatch(brought.get(b"traceparent", b""))
    if parent and parent[2] != NO_TRACE and parent[3] != NO_SPAN and not (parent[1] == b"00" and parent[5]):
        trace_id = parent[2].decode()
        # Of the flags, only the first is known here: whether the trace is recorded.
        flags = f"{int(parent[4], 16) & 1:02x}"
    return Trace(
        request_id=request_id,
        correlation_id=_sane(brought.get(b"x-correlation-id")) or request_id,
        trace_id=trace_id,
        span_id=random[32:],
        flags=flags,
    )


def log_request(scope: Scope, status: int, seconds: float) -> None:
    """One line per request: what was asked and how it went, nothing of who asked or what was said."""
    operation: Operation | None = scope.get("contract.operation")
    grant: Grant | None = scope.get("contract.grant")
    log_info(
        logger,
        "request",
        {
            "method": scope["method"],
            "route": operation.path if operation else None,
            "operation_id": operation.id if operation else None,
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
            "workspace_id": grant.caller.tenant.workspace_id if grant else None,
        },
    )


def _sane(value: bytes | None) -> str | None:
    return value.decode() if value is not None and SANE_ID.fullmatch(value) else None
