"""Widgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.boards.widgets.grid import Box
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row

MOST_WIDGETS = 100


class Kind(StrEnum):
    NUMBER = "NUMBER"
    TIME_SERIES = "TIME_SERIES"
    BAR = "BAR"
    TABLE = "TABLE"
    FUNNEL = "FUNNEL"
    TEXT = "TEXT"


# How large a widget is where nobody says so, in columns and rows.
SIZES: Mapping[Kind, tuple[int, int]] = {
    Kind.NUMBER: (3, 2),
    Kind.TIME_SERIES: (12, 4),
    Kind.BAR: (6, 4),
    Kind.TABLE: (6, 4),
    Kind.FUNNEL: (6, 4),
    Kind.TEXT: (12, 1),
}
# What holds in a question that leaves it out, as the contract says; below a `oneOf` its
# engine does not know whose defaults to fill in.
DEFAULTS: Mapping[str, Any] = {
    "website_id": None,
    "range": None,
    "dimensions": [],
    "interval": "DAY",
    "filter": None,
    "goal": None,
    "goal_id": None,
    "order": [],
    "limit": 100,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A widget as somebody wants it. `content` is what its kind holds, as the contract names it.

    `box` is None where any free place will do.
    """

    kind: Kind
    title: str
    content: dict[str, Any]
    box: Box | None = None

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> Draft:
        """From a body that fits the contract."""
        kind = Kind(sent["kind"])
        layout = sent.get("layout")
        return cls(kind, sent["title"], _content(kind, sent), Box.from_json(layout) if layout else None)

    def to_json(self) -> dict[str, Any]:
        """What create-widget takes to make the same."""
        layout = {"layout": self.box.to_json()} if self.box else {}
        # What is stored comes back in another order, and equal content is to have equal bytes.
        content = orjson.loads(orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS))
        return {"kind": self.kind.value, "title": self.title, **layout, **content}

    @property
    def question(self) -> dict[str, Any] | None:
        """What it asks of the metrics, for the kinds that do."""
        question: dict[str, Any] | None = self.content.get("query")
        return question


def _content(kind: Kind, sent: Mapping[str, Any]) -> dict[str, Any]:
    if kind is Kind.TEXT:
        return {"text": sent["text"]}
    if kind is Kind.FUNNEL:
        return {"funnel_id": sent["funnel_id"], "range": sent.get("range")}
    compare = {"compare": sent.get("compare")} if kind is Kind.NUMBER else {}
    return {"query": {**DEFAULTS, **sent["query"]}, **compare}


@dataclass(frozen=True, slots=True)
class Widget:
    id: UUID
    dashboard_id: UUID
    kind: Kind
    title: str
    box: Box
    content: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Widget:
        return cls(
            row["id"],
            row["dashboard_id"],
            Kind(row["kind"]),
            row["title"],
            Box(row["x"], row["y"], row["width"], row["height"]),
            row["content"],
            row["created_at"],
            row["updated_at"],
        )

    @property
    def draft(self) -> Draft:
        """What somebody would have to want to get the same again."""
        return Draft(self.kind, self.title, self.content, self.box)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "dashboard_id": str(self.dashboard_id),
            **self.draft.to_json(),
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        }


class TooManyWidgets(Exception):
    """A dashboard is full."""

    def __init__(self) -> None:
        super().__init__(f"A dashboard has at most {MOST_WIDGETS} widgets.")


class PlaceTaken(Exception):
    """A widget would lie on another one."""

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__(f"The place is taken by {', '.join(titles[:3])}.")
