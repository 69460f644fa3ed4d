"""Ranges of days, amounts of money, and the answer of get-metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of its currency."""

    amount_minor: int
    currency: str

    def to_json(self) -> dict[str, Any]:
        return {"amount_minor": self.amount_minor, "currency": self.currency}


@dataclass(frozen=True, slots=True)
class DateRange:
    """Calendar days, both ends included."""

    start: date
    end: date

    def __len__(self) -> int:
        return (self.end - self.start).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=number) for number in range(len(self)))


class Comparison(StrEnum):
    """With which earlier days a range is compared."""

    PREVIOUS_PERIOD = "PREVIOUS_PERIOD"
    PREVIOUS_YEAR = "PREVIOUS_YEAR"


@dataclass(frozen=True, slots=True)
class Asked:
    """The question of get-metrics: None where nothing narrows it.

    `traits` are values of the seven dimensions of the first touch, `goal` is the
    name of an event.
    """

    days: DateRange
    interval: str
    website_id: UUID | None
    traits: Mapping[str, str | None]
    goal: str | None
    compare: Comparison | None

    def to_json(self) -> dict[str, Any]:
        return {
            "start_date": self.days.start.isoformat(),
            "end_date": self.days.end.isoformat(),
            "interval": self.interval,
            "compare": self.compare.value if self.compare else None,
            "website_id": str(self.website_id) if self.website_id else None,
            **self.traits,
            "goal": self.goal,
        }


class RangeInverted(Exception):
    """The range ends before it starts."""

    def __init__(self, start: date, end: date) -> None:
        super().__init__(f"The range ends on {end}, before it starts on {start}.")


class RangeTooLong(Exception):
    """The range has more days than are answered at once; `interval` is named where it is the reason."""

    def __init__(self, length: int, most: int, interval: str | None = None) -> None:
        by = f" by {interval}" if interval else ""
        super().__init__(f"The range has {length:,} days; ask for at most {most:,} at a time{by}.")


class DateOutOfRange(Exception):
    """A date of a year that no calendar here has; `parameter` is the one that named it."""

    def __init__(self, text: str, parameter: str) -> None:
        super().__init__(f"{text} is outside of the years 1 to 9999.")
        self.parameter = parameter


class NothingBefore(Exception):
    """The calendar begins before a range that is asked to be compared with an earlier one."""

    def __init__(self) -> None:
        super().__init__("The days to compare with would lie before the year 1.")
