"""Dimensions: what numbers can be grouped and filtered by, and of what each is a trait."""

from __future__ import annotations

from enum import IntEnum, StrEnum

TIME = "time"
PAGE = "page"
EVENT_NAME = "event_name"
PROPERTY = "properties."
FIRST_TOUCH = ("source", "medium", "campaign", "device", "browser", "system", "country")
OF_VISITS = ("entry_page", "exit_page")
OF_EVENTS = (PAGE, EVENT_NAME)
LONGEST_PROPERTY = 100


class Level(IntEnum):
    """What a dimension is a trait of, from the coarse to the fine."""

    DAY = 1
    VISIT = 2
    EVENT = 3


class Interval(StrEnum):
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


def is_known(name: str) -> bool:
    """Whether numbers can be grouped by it. Any property is known as far as its name goes."""
    return name == TIME or is_filterable(name)


def is_filterable(name: str) -> bool:
    property_name = property_of(name)
    if property_name is not None:
        return 0 < len(property_name) <= LONGEST_PROPERTY
    return name in (*FIRST_TOUCH, *OF_VISITS, *OF_EVENTS)


def level_of(name: str) -> Level:
    if name in OF_VISITS:
        return Level.VISIT
    if name in OF_EVENTS or property_of(name) is not None:
        return Level.EVENT
    return Level.DAY


def property_of(name: str) -> str | None:
    """The name of the property that a dimension is, where it is one."""
    return name.removeprefix(PROPERTY) if name.startswith(PROPERTY) else None
