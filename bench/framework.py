"""The frameworks alone: the same requests straight into each ASGI application, without a web server.

Under a server its HTTP parsing is a part of every request, the same for all, and
brings all ratios closer to 1. This shows what the framework itself costs.
"""

import asyncio
import gc
import importlib
import statistics
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvloop

from bench.engine import BARS, NO_FRAMEWORK, OURS, PEERS
from bench.peers.data import GET_PATH, POST_BODY, POST_PATH, SMALL_GET_PATH
from bench.report import Figure, against_bar

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

OPERATIONS = {
    "validated GET of a page of 100": ("GET", GET_PATH, b""),
    "validated GET of 10 rows": ("GET", SMALL_GET_PATH, b""),
    "validated POST of 100 events": ("POST", POST_PATH, POST_BODY),
}


class WrongAnswer(Exception):
    """An application answered something else than 200."""


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """A table per operation."""
    apps = {name: load(address) for name, address in PEERS.items() if name != NO_FRAMEWORK}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return [
            _figure(title, runner.run(alternate(apps, request, rounds, seconds, tell)))
            for title, request in OPERATIONS.items()
        ]


def load(address: str) -> App:
    module, _, name = address.partition(":")
    app: App = getattr(importlib.import_module(module), name)
    return app


async def alternate(
    apps: dict[str, App],
    request: tuple[str, str, bytes],
    rounds: int,
    seconds: float,
    tell: Callable[[str], None],
) -> dict[str, list[float]]:
    """Microseconds of processor time per request, a value per round."""
    costs: dict[str, list[float]] = {name: [] for name in apps}
    for number in range(rounds):
        for name, app in apps.items():
            tell(f"round {number + 1} of {rounds}: {name}")
            gc.collect()
            await _ask(app, request)
            until, count, worked = time.perf_counter() + seconds / 3, 0, time.process_time()
            while time.perf_counter() < until:
                await _ask(app, request)
                count += 1
            costs[name].append(1e6 * (time.process_time() - worked) / count)
    return costs


async def _ask(app: App, request: tuple[str, str, bytes]) -> None:
    method, target, body = request
    path, _, query = target.partition("?")
    headers = [(b"host", b"127.0.0.1"), (b"accept", b"*/*")]
    if body:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8080),
    }
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    if status != 200:
        raise WrongAnswer(f"{method} {target} answered {status}")


def _figure(title: str, costs: dict[str, list[float]]) -> Figure:
    table = Figure(f"The framework alone, {title}", ["", "CPU µs", "ours ×", "bar"])
    for name, values in costs.items():
        row = [name, f"{statistics.median(values):,.1f}", "", ""]
        if name != OURS:
            ratio = statistics.median(theirs / own for theirs, own in zip(values, costs[OURS], strict=True))
            row[2] = f"{ratio:.2f}"
            row[3] = against_bar(ratio, BARS[name]) if name in BARS else ""
        table.rows.append(row)
    return table
