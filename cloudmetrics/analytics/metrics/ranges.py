"""Ranges of days: which is meant, what it is made of, and which came before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from cloudmetrics.analytics.metrics.models import (
    Comparison,
    DateOutOfRange,
    DateRange,
    NothingBefore,
    RangeInverted,
    RangeTooLong,
)

DEFAULT_DAYS = 30
MOST_DAYS = 3660
# Hours are counted from events, of which there are many.
MOST_DAYS_BY_HOUR = 31
HOUR, DAY, WEEK = "HOUR", "DAY", "WEEK"


def date_range(start_date: str | None, end_date: str | None, today: date) -> DateRange:
    """The days asked for: 30 where only an end is given, or nothing.

    Raises DateOutOfRange, RangeInverted, RangeTooLong.
    """
    end = _date(end_date, "end_date") if end_date else today
    usual = min(timedelta(days=DEFAULT_DAYS - 1), end - date.min)
    start = _date(start_date, "start_date") if start_date else end - usual
    if end < start:
        raise RangeInverted(start, end)
    days = DateRange(start, end)
    if len(days) > MOST_DAYS:
        raise RangeTooLong(len(days), MOST_DAYS)
    return days


def require_few_days(days: DateRange, interval: str) -> None:
    """Raises RangeTooLong where these are too many days to be told by the hour."""
    if interval == HOUR and len(days) > MOST_DAYS_BY_HOUR:
        raise RangeTooLong(len(days), MOST_DAYS_BY_HOUR, HOUR)


def buckets(days: DateRange, interval: str) -> Iterator[tuple[date, int | None]]:
    """What a range is made of: the first day of each part, and its hour where parts are hours.

    Weeks begin on Mondays; the first and the last part may be cut short by the range.
    """
    for day in days:
        if interval == HOUR:
            yield from ((day, hour) for hour in range(24))
        elif day == days.start or interval == DAY or _begins(day, interval):
            yield day, None


def _begins(day: date, interval: str) -> bool:
    return day.weekday() == 0 if interval == WEEK else day.day == 1


def before(days: DateRange, comparison: Comparison) -> DateRange:
    """As many days just before, or the same dates a year before, where 29 February becomes 28.

    Raises NothingBefore.
    """
    try:
        if comparison is Comparison.PREVIOUS_PERIOD:
            length = timedelta(days=len(days))
            return DateRange(days.start - length, days.end - length)
        return DateRange(_year_before(days.start), _year_before(days.end))
    except (OverflowError, ValueError):
        raise NothingBefore from None


def _year_before(day: date) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap_day else day.day)


def _date(text: str, parameter: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DateOutOfRange(text, parameter) from None
