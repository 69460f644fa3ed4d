"""Tells whoever uses what ends since when it is deprecated (RFC 9745), and its last day (RFC 8594)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

import orjson

from cloudmetrics.contract import Deprecation, Request
from cloudmetrics.gateway.tracing import ADDED_HEADERS


class Deprecations:
    """What ends, by operationId. `docs` is the address of the reference."""

    def __init__(self, ending: Mapping[str, Sequence[Deprecation]], docs: str) -> None:
        self._ending = ending
        self._docs = docs

    def tell(self, request: Request) -> None:
        """Adds headers to the answer, where the request makes use of something that ends."""
        assert request.operation is not None
        ending = self._ending.get(request.operation.id)
        if ending is None:
            return
        body: Any = None
        with suppress(orjson.JSONDecodeError):
            body = orjson.loads(request.body)
        used = [each for each in ending if each.concerns(request, body)]
        if used:
            headers = self._headers(request.operation.id, used)
            request.scope[ADDED_HEADERS] = [*request.scope.get(ADDED_HEADERS, ()), *headers]

    def _headers(self, operation_id: str, used: Sequence[Deprecation]) -> list[tuple[bytes, bytes]]:
        """What ended first, and what will be gone first."""
        since = _moment(min(each.since for each in used))
        headers = [
            (b"deprecation", f"@{since.timestamp():.0f}".encode()),
            (b"link", f'<{self._docs}#{operation_id}>; rel="deprecation"; type="text/html"'.encode()),
        ]
        sunsets = [each.sunset for each in used if each.sunset is not None]
        if sunsets:
            headers.append((b"sunset", format_datetime(_moment(min(sunsets)), usegmt=True).encode()))
        return headers


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
