"""Redis: fast, shared by all workers, and never needed for a request to succeed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from cloudmetrics.platform.errors import Unavailable

ANSWER_SECONDS = 0.5
# After a failure nobody waits for Redis again until this has passed.
PAUSE_SECONDS = 1.0


class Redis:
    """One client per process. Everything raises Unavailable while Redis is away."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            # A connection that died while it was idle is replaced once, at once.
            retry=Retry(NoBackoff(), 1),
        )
        self._waiting: dict[str, list[asyncio.Future[bytes | None]]] = {}
        self._flushing: set[asyncio.Task[None]] = set()
        self._away_until = 0.0

    async def close(self) -> None:
        await self._client.aclose()

    async def ping(self) -> None:
        try:
            await self._client.ping()
        except (RedisError, OSError, TimeoutError) as error:
            raise self._away() from error

    async def get(self, key: str) -> bytes | None:
        """The value of a key. All keys asked for in one turn of the event loop travel together."""
        self._require_presence()
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        future: asyncio.Future[bytes | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        return await future

    async def set(self, key: str, value: bytes, seconds: int) -> None:
        """Keeps a value for a while."""
        self._require_presence()
        try:
            await self._client.set(key, value, ex=seconds)
        except (RedisError, OSError, TimeoutError) as error:
            raise self._away() from error

    async def count(self, windows: Mapping[str, int]) -> list[int]:
        """Counts one more under each key, which is forgotten so many seconds later; returns the counts."""
        self._require_presence()
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for key, seconds in windows.items():
                    pipeline.incr(key)
                    pipeline.expire(key, seconds)
                answers = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise self._away() from error
        return answers[::2]

    async def delete(self, *keys: str) -> None:
        """Forgets the keys."""
        self._require_presence()
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.delete(key)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise self._away() from error

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        task = asyncio.get_running_loop().create_task(self._get_all(waiting))
        # The loop itself holds tasks only weakly.
        self._flushing.add(task)
        task.add_done_callback(self._flushing.discard)

    async def _get_all(self, waiting: dict[str, list[asyncio.Future[bytes | None]]]) -> None:
        try:
            # A pipeline and not one MGET, because on a cluster the keys live in different places.
            async with self._client.pipeline(transaction=False) as pipeline:
                for key in waiting:
                    pipeline.get(key)
                values = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            away = self._away()
            away.__cause__ = error
            for futures in waiting.values():
                for future in futures:
                    if not future.done():
                        future.set_exception(away)
            return
        for futures, value in zip(waiting.values(), values, strict=True):
            for future in futures:
                if not future.done():
                    future.set_result(value)

    def _require_presence(self) -> None:
        if asyncio.get_running_loop().time() < self._away_until:
            raise Unavailable("Redis cannot be reached.")

    def _away(self) -> Unavailable:
        self._away_until = asyncio.get_running_loop().time() + PAUSE_SECONDS
        return Unavailable("Redis cannot be reached.")
