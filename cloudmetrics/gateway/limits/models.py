"""A limit that a request has to keep, and how the caller stands with it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """How a limit is counted: a bucket that refills steadily, or requests in a window that slides."""

    BUCKET = 1
    WINDOW = 2


class Check(NamedTuple):
    """One limit of one request.

    `name` is what consumers know it by. `tag` names what it belongs to, a
    workspace or an address; all checks of one request have the same one. `key`
    is its name within. A negative `cost` gives back what was taken.
    """

    name: str
    tag: str
    key: str
    kind: Kind
    limit: int
    seconds: int
    cost: int = 1


class Standing(NamedTuple):
    """How a caller stands with one limit, after the request if that was admitted.

    `wait` are the milliseconds until there is room for one more request than now;
    0 where all of the limit is left.
    """

    admits: bool
    remaining: int
    wait: int
