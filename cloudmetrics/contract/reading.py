"""Reading a body off the wire: counted, decompressed and timed while it comes in."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable

from cloudmetrics.contract.errors import MalformedBody, PayloadTooLarge, RequestTimeout, UnsupportedMediaType
from cloudmetrics.contract.http import Request
from cloudmetrics.contract.waiting import within

# How long a sender may take for a whole body, and how much of a body that is too
# large is still taken in, so that a client which writes before it reads gets the answer.
BODY_SECONDS = 30.0
DRAIN_SECONDS = 5.0
DRAIN_BYTES = 64 * 2**20
# How many streams a gzip body may consist of. To begin one takes 12 µs, and an empty one has 20 bytes;
# programs that write several begin one every 64 KB.
MAX_MEMBERS = 10_000


class ClientDisconnected(Exception):
    """The client went away in the middle of its request; nobody waits for an answer."""


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, decompressed. Raises PayloadTooLarge, RequestTimeout, MalformedBody."""
    if request.headers.get("content-length") == "0":
        return b""
    try:
        return await within(BODY_SECONDS, _read(request, limit))
    except TimeoutError:
        raise RequestTimeout(BODY_SECONDS) from None


async def stream_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces as they come, decompressed, counted against `limit`."""
    unpack = _unpacker(request, limit)
    size, packed, more = 0, 0, True
    while more:
        try:
            piece, more = await within(BODY_SECONDS, _receive(request))
        except TimeoutError:
            raise RequestTimeout(BODY_SECONDS) from None
        packed += len(piece)
        piece = unpack(piece, more)
        size += len(piece)
        # Both count, since a gzip of empty members never unpacks to anything.
        if max(size, packed) > limit:
            await _drain(request, more)
            raise PayloadTooLarge(limit)
        if piece:
            yield piece


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    # Twenty digits are more than any limit has, and int() takes no thousands of them.
    if declared.isdecimal() and int(declared[:20]) > limit:
        await _drain(request, True)
        raise PayloadTooLarge(limit)
    unpack = _unpacker(request, limit)
    piece, more = await _receive(request)
    body = unpack(piece, more)
    packed = len(piece)
    if more:
        pieces = [body]
        size = len(body)
        # Both count, since a gzip of empty members never unpacks to anything.
        while more and max(size, packed) <= limit:
            piece, more = await _receive(request)
            pieces.append(unpack(piece, more))
            size, packed = size + len(pieces[-1]), packed + len(piece)
        body = b"".join(pieces)
    if max(len(body), packed) > limit:
        await _drain(request, more)
        raise PayloadTooLarge(limit)
    return body


async def _receive(request: Request) -> tuple[bytes, bool]:
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnected
    return message.get("body", b""), message.get("more_body", False)


async def _drain(request: Request, more: bool) -> None:
    """Take in and forget what is still on its way, within bounds."""
    left = DRAIN_BYTES
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while more and left > 0:
                piece, more = await _receive(request)
                left -= len(piece)
    except (TimeoutError, ClientDisconnected):
        return


class _Unpacker:
    """Decompresses piece by piece, never more than one byte over the limit."""

    def __init__(self, limit: int) -> None:
        self.stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.left = limit + 1
        self.members = 1

    def __call__(self, piece: bytes, more: bool) -> bytes:
        """What `piece` unpacks to. Raises MalformedBody, also where it is the last one and should not be."""
        unpacked = b""
        while piece and self.left > 0:
            if self.stream.eof:
                # A gzip stream may consist of several, one behind the other.
                self.stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
                self.members += 1
                if self.members > MAX_MEMBERS:
                    raise MalformedBody(f"The body is gzip of more than {MAX_MEMBERS:,} streams.")
            try:
                part = self.stream.decompress(piece, self.left)
            except zlib.error:
                raise MalformedBody("The body is not gzip, as its Content-Encoding says.") from None
            self.left -= len(part)
            unpacked += part
            piece = self.stream.unused_data
        if not (more or self.stream.eof) and self.left > 0:
            raise MalformedBody("The body is gzip that ends too early.")
        return unpacked


def _as_it_is(piece: bytes, _more: bool) -> bytes:
    return piece


def _unpacker(request: Request, limit: int) -> Callable[[bytes, bool], bytes]:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return _as_it_is
    if encoding in ("gzip", "x-gzip"):
        return _Unpacker(limit)
    raise UnsupportedMediaType(
        f"The content encoding {encoding[:40]} is not supported.", headers={"accept-encoding": "gzip"}
    )
