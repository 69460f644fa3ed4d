"""Keeping answers, in the memory of the process, never longer than they are right.

An answer is kept under its question and the state of the websites that it is about.
The state is read anew for every question, in PostgreSQL, where it changes in the same
transaction as the data. So nobody has to be told that data changed: what was kept under
an earlier state is never found again, whichever process made the change, and falls out
when room is needed. The answer is drawn after its state was read, so it may be newer
than that, never older.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.analytics.answers import store
from cloudmetrics.analytics.answers.models import State
from cloudmetrics.platform.caller import Caller

MOST_BYTES = 32 * 2**20

Key = tuple[UUID, str, bytes]


class Kept:
    """Answers as bytes, the least recently used of which go when there are too many of them."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._size = 0
        self._answers: OrderedDict[Key, bytes] = OrderedDict()

    def get(self, key: Key) -> bytes | None:
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: Key, answer: bytes) -> None:
        self._forget(key)
        self._answers[key] = answer
        self._size += _size(key, answer)
        while self._size > self._most:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: Key) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self._size -= _size(key, answer)


_kept = Kept(MOST_BYTES)


async def state(caller: Caller, website_id: UUID | None) -> State:
    """What a question about one website, or all of them, finds at this moment. Raises NotFound."""
    return await store.state(caller.tenant, website_id)


async def answer(
    caller: Caller, state: State, question: dict[str, Any], draw: Callable[[], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    """The answer to a question as JSON objects, drawn unless it was given before at this state.

    `question` must hold all that the answer depends on besides the data, today's
    date and default currency included. Raises what drawing raises; a failure is not kept.
    """
    key = (caller.tenant.workspace_id, state.digest, orjson.dumps(question, option=orjson.OPT_SORT_KEYS))
    kept = _kept.get(key)
    if kept is None:
        kept = orjson.dumps(await draw())
        _kept.put(key, kept)
    found: dict[str, Any] = orjson.loads(kept)
    return found


def _size(key: Key, answer: bytes) -> int:
    # Two hundred bytes for the objects around them is about right, and small answers need it counted.
    return len(key[2]) + len(answer) + 200
