"""Files that the API writes, taken in as they arrive."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import driving
from .calls import Call
from .flow import Answer

if TYPE_CHECKING:
    from .client import AsyncCloudMetrics, CloudMetrics


class Download:
    """A file. Nothing is asked for before the file is read; read it once, in one of these ways.

    Raises ConnectionFailed where the file ends before it is whole.
    """

    def __init__(self, client: CloudMetrics, call: Call) -> None:
        self._client = client
        self._call = call

    def chunks(self) -> Iterator[bytes]:
        """The file, in pieces."""
        import httpx

        response = self._client.open(self._call).stream
        try:
            yield from response.iter_bytes()
        except httpx.HTTPError as error:
            raise driving.failure(error) from error
        finally:
            response.close()

    def lines(self) -> Iterator[str]:
        """The lines of a text, such as NDJSON, without their ends."""
        rest = b""
        for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line.decode() for line in whole)
        if rest:
            yield rest.decode()

    def read(self) -> bytes:
        """All of it."""
        return b"".join(self.chunks())

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes it to a file, which is there only once it is whole."""
        target = Path(path)
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as file:
                for chunk in self.chunks():
                    file.write(chunk)
            return part.replace(target)
        finally:
            part.unlink(missing_ok=True)


class AsyncDownload:
    """A file. Nothing is asked for before the file is read; read it once, in one of these ways.

    Raises ConnectionFailed where the file ends before it is whole.
    """

    def __init__(self, client: AsyncCloudMetrics, call: Call) -> None:
        self._client = client
        self._call = call

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file, in pieces."""
        import httpx

        answer: Answer = await self._client.open(self._call)
        response: Any = answer.stream
        try:
            async for chunk in response.aiter_bytes():
                yield chunk
        except httpx.HTTPError as error:
            raise driving.failure(error) from error
        finally:
            await response.aclose()

    async def lines(self) -> AsyncIterator[str]:
        """The lines of a text, such as NDJSON, without their ends."""
        rest = b""
        async for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line.decode()
        if rest:
            yield rest.decode()

    async def read(self) -> bytes:
        """All of it."""
        return b"".join([chunk async for chunk in self.chunks()])
