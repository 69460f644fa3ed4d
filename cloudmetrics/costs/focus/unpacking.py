"""From the pieces of a file, plain or gzip, to its lines. What it holds of either is bounded."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from cloudmetrics.costs.focus.models import FileUnfit

GZIP = 16 + zlib.MAX_WBITS
GZIP_MAGIC = b"\x1f\x8b"
PIECE = 2**20
LONGEST_LINE = 2**18
# A bill of the most rows that are taken has room in it; a bomb has not.
MOST_BYTES = 2**34


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines without their line feeds. Of one that is too long only a bit too much is given.

    Raises FileUnfit for broken gzip, and for a file that unpacks to too much.
    """
    rest = b""
    size = 0
    for piece in unpacked(pieces):
        size += len(piece)
        if size > MOST_BYTES:
            raise FileUnfit("TOO_LARGE", f"The file unpacks to more than {MOST_BYTES:,} bytes.")
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        rest = rest[: LONGEST_LINE + 1]
    if rest:
        yield rest


def unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a file, in pieces that are not much larger than those of the file."""
    pieces = iter(pieces)
    first = next(pieces, b"")
    whole = chain([first], pieces)
    return _gunzipped(whole) if first.startswith(GZIP_MAGIC) else whole


def _gunzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(wbits=GZIP)
    for piece in pieces:
        left: bytes | None = piece
        while left is not None:
            if stream.eof:
                # A gzip file may consist of several, one behind the other, or have zeros behind it.
                left = left.lstrip(b"\0")
                if not left:
                    break
                stream = zlib.decompressobj(wbits=GZIP)
            try:
                part = stream.decompress(left, PIECE)
            except zlib.error:
                raise FileUnfit("BROKEN_GZIP", "The file begins as gzip, but is damaged.") from None
            if part:
                yield part
            left = stream.unused_data if stream.eof else stream.unconsumed_tail
            if not left and len(part) < PIECE:
                left = None
    if not stream.eof:
        raise FileUnfit("BROKEN_GZIP", "The file is gzip that ends too early.")
