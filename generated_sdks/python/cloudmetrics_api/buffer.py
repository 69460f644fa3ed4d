"""Events one by one, sent in batches in the background, and none of them lost on the way."""

from __future__ import annotations

import asyncio
import atexit
import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakSet

from . import errors
from .calls import Call, to_json
from .flow import Answer

if TYPE_CHECKING:
    from .client import CloudMetrics
    from .generated.params import EventCreate

# What the API takes in one batch.
MOST_EVENTS = 1000
MOST_BYTES = 4 * 1024 * 1024
LONGEST_PAUSE = 30.0
# Statuses that the same batch will not meet again: the server is busy, or broken for a while.
PASSING = frozenset({408, 409, 425, 429})

_open: WeakSet[EventsBuffer] = WeakSet()


class EventsBuffer:
    """Takes events at once and sends them soon: a batch of `batch_size`, or all there are every `interval`
    seconds. Threads may share one. Close it, or leave its `with` block, and everything is sent; so it is
    when the program ends.

    An event without `id` gets one, so that a batch that is sent twice counts once, and one without
    `timestamp` has just happened. A batch that fails in passing is sent again until it is through. When
    `capacity` events wait, `add` waits too, rather than lose any.

    `on_rejected` is called with each receipt of an event that the server would not take, and `on_failure`
    with the error and the events of a batch that it will never take, such as with a revoked key; both in
    the buffer's thread. Without `on_failure`, `flush` and `close` raise the error.
    """

    def __init__(
        self,
        client: CloudMetrics,
        *,
        batch_size: int = 500,
        interval: float = 1.0,
        capacity: int = 50_000,
        on_rejected: Callable[[Mapping[str, Any]], object] | None = None,
        on_failure: Callable[[errors.CloudMetricsError, list[Any]], object] | None = None,
    ) -> None:
        if not 1 <= batch_size <= MOST_EVENTS or capacity < batch_size:
            raise ValueError(f"a batch has 1 to {MOST_EVENTS} events, and the buffer holds at least a batch")
        # What the client itself repeats would only hide from the buffer how the server is.
        self._client = client.with_options(max_retries=0)
        self._delay = client.patience.delay
        self._batch_size, self._interval, self._capacity = batch_size, interval, capacity
        self._on_rejected, self._on_failure = on_rejected, on_failure
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._in_flight = 0
        self._flushing = 0
        self._closed = False
        self._error: errors.CloudMetricsError | None = None
        self.accepted = self.duplicates = self.rejected = 0
        self._thread = threading.Thread(target=self._work, name="cloudmetrics-events", daemon=True)
        self._thread.start()
        _open.add(self)

    def add(self, event: EventCreate | Mapping[str, Any]) -> None:
        """Takes an event. Waits only while the buffer is full. Raises BufferClosed, TypeError, ValueError."""
        whole = {**event}
        whole.setdefault("id", str(uuid4()))
        whole.setdefault("timestamp", datetime.now(UTC))
        line = to_json(whole)
        with self._changed:
            while self.is_full and not self._closed:
                self._changed.wait()
            if self._closed:
                raise errors.BufferClosed("the buffer was closed; this event was not taken")
            self._waiting.append(line)
            if len(self._waiting) == self._batch_size:
                self._changed.notify_all()

    def flush(self, timeout: float | None = None) -> None:
        """Waits until all events so far are sent. Raises TimedOut, and what the server said no with."""
        ends = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            self._flushing += 1
            self._changed.notify_all()
            try:
                while self._waiting or self._in_flight:
                    left = None if ends is None else ends - time.monotonic()
                    if left is not None and left <= 0:
                        count = len(self._waiting) + self._in_flight
                        raise errors.TimedOut(f"{count} events are still to be sent after {timeout:g} s")
                    self._changed.wait(left)
            finally:
                self._flushing -= 1
            error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self, timeout: float | None = 30.0) -> None:
        """Sends what is there, and ends. Raises what `flush` raises."""
        try:
            self.flush(timeout)
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            _open.discard(self)

    def __repr__(self) -> str:
        counts = f"{self.accepted} accepted, {self.duplicates} duplicates, {self.rejected} rejected"
        return f"<EventsBuffer: {len(self)} waiting, {counts}>"

    def __enter__(self) -> EventsBuffer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many events are not through yet."""
        return len(self._waiting) + self._in_flight

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self._capacity

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            self._deliver(batch)
            with self._changed:
                self._in_flight = 0
                self._changed.notify_all()

    def _next_batch(self) -> list[bytes] | None:
        """The next events, as soon as there are enough or it is time; None once it is closed and empty."""
        with self._changed:
            ends = time.monotonic() + self._interval
            while len(self._waiting) < self._batch_size and not (self._waiting and self._flushing):
                if self._closed and not self._waiting:
                    return None
                left = ends - time.monotonic()
                if left <= 0:
                    if self._waiting:
                        break
                    ends = time.monotonic() + self._interval
                    continue
                self._changed.wait(left)
            batch: list[bytes] = []
            size = 0
            while self._waiting and len(batch) < self._batch_size:
                size += len(self._waiting[0]) + 1
                if batch and size > MOST_BYTES:
                    break
                batch.append(self._waiting.popleft())
            self._in_flight = len(batch)
            self._changed.notify_all()
            return batch

    def _deliver(self, batch: list[bytes]) -> None:
        """Sends a batch until it is through, or until it is clear that it never will be."""
        body = b'{"events":[' + b",".join(batch) + b"]}"
        call = Call("POST", "/v1/events", content=body, repeatable=True)
        attempt = 0
        while True:
            try:
                self._receive(self._client.send(call))
                return
            except errors.CloudMetricsError as error:
                if not passing(error) or self._closed:
                    self._fail(error, batch)
                    return
                pause = getattr(error, "retry_after", None)
                if pause is None:
                    pause = random.uniform(0, min(LONGEST_PAUSE, self._delay * 2.0**attempt))  # noqa: S311
            attempt += 1
            with self._changed:
                self._changed.wait_for(lambda: self._closed, pause)

    def _receive(self, answer: Answer) -> None:
        data = answer.json().get("data")
        receipts = data if isinstance(data, dict) else {}
        self.accepted += int(receipts.get("accepted", 0))
        self.duplicates += int(receipts.get("duplicates", 0))
        self.rejected += int(receipts.get("rejected", 0))
        if self._on_rejected is not None and receipts.get("rejected"):
            for receipt in receipts.get("receipts", ()):
                if receipt.get("status") == "REJECTED":
                    self._on_rejected(receipt)

    def _fail(self, error: errors.CloudMetricsError, batch: list[bytes]) -> None:
        if self._on_failure is None:
            self._error = error
        else:
            self._on_failure(error, [json.loads(event) for event in batch])


class AsyncEventsBuffer:
    """An EventsBuffer whose `add`, `flush` and `close` are awaited. The loop never waits."""

    def __init__(self, client: CloudMetrics, **options: Any) -> None:
        self._client = client
        self._buffer = EventsBuffer(client, **options)

    async def add(self, event: EventCreate | Mapping[str, Any]) -> None:
        """Takes an event. Waits only while the buffer is full. Raises BufferClosed, TypeError, ValueError."""
        if self._buffer.is_full:
            await asyncio.to_thread(self._buffer.add, event)
        else:
            self._buffer.add(event)

    async def flush(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - it waits in a thread.
        """Waits until all events so far are sent. Raises TimedOut, and what the server said no with."""
        await asyncio.to_thread(self._buffer.flush, timeout)

    async def close(self, timeout: float | None = 30.0) -> None:  # noqa: ASYNC109
        """Sends what is there, and ends. Raises what `flush` raises."""
        try:
            await asyncio.to_thread(self._buffer.close, timeout)
        finally:
            self._client.close()

    async def __aenter__(self) -> AsyncEventsBuffer:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def accepted(self) -> int:
        return self._buffer.accepted

    @property
    def duplicates(self) -> int:
        return self._buffer.duplicates

    @property
    def rejected(self) -> int:
        return self._buffer.rejected


def passing(error: errors.CloudMetricsError) -> bool:
    """Whether the same batch may be taken later."""
    if isinstance(error, errors.APIError):
        return error.status in PASSING or error.status >= 500
    return isinstance(error, errors.ConnectionFailed | errors.InvalidAnswer)


@atexit.register
def _flush_all() -> None:
    """What waits when the program ends is sent, for as long as `close` would wait."""
    for buffer in list(_open):
        try:
            buffer.close()
        except errors.CloudMetricsError:
            # Nobody is left to be told.
            continue
