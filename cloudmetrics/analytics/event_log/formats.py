"""Stored events as files, written piece by piece: NDJSON for people and pipes, Parquet for analysts."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import orjson

from cloudmetrics.analytics.event_log.models import StoredEvent

if TYPE_CHECKING:
    import pyarrow as pa
    from _typeshed import ReadableBuffer as Buffer

Pages = AsyncIterator[list[StoredEvent]]

# Parquet packs well from some 10,000 rows on, and holds them in memory until then.
ROWS_AT_ONCE = 20_000


async def ndjson(pages: Pages) -> AsyncIterator[bytes]:
    """An event per line, as the API shows one."""
    async for events in pages:
        yield b"".join([orjson.dumps(event.to_json(), option=orjson.OPT_APPEND_NEWLINE) for event in events])


async def parquet(pages: Pages) -> AsyncIterator[bytes]:
    """A row per event. What it all is stands at the end, so that half a file is none."""
    # Imported here, since it takes long, and few processes ever write Parquet.
    import pyarrow.parquet as pq

    schema = _schema()
    sink = Sink()
    # Compression leaves the interpreter to others; a thread leaves the event loop to them.
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        rows: list[StoredEvent] = []
        async for events in pages:
            rows += events
            if len(rows) >= ROWS_AT_ONCE:
                await asyncio.to_thread(_write, writer, schema, rows)
                rows = []
                yield sink.take()
        if rows:
            await asyncio.to_thread(_write, writer, schema, rows)
    yield sink.take()


def _write(writer: Any, schema: pa.Schema, events: list[StoredEvent]) -> None:
    import pyarrow as pa

    columns = [[get(event) for event in events] for get in COLUMNS.values()]
    writer.write_table(pa.table(columns, schema=schema))


class Sink(io.RawIOBase):
    """A file that is written and taken away piece by piece, and still knows how long it is as a whole."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Buffer) -> int:
        self._pieces.append(bytes(piece))
        self._length += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        return self._length

    def take(self) -> bytes:
        """What was written since it was last asked."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


# Names and values of the columns. Money and properties are flat, since few tools read nested columns well.
COLUMNS: dict[str, Callable[[StoredEvent], Any]] = {
    "id": lambda event: event.id,
    "name": lambda event: event.name,
    "timestamp": lambda event: event.occurred_at,
    "received_at": lambda event: event.received_at,
    "website_id": lambda event: str(event.website_id),
    "visitor_id": lambda event: event.visitor_id,
    "url": lambda event: event.url,
    "page": lambda event: event.page,
    "referrer": lambda event: event.referrer,
    "source": lambda event: event.source,
    "medium": lambda event: event.medium,
    "campaign": lambda event: event.campaign,
    "device": lambda event: event.device,
    "browser": lambda event: event.browser,
    "system": lambda event: event.system,
    "country": lambda event: event.country,
    "revenue_amount_minor": lambda event: event.revenue_minor,
    "revenue_currency": lambda event: event.currency if event.revenue_minor is not None else None,
    "properties": lambda event: orjson.dumps(event.properties).decode() if event.properties else None,
}


def _schema() -> pa.Schema:
    """Texts, but for moments (UTC, microseconds) and whole numbers."""
    import pyarrow as pa

    special = {
        "timestamp": pa.timestamp("us", tz="UTC"),
        "received_at": pa.timestamp("us", tz="UTC"),
        "revenue_amount_minor": pa.int64(),
    }
    return pa.schema([(name, special.get(name, pa.string())) for name in COLUMNS])
