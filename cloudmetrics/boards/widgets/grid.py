"""The grid of a dashboard: twelve columns, and as many rows as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any
from uuid import UUID

COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of cells; `x` and `y` are its upper left corner, counted from 0."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> Box:
        """From a body that fits the contract."""
        return cls(*(int(sent[name]) for name in ("x", "y", "width", "height")))

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    @property
    def fits(self) -> bool:
        """Whether it ends within the grid's columns."""
        return self.x + self.width <= COLUMNS

    def overlaps(self, other: Box) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def first_free(taken: Sequence[Box], width: int, height: int) -> Box:
    """The highest place of this size that is free, and of these the leftmost.

    Whatever is highest lies on the upper edge, or right below another box.
    """
    for y in sorted({0, *(box.y + box.height for box in taken)}):
        for x in range(COLUMNS - width + 1):
            box = Box(x, y, width, height)
            if not any(box.overlaps(other) for other in taken):
                return box
    raise AssertionError("below the lowest box everything is free")


def overlapping(boxes: Mapping[UUID, Box]) -> Iterable[tuple[UUID, UUID]]:
    """Those that share a cell, each pair once."""
    return (
        (one, other)
        for (one, box), (other, another) in combinations(boxes.items(), 2)
        if box.overlaps(another)
    )
