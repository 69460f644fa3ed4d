"""Loads a server over HTTP: some connections, each sending its next request when the last is answered.

Small on purpose. It sends ready-made requests and reads no more of an answer
than its status and its end, so that it costs far less than any server does;
`Sample.busy` shows that.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import cast

import uvloop

CONNECTIONS = 32
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
CHUNKED = b"\r\ntransfer-encoding: chunked"
LAST_CHUNK = b"0\r\n\r\n"


class LoadFailed(Exception):
    """A server answered something else than was expected, or closed a connection."""


@dataclass(frozen=True)
class Sample:
    """One turn. Latencies are in milliseconds; `busy` is the share of a core that the load itself took."""

    requests: int
    rate: float  # requests per second
    p50: float
    p95: float
    p99: float
    busy: float


@dataclass
class _Run:
    requests: Iterator[bytes]
    until: float
    done: asyncio.Event
    status: int = 200
    latencies: list[float] = field(default_factory=list)
    open_connections: int = 0
    problem: str = ""


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._answer = b""
        self._transport: asyncio.Transport
        self._started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._run.open_connections += 1
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not is_whole(self._answer):
            return
        now = time.perf_counter()
        self._run.latencies.append(now - self._started)
        if not self._answer.startswith(b"HTTP/1.1 %d" % self._run.status):
            self._run.problem = self._answer[:500].decode("latin-1")
            self._run.until = 0.0
        self._answer = b""
        if now < self._run.until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self._run.until:
            self._run.problem = f"a connection was closed early ({exc})"
        self._run.open_connections -= 1
        if self._run.open_connections == 0:
            self._run.done.set()

    def _send(self) -> None:
        request = next(self._run.requests, None)
        if request is None:
            self._run.until = 0.0
            self._transport.close()
            return
        self._started = time.perf_counter()
        self._transport.write(request)


def is_whole(answer: bytes) -> bool:
    """Whether these bytes are a whole response with a length or in chunks."""
    end = answer.find(HEAD_END)
    if end < 0:
        return False
    if answer.startswith(b"HTTP/1.1 304"):
        return True
    head = answer[:end].lower()
    at = head.find(LENGTH)
    if at < 0:
        return CHUNKED in head and answer.endswith(LAST_CHUNK)
    length = int(head[at + len(LENGTH) :].split(b"\r", 1)[0])
    return len(answer) >= end + len(HEAD_END) + length


def request_bytes(path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    """A GET, or a POST of the JSON body."""
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + HEAD_END + (body or b"")


def measure(
    port: int,
    request: bytes | Iterator[bytes],
    seconds: float,
    connections: int = CONNECTIONS,
    status: int = 200,
) -> Sample:
    """Loads 127.0.0.1:`port` for some seconds, or until all requests are sent.

    The same request again and again, or each of several once. Raises LoadFailed
    for an answer of another status.
    """
    requests = repeat(request) if isinstance(request, bytes) else request
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(port, requests, seconds, connections, status))


async def _measure(
    port: int, requests: Iterator[bytes], seconds: float, connections: int, status: int
) -> Sample:
    loop = asyncio.get_running_loop()
    started, worked = time.perf_counter(), time.process_time()
    run = _Run(requests, started + seconds, asyncio.Event(), status)
    opening = [
        loop.create_connection(lambda: _Connection(run), "127.0.0.1", port) for _ in range(connections)
    ]
    await asyncio.gather(*opening)
    async with asyncio.timeout(seconds + 30):
        await run.done.wait()
    took, worked = time.perf_counter() - started, time.process_time() - worked
    if run.problem:
        raise LoadFailed(run.problem)
    ordered = sorted(run.latencies)
    p50, p95, p99 = (1000 * ordered[int(len(ordered) * share)] for share in (0.5, 0.95, 0.99))
    return Sample(len(ordered), len(ordered) / took, p50, p95, p99, worked / took)
