"""Server-Sent Events, as an iterator that goes on where a broken connection left off."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import driving, errors
from .calls import Call

if TYPE_CHECKING:
    from .client import AsyncCloudMetrics, CloudMetrics

MEDIA_TYPE = "text/event-stream"
NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """An event of a stream. `id` is what the stream goes on from."""

    event: str
    data: str
    id: str | None

    def json(self) -> Any:
        """The data, read as JSON. Raises ValueError where it is none."""
        return json.loads(self.data)


class Parser:
    """Makes events of the bytes of a stream, however they are cut."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.retry: float | None = None
        self._rest = b""
        self._first = True
        self._event = ""
        self._data: list[str] = []
        self._id: str | None = None

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """The events that are whole with this chunk."""
        text = self._rest + chunk
        if self._first and len(text) >= 3:
            text, self._first = text.removeprefix(b"\xef\xbb\xbf"), False
        # A lone \r ends a line as well, unless \n may still follow it.
        held = text.endswith(b"\r")
        lines = (text[:-1] if held else text).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + (b"\r" if held else b"")
        for line in lines:
            if (event := self._line(line.decode("utf-8", "replace"))) is not None:
                yield event

    def begin(self) -> None:
        """A new connection begins: half an event of the last one is none."""
        self._rest, self._first = b"", True
        self._event, self._data, self._id = "", [], self.last_id

    def _line(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value) / 1000
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        event, data = self._event, self._data
        self._event, self._data, self.last_id = "", [], self._id
        return ServerSentEvent(event or "message", "\n".join(data), self.last_id) if data else None


class _Resuming:
    """What both streams know: where they are, and how often they failed in a row."""

    def __init__(self, call: Call, max_retries: int) -> None:
        self.call = replace(call, accept=MEDIA_TYPE)
        self.parser = Parser()
        self._left = self._max = max_retries

    def next_call(self) -> Call:
        self.parser.begin()
        if self.parser.last_id is None:
            return self.call
        return replace(self.call, headers={**(self.call.headers or {}), "last-event-id": self.parser.last_id})

    def progress(self) -> None:
        self._left = self._max

    def failed(self, error: errors.ConnectionFailed, pause: float) -> float:
        """For how long to wait before going on. Raises the error once there were too many in a row."""
        if self._left <= 0:
            raise error
        self._left -= 1
        return pause if self.parser.retry is None else self.parser.retry


class EventStream:
    """Events as they come. A connection that breaks is made anew, from the last event on; a stream that
    the server ends is over.

    Close it, or leave its `with` block, to stop early.
    """

    def __init__(self, client: CloudMetrics, call: Call) -> None:
        self._client = client
        self._resuming = _Resuming(call, client.patience.max_retries)
        self._response: Any = None

    def __iter__(self) -> Iterator[ServerSentEvent]:
        import httpx

        resuming = self._resuming
        while True:
            try:
                answer = self._client.open(resuming.next_call())
                self._response = answer.stream
                if answer.status == NO_CONTENT:
                    return
                for chunk in self._response.iter_bytes():
                    for event in resuming.parser.feed(chunk):
                        resuming.progress()
                        yield event
                return
            except (httpx.HTTPError, errors.ConnectionFailed) as error:
                failed = error if isinstance(error, errors.ConnectionFailed) else driving.failure(error)
                time.sleep(resuming.failed(failed, self._client.patience.pause(0)))
            finally:
                self.close()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._response is not None:
            self._response.close()


class AsyncEventStream:
    """Events as they come. A connection that breaks is made anew, from the last event on; a stream that
    the server ends is over.

    Close it, or leave its `async with` block, to stop early.
    """

    def __init__(self, client: AsyncCloudMetrics, call: Call) -> None:
        self._client = client
        self._resuming = _Resuming(call, client.patience.max_retries)
        self._response: Any = None

    async def __aiter__(self) -> AsyncIterator[ServerSentEvent]:
        import httpx

        resuming = self._resuming
        while True:
            try:
                answer = await self._client.open(resuming.next_call())
                self._response = answer.stream
                if answer.status == NO_CONTENT:
                    return
                async for chunk in self._response.aiter_bytes():
                    for event in resuming.parser.feed(chunk):
                        resuming.progress()
                        yield event
                return
            except (httpx.HTTPError, errors.ConnectionFailed) as error:
                failed = error if isinstance(error, errors.ConnectionFailed) else driving.failure(error)
                await asyncio.sleep(resuming.failed(failed, self._client.patience.pause(0)))
            finally:
                await self.close()

    async def __aenter__(self) -> AsyncEventStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._response is not None:
            await self._response.aclose()
