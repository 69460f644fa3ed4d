"""Ranges of days that move on with the calendar, so that a dashboard stays current."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from cloudmetrics.analytics.metrics.models import DateRange


class RangeName(StrEnum):
    """The contract says what each means. `THIS_…` and `LAST_n_DAYS` end today, the others before."""

    TODAY = "TODAY"
    YESTERDAY = "YESTERDAY"
    LAST_7_DAYS = "LAST_7_DAYS"
    LAST_14_DAYS = "LAST_14_DAYS"
    LAST_30_DAYS = "LAST_30_DAYS"
    LAST_90_DAYS = "LAST_90_DAYS"
    LAST_365_DAYS = "LAST_365_DAYS"
    THIS_WEEK = "THIS_WEEK"
    LAST_WEEK = "LAST_WEEK"
    THIS_MONTH = "THIS_MONTH"
    LAST_MONTH = "LAST_MONTH"
    THIS_QUARTER = "THIS_QUARTER"
    LAST_QUARTER = "LAST_QUARTER"
    THIS_YEAR = "THIS_YEAR"
    LAST_YEAR = "LAST_YEAR"


DAYS: Mapping[RangeName, int] = {
    RangeName.TODAY: 1,
    RangeName.LAST_7_DAYS: 7,
    RangeName.LAST_14_DAYS: 14,
    RangeName.LAST_30_DAYS: 30,
    RangeName.LAST_90_DAYS: 90,
    RangeName.LAST_365_DAYS: 365,
}
ONE_DAY = timedelta(days=1)


def resolve(name: RangeName, today: date) -> DateRange:
    """The days that a name means on a day, both ends included."""
    if name in DAYS:
        return DateRange(today - (DAYS[name] - 1) * ONE_DAY, today)
    if name is RangeName.YESTERDAY:
        return DateRange(today - ONE_DAY, today - ONE_DAY)
    which, _, unit = name.value.partition("_")
    start = _start_of(unit, today)
    if which == "THIS":
        return DateRange(start, today)
    return DateRange(_start_of(unit, start - ONE_DAY), start - ONE_DAY)


def _start_of(unit: str, day: date) -> date:
    """The first day of the week (a Monday), month, quarter or year that a day lies in."""
    match unit:
        case "WEEK":
            return day - day.weekday() * ONE_DAY
        case "MONTH":
            return day.replace(day=1)
        case "QUARTER":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case _:
            return day.replace(month=1, day=1)
