"""A large value in parts that a validator can look at one after the other.

jsonschema-rs collects every error of a value before it shows the first, at some
50 µs each: a body of a megabyte, wrong throughout, would take seconds to explain.
So a value is shown window by window, until enough was found.

A window is the value with only some of its items and fields. What fits into one
window stands in it whole; only what is larger than a window is ever cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

# Values per window; and how many windows are looked at: a hundred thousand values
# are more than a body of a megabyte usually holds.
SIZE = 1_000
MAX_WINDOWS = 100

# What a part of an object or list shows as well as the whole.
SEEN_IN_A_PART = frozenset(
    {"type", "maxItems", "maxProperties", "additionalProperties", "uniqueItems", "falseSchema"}
)
# What the names of an object's fields show, whatever is in them.
SEEN_IN_NAMES = frozenset({"required", "minProperties", "dependentRequired"})

Path = tuple[str | int, ...]


class Window:
    """A part of a value. `cut` holds the ids of its containers that lack something."""

    def __init__(self, value: Any, first: dict[int, int], cut: set[int], only_names: bool = False) -> None:
        self.value = value
        self.first = first
        self.cut = cut
        self.only_names = only_names

    def can_tell(self, error: Any) -> bool:
        """Whether an error of this part is one of the whole value."""
        is_cut = id(self._at(error.instance_path)) in self.cut
        if self.only_names:
            return is_cut and error.kind.name in SEEN_IN_NAMES
        return not is_cut or error.kind.name in SEEN_IN_A_PART

    def true_path(self, path: Path) -> Path:
        """Where something in this part stands in the whole value."""
        node: Any = self.value
        true: list[str | int] = []
        for token in path:
            true.append(token + self.first.get(id(node), 0) if isinstance(token, int) else token)
            node = _child(node, token)
        return tuple(true)

    def _at(self, path: Iterable[str | int]) -> Any:
        node = self.value
        for token in path:
            node = _child(node, token)
        return node


def windows(value: Any) -> Iterator[Window]:
    """The value in parts: itself, if it is small; else the names of its fields, then what is in them."""
    weights: dict[int, int] = {}
    if _weigh(value, weights) <= SIZE:
        yield Window(value, {}, set())
        return
    yield _names(value, weights)
    yield from islice(_Cutter(weights).windows(value), MAX_WINDOWS)


def _weigh(value: Any, weights: dict[int, int]) -> int:
    """How many values a value consists of; noted for every container in it."""
    if not isinstance(value, (dict, list)):
        return 1
    children = value.values() if isinstance(value, dict) else value
    inner = sum(_weigh(child, weights) - 1 for child in children if isinstance(child, (dict, list)))
    weights[id(value)] = weight = 1 + len(value) + inner
    return weight


def _names(value: Any, weights: dict[int, int]) -> Window:
    """The large objects at the top of a value, with all names and nothing in them."""
    cut: set[int] = set()

    def hollow(node: Any) -> Any:
        if not isinstance(node, dict) or weights[id(node)] <= SIZE or len(node) > SIZE:
            return None
        names = {name: hollow(child) for name, child in node.items()}
        cut.add(id(names))
        return names

    return Window(hollow(value), {}, cut, only_names=True)


class _Level:
    """A large container that is being cut: the part of it that stands in the window."""

    def __init__(self, whole: Any) -> None:
        self.whole = whole
        self.part: Any = None
        self.key: Any = None


class _Cutter:
    """Cuts one value. The window that is being filled stands in `root`, `first` and `cut`."""

    def __init__(self, weights: dict[int, int]) -> None:
        self.weights = weights
        self.levels: list[_Level] = []
        self.root: Any = None
        self.first: dict[int, int] = {}
        self.cut: set[int] = set()
        self.filled = 0

    def windows(self, value: Any) -> Iterator[Window]:
        yield from self._cut(value)
        if self.filled:
            yield self._close()

    def _cut(self, whole: Any) -> Iterator[Window]:
        """Put a large container's children into windows; yields each window that is full."""
        level = _Level(whole)
        self.levels.append(level)
        self._begin(level, len(self.levels) - 1)
        for key, child in whole.items() if isinstance(whole, dict) else enumerate(whole):
            weight = self.weights.get(id(child), 1) if isinstance(child, (dict, list)) else 1
            level.key = key
            if weight > SIZE:
                yield from self._cut(child)
                continue
            if self.filled + weight > SIZE:
                yield self._close()
            self._put(level, child)
            self.filled += weight
        self.levels.pop()

    def _put(self, level: _Level, child: Any) -> None:
        if isinstance(level.part, dict):
            level.part[level.key] = child
        else:
            if not level.part:
                self.first[id(level.part)] = level.key
            level.part.append(child)

    def _begin(self, level: _Level, depth: int) -> None:
        level.part = {} if isinstance(level.whole, dict) else []
        self.cut.add(id(level.part))
        if depth == 0:
            self.root = level.part
        else:
            self._put(self.levels[depth - 1], level.part)

    def _close(self) -> Window:
        """The window as it is. The next one begins in the midst of the same containers."""
        window = Window(self.root, self.first, self.cut)
        self.first, self.cut, self.filled = {}, set(), 0
        for depth, level in enumerate(self.levels):
            self._begin(level, depth)
        return window


def _child(node: Any, token: str | int) -> Any:
    """What is at a token; None where it is a field that is missing, or anything but a container."""
    if isinstance(node, dict):
        return node.get(token)
    return node[token] if isinstance(node, list) and isinstance(token, int) else None
