"""Redis: fast, shared by all workers, and never needed for a request to succeed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha1
from typing import Any

from hiredis import ReplyError

from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.redis_nodes import Keyed, Nodes

# After a failure nobody waits for Redis until this has passed, and then only one tries.
PAUSE_SECONDS = 1.0

# The keys and the data of a script.
Call = tuple[Sequence[str], bytes]


class Script:
    """A Lua script. Redis keeps it once it has seen it, and is then sent only its digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Not a matter of security: it is how Redis names scripts.
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


class Redis:
    """One client per process. Everything raises Unavailable while Redis is away."""

    def __init__(self, url: str) -> None:
        self._nodes = Nodes(url)
        self._away_until = 0.0

    async def close(self) -> None:
        self._nodes.close()

    async def ping(self) -> None:
        """Asks also while Redis is thought to be away."""
        self._away_until = 0.0
        with self._presence():
            _require_success(await self._nodes.ping())

    async def count(self, windows: Mapping[str, int]) -> list[int]:
        """Counts one more under each key, which is forgotten so many seconds later; returns the counts."""
        commands: list[Keyed] = []
        for key, seconds in windows.items():
            commands += [Keyed(key, ("INCR", key)), Keyed(key, ("EXPIRE", key, seconds))]
        with self._presence():
            return _require_success(await self._nodes.ask(commands))[::2]

    async def delete(self, *keys: str) -> None:
        """Forgets the keys."""
        with self._presence():
            _require_success(await self._nodes.ask([Keyed(key, ("DEL", key)) for key in keys]))

    async def run(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        """The answers of a script to some calls, which travel together."""
        with self._presence():
            answers = await self._ask("EVALSHA", script.digest, calls)
            # Redis was started anew, and has not run these.
            unknown = [index for index, answer in enumerate(answers) if _is_unknown_script(answer)]
            if unknown:
                late = await self._ask("EVAL", script.text, [calls[index] for index in unknown])
                for index, answer in zip(unknown, late, strict=True):
                    answers[index] = answer
            return _require_success(answers)

    async def _ask(self, command: str, script: str, calls: Sequence[Call]) -> list[Any]:
        return await self._nodes.ask(
            [Keyed(keys[0], (command, script, len(keys), *keys, data)) for keys, data in calls]
        )

    @contextmanager
    def _presence(self) -> Iterator[None]:
        """Around whatever is asked of Redis. Raises Unavailable, at once where it was away a moment ago."""
        clock = asyncio.get_running_loop().time
        if clock() < self._away_until:
            raise Unavailable("Redis cannot be reached.")
        if self._away_until:
            # Whoever comes first finds out whether it is back, and the others do not wait for that.
            self._away_until = clock() + PAUSE_SECONDS
        try:
            yield
        except (ReplyError, OSError) as error:
            self._away_until = clock() + PAUSE_SECONDS
            raise Unavailable("Redis cannot be reached.") from error
        self._away_until = 0.0


def _require_success(answers: list[Any]) -> list[Any]:
    """Raises ReplyError where Redis is there but cannot do it: it is loading, full, or read only."""
    for answer in answers:
        if isinstance(answer, ReplyError):
            raise answer
    return answers


def _is_unknown_script(answer: Any) -> bool:
    return isinstance(answer, ReplyError) and str(answer).startswith("NOSCRIPT")
