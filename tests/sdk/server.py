"""A server that does what a case says, however bad, and remembers what it was asked.

Each case has an address of its own, `/<name>`, below which it finds whatever path it asks for. It speaks
HTTP/1.1 by hand, since no server of others is able to send half an answer.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Exchange = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived. `at` is by a clock that only counts seconds."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass(slots=True)
class Script:
    """What is to be done for a case, and what it has asked so far."""

    exchanges: Sequence[Exchange]
    requests: list[Request] = field(default_factory=list)


class Server:
    """Answers cases by their scripts. `play` sets a script, `seen` tells what was asked."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self.url = ""

    def play(self, name: str, exchanges: Sequence[Exchange]) -> str:
        """The address at which the script is played."""
        self._scripts[name] = Script(exchanges)
        return f"{self.url}/{name}"

    def seen(self, name: str) -> list[Request]:
        return self._scripts[name].requests

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One exchange; whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = start.split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (each.partition(":") for each in lines)
            if name
        }
        body = await _body(reader, headers)
        parts = urlsplit(target)
        name, _, path = parts.path.removeprefix("/").partition("/")
        script = self._scripts.get(unquote(name))
        if script is None:
            await _answer(writer, {"status": 404, "headers": {}, "chunks": ["there is no such case"]})
            return True
        query = parse_qsl(parts.query, keep_blank_values=True)
        script.requests.append(Request(method, f"/{path}", query, headers, body, time.monotonic()))
        number = len(script.requests) - 1
        if number >= len(script.exchanges):
            await _answer(writer, {"status": 418, "headers": {}, "chunks": ["one request too many"]})
            return True
        return await _perform(writer, script.exchanges[number])


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def _perform(writer: asyncio.StreamWriter, exchange: Exchange) -> bool:
    """Does what the exchange says; whether the connection goes on."""
    await asyncio.sleep(exchange.get("delay", 0))
    if exchange.get("drop"):
        return False
    if exchange.get("reset"):
        # Without lingering, closing resets.
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        return False
    return await _answer(writer, exchange)


async def _answer(writer: asyncio.StreamWriter, exchange: Exchange) -> bool:
    status = exchange.get("status", 200)
    chunks = [each.encode() for each in exchange.get("chunks", ())]
    if "base64" in exchange:
        chunks = [base64.b64decode(exchange["base64"])]
    streams, cut = len(chunks) > 1, exchange.get("cut")
    headers = dict(exchange["headers"])
    if streams:
        headers["Transfer-Encoding"] = "chunked"
    elif status not in (204, 304):
        headers["Content-Length"] = str(sum(map(len, chunks)))
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Odd"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    left = cut if cut is not None else float("inf")
    for chunk in chunks:
        part = chunk[: int(min(left, len(chunk)))]
        left -= len(part)
        if part or not streams:
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n" if streams else part)
        await writer.drain()
        if left <= 0:
            return False
        await asyncio.sleep(exchange.get("pause", 0))
    if cut is not None:
        return False
    if streams:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return bool(exchange.get("keep_alive", True))


@contextmanager
def serving(port: int = 0) -> Iterator[Server]:
    """The server, in a thread of its own, for the time of the block."""
    server, loop = Server(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="suite-server", daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(server._connected, "127.0.0.1", port, limit=2**20)

    listening = asyncio.run_coroutine_threadsafe(start(), loop).result()
    host, number = listening.sockets[0].getsockname()[:2]
    server.url = f"http://{host}:{number}"
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listening), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(listening: asyncio.Server) -> None:
    listening.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
