"""One connection to a Redis, which all callers of a process share.

What is asked at the same time travels together, and answers come in the order of
the questions. docs/adr/0037-a-redis-client-of-our-own.md says why it is not redis-py's.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection

Command = tuple[str | int | bytes, ...]

# Its stub takes a tuple of one.
pack: Callable[[Command], bytes] = cast("Any", hiredis.pack_command)

# Neither answers nor connections are waited for any longer.
ANSWER_SECONDS = 0.5
IDLE_SECONDS = 30
# What the reader says while an answer is not all there.
UNFINISHED = object()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a Redis is, and what it is told first: who we are, and which database is meant."""

    host: str
    port: int
    path: str | None
    tls: ssl.SSLContext | None
    greeting: tuple[Command, ...]

    @classmethod
    def of(cls, url: str) -> Target:
        """Reads a URL as redis-py does. Raises ValueError, redis.RedisError."""
        # It only holds what the URL says, and never connects.
        read: Any = cast("Any", ConnectionPool.from_url(url)).make_connection()
        greeting: list[Command] = []
        if read.username:
            greeting.append(("AUTH", read.username, read.password or ""))
        elif read.password:
            greeting.append(("AUTH", read.password))
        if read.db:
            greeting.append(("SELECT", read.db))
        if isinstance(read, UnixDomainSocketConnection):
            return cls("", 0, read.path, None, tuple(greeting))
        tls = read.ssl_context.get() if isinstance(read, SSLConnection) else None
        return cls(read.host, read.port, None, tls, tuple(greeting))

    def at(self, host: str, port: int) -> Target:
        """Another node of the same cluster."""
        return replace(self, host=host or self.host, port=port, path=None)


class Link:
    """A connection that is opened when it is needed, and again when it was lost."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._wire: _Wire | None = None
        self._opening: asyncio.Task[_Wire] | None = None

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The answers to some commands, each of which may be a hiredis.ReplyError.

        Raises OSError, of which TimeoutError is one, and ReplyError where Redis lets nobody in.
        """
        try:
            return await (await self._opened()).ask(commands)
        except ConnectionError:
            # It died while nobody used it, or Redis was started anew: there is another try, at once.
            return await (await self._opened()).ask(commands)

    def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        if self._wire is not None:
            self._wire.end(ConnectionAbortedError("The connection was closed."))

    async def _opened(self) -> _Wire:
        if self._wire is not None and self._wire.is_open:
            return self._wire
        if self._opening is None:
            self._opening = asyncio.ensure_future(_open(self.target))
            self._opening.add_done_callback(self._was_opened)
        # Who leaves must not take the connection away from the others.
        return await asyncio.shield(self._opening)

    def _was_opened(self, opening: asyncio.Task[_Wire]) -> None:
        self._opening = None
        if not opening.cancelled() and opening.exception() is None:
            self._wire = opening.result()


async def _open(target: Target) -> _Wire:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(ANSWER_SECONDS):
        if target.path is not None:
            _, wire = await loop.create_unix_connection(_Wire, target.path)
        else:
            _, wire = await loop.create_connection(_Wire, target.host, target.port, ssl=target.tls)
    refusals = [each for each in await wire.ask(target.greeting) if isinstance(each, hiredis.ReplyError)]
    if refusals:
        wire.end(refusals[0])
        raise refusals[0]
    return wire


class _Asked:
    """Commands that were sent, and what was answered so far."""

    __slots__ = ("answers", "future", "number")

    def __init__(self, number: int, future: asyncio.Future[list[Any]]) -> None:
        self.number = number
        self.future = future
        self.answers: list[Any] = []


class _Wire(asyncio.Protocol):
    """One connection, which ends with the first thing that goes wrong on it: whatever came after an
    answer that was given up would be taken for that.
    """

    def __init__(self) -> None:
        self.is_open = False
        self._asked: deque[_Asked] = deque()
        self._reader = hiredis.Reader(notEnoughData=UNFINISHED)
        self._loop = asyncio.get_running_loop()

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        if not commands:
            return []
        if not self.is_open:
            raise ConnectionResetError("The connection was lost.")
        asked = _Asked(len(commands), self._loop.create_future())
        # Who leaves before the answers come leaves this behind, so that nobody else is given them.
        self._asked.append(asked)
        self._transport.write(b"".join(map(pack, commands)))
        timer = self._loop.call_later(ANSWER_SECONDS, self.end, TimeoutError("There was no answer in time."))
        try:
            return await asked.future
        finally:
            timer.cancel()

    def end(self, error: Exception) -> None:
        self.is_open = False
        self._transport.abort()
        while self._asked:
            future = self._asked.popleft().future
            if not future.done():
                future.set_exception(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True
        _keep_alive(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (answer := self._reader.gets()) is not UNFINISHED:
                self._take(answer)
        except (hiredis.ProtocolError, IndexError):
            self.end(ConnectionError("Redis said what nobody asked for."))

    def connection_lost(self, error: Exception | None) -> None:
        self.end(error or ConnectionResetError("The connection was lost."))

    def _take(self, answer: Any) -> None:
        asked = self._asked[0]
        asked.answers.append(answer)
        if len(asked.answers) == asked.number:
            self._asked.popleft()
            if not asked.future.done():
                asked.future.set_result(asked.answers)


def _keep_alive(connection: socket.socket) -> None:
    """Keeps whatever stands between from forgetting a connection that nobody uses for a while."""
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE_SECONDS)
