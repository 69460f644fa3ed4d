"""Windows of time: which stretch a rule looks at, at a moment, and with which earlier one it compares it.

Windows of minutes and hours are spans between two moments. Windows of days are calendar
days of the website's time zone, so that a day on which clocks change has 23 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cloudmetrics.analytics.metrics.models import Comparison, DateRange
from cloudmetrics.analytics.metrics.ranges import before
from cloudmetrics.analytics.questions.models import Span

Period = Span | DateRange


class Window(StrEnum):
    LAST_5_MINUTES = "LAST_5_MINUTES"
    LAST_15_MINUTES = "LAST_15_MINUTES"
    LAST_30_MINUTES = "LAST_30_MINUTES"
    LAST_HOUR = "LAST_HOUR"
    LAST_6_HOURS = "LAST_6_HOURS"
    LAST_24_HOURS = "LAST_24_HOURS"
    FULL_HOUR = "FULL_HOUR"
    TODAY = "TODAY"
    YESTERDAY = "YESTERDAY"
    LAST_7_DAYS = "LAST_7_DAYS"
    LAST_30_DAYS = "LAST_30_DAYS"
    MONTH_TO_DATE = "MONTH_TO_DATE"


class Earlier(StrEnum):
    """Which earlier window is compared with."""

    PREVIOUS_PERIOD = "PREVIOUS_PERIOD"
    PREVIOUS_DAY = "PREVIOUS_DAY"
    PREVIOUS_WEEK = "PREVIOUS_WEEK"


ROLLING: Mapping[Window, timedelta] = {
    Window.LAST_5_MINUTES: timedelta(minutes=5),
    Window.LAST_15_MINUTES: timedelta(minutes=15),
    Window.LAST_30_MINUTES: timedelta(minutes=30),
    Window.LAST_HOUR: timedelta(hours=1),
    Window.LAST_6_HOURS: timedelta(hours=6),
    Window.LAST_24_HOURS: timedelta(hours=24),
}
# How many days, and how many days ago the last of them is.
DAYS: Mapping[Window, tuple[int, int]] = {
    Window.TODAY: (1, 0),
    Window.YESTERDAY: (1, 1),
    Window.LAST_7_DAYS: (7, 1),
    Window.LAST_30_DAYS: (30, 1),
}
OF_DAYS = frozenset({*DAYS, Window.MONTH_TO_DATE})
HOUR = timedelta(hours=1)


def period(window: Window, at: datetime, zone: ZoneInfo) -> Period:
    """What a window means at a moment. A span ends at it, or with the last full hour of local time."""
    if window in ROLLING:
        return Span(at - ROLLING[window], at)
    local = at.astimezone(zone)
    if window is Window.FULL_HOUR:
        end = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        return Span(end - HOUR, end)
    if window is Window.MONTH_TO_DATE:
        return DateRange(local.date().replace(day=1), local.date())
    length, ago = DAYS[window]
    last = local.date() - timedelta(days=ago)
    return DateRange(last - timedelta(days=length - 1), last)


def earlier(of: Period, which: Earlier, zone: ZoneInfo) -> Period:
    """The period just before, or the one at the same local time a day or a week before."""
    if which is Earlier.PREVIOUS_PERIOD:
        if isinstance(of, DateRange):
            return before(of, Comparison.PREVIOUS_PERIOD)
        return Span(of.start - (of.end - of.start), of.start)
    return days_before(of, 1 if which is Earlier.PREVIOUS_DAY else 7, zone)


def days_before(of: Period, days: int, zone: ZoneInfo) -> Period:
    """The same so many days before: at the same time by the clock on the wall, and as long."""
    if isinstance(of, DateRange):
        ago = timedelta(days=days)
        return DateRange(of.start - ago, of.end - ago)
    # A local time that clocks skipped that day is read as if they had not been changed yet.
    wall = of.end.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
    end = wall.replace(tzinfo=zone).astimezone(UTC)
    return Span(end - (of.end - of.start), end)
