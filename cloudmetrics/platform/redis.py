"""Redis: fast, shared by all workers, and never needed for a request to succeed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from cloudmetrics.platform.errors import Unavailable

ANSWER_SECONDS = 0.5
# After a failure nobody waits for Redis again until this has passed.
PAUSE_SECONDS = 1.0


class Script:
    """A Lua script. Redis keeps it once it has seen it, and is then sent only its digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Not a matter of security: it is how Redis names scripts.
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


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
        self._away_until = 0.0

    async def close(self) -> None:
        await self._client.aclose()

    async def ping(self) -> None:
        try:
            await self._client.ping()
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

    async def run(self, script: Script, calls: Sequence[tuple[Sequence[str], Sequence[bytes]]]) -> list[Any]:
        """The answers of a script, one for each call with keys and arguments; all calls travel together."""
        self._require_presence()
        try:
            answers = await self._run("EVALSHA", script.digest, calls)
            if any(isinstance(answer, NoScriptError) for answer in answers):
                # Redis was started anew; it has run none of the calls.
                answers = await self._run("EVAL", script.text, calls)
            # Redis is there, but cannot do it: it is loading, full, or a replica of one that died.
            failure = next((answer for answer in answers if isinstance(answer, RedisError)), None)
            if failure is not None:
                raise failure
        except (RedisError, OSError, TimeoutError) as error:
            raise self._away() from error
        return answers

    async def _run(
        self, command: str, script: str, calls: Sequence[tuple[Sequence[str], Sequence[bytes]]]
    ) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for keys, arguments in calls:
                pipeline.execute_command(command, script, len(keys), *keys, *arguments)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
            return answers

    def _require_presence(self) -> None:
        if asyncio.get_running_loop().time() < self._away_until:
            raise Unavailable("Redis cannot be reached.")

    def _away(self) -> Unavailable:
        self._away_until = asyncio.get_running_loop().time() + PAUSE_SECONDS
        return Unavailable("Redis cannot be reached.")
