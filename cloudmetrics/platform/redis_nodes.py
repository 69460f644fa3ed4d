"""A Redis, or all nodes of a Redis Cluster: each command goes to the node that holds its key.

A node that does not hold a key says MOVED, and which one does. That is remembered by the
key's slot, so a cluster is known bit by bit, and a Redis that is none costs nothing of it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from hiredis import ReplyError
from redis.crc import key_slot

from cloudmetrics.platform.redis_link import Command, Link, Target

# MOVED 3999 127.0.0.1:6381
MOVED = re.compile(r"MOVED (?P<slot>\d+) (?P<host>.*):(?P<port>\d+)")


class Keyed(NamedTuple):
    """A command, and a key that decides where it goes; all its keys belong to the same slot."""

    key: str
    command: Command


class Nodes:
    """`url` names a Redis, or any node of a cluster."""

    def __init__(self, url: str) -> None:
        self._first = Link(Target.of(url))
        self._links = {("", 0): self._first}
        self._owners: dict[int, Link] = {}

    async def ping(self) -> list[Any]:
        """What one of them answers. Raises as `ask` does."""
        return await self._ask_one(self._first, [("PING",)])

    async def ask(self, commands: Sequence[Keyed]) -> list[Any]:
        """The answers to some commands, each of which may be a hiredis.ReplyError.

        Raises OSError, of which TimeoutError is one, and ReplyError where Redis lets nobody in.
        """
        answers = await self._ask(commands)
        moved = [index for index, answer in enumerate(answers) if self._has_moved(answer)]
        if moved:
            again = await self._ask([commands[index] for index in moved])
            for index, answer in zip(moved, again, strict=True):
                answers[index] = answer
        return answers

    def close(self) -> None:
        for link in self._links.values():
            link.close()

    async def _ask(self, commands: Sequence[Keyed]) -> list[Any]:
        if not self._owners:
            return await self._ask_one(self._first, [each.command for each in commands])
        by_link: dict[Link, list[int]] = {}
        for index, each in enumerate(commands):
            link = self._owners.get(key_slot(each.key.encode()), self._first)
            by_link.setdefault(link, []).append(index)
        parts = await asyncio.gather(
            *(self._ask_one(link, [commands[index].command for index in indexes])
              for link, indexes in by_link.items())
        )  # fmt: skip
        answers: dict[int, Any] = {}
        for indexes, part in zip(by_link.values(), parts, strict=True):
            answers |= zip(indexes, part, strict=True)
        return [answers[index] for index in range(len(commands))]

    async def _ask_one(self, link: Link, commands: Sequence[Command]) -> list[Any]:
        try:
            return await link.ask(commands)
        except OSError:
            self._forget(link)
            raise

    def _has_moved(self, answer: Any) -> bool:
        """Whether the answer says that another node holds the key, which is remembered then."""
        found = MOVED.fullmatch(str(answer)) if isinstance(answer, ReplyError) else None
        if found is None:
            return False
        address = found["host"], int(found["port"])
        if address not in self._links:
            self._links[address] = Link(self._first.target.at(*address))
        self._owners[int(found["slot"])] = self._links[address]
        return True

    def _forget(self, lost: Link) -> None:
        """Asks the others from now on, one after the other; they know who took over."""
        self._owners = {slot: link for slot, link in self._owners.items() if link is not lost}
        if lost is self._first:
            links = list(self._links.values())
            self._first = links[(links.index(lost) + 1) % len(links)]
