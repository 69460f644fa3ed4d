"""Which days a report is about, seen from the day on which it is due."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from cloudmetrics.analytics.metrics.models import DateRange

DAY = timedelta(days=1)


class Period(StrEnum):
    """All end before the day on which the report is due, so that no number still grows."""

    YESTERDAY = "YESTERDAY"
    LAST_7_DAYS = "LAST_7_DAYS"
    LAST_30_DAYS = "LAST_30_DAYS"
    PREVIOUS_WEEK = "PREVIOUS_WEEK"
    PREVIOUS_MONTH = "PREVIOUS_MONTH"
    MONTH_TO_DATE = "MONTH_TO_DATE"


def days_of(period: Period, today: date) -> DateRange:
    """Weeks begin on Mondays. The month to date is yesterday's month."""
    yesterday = today - DAY
    if period is Period.PREVIOUS_WEEK:
        sunday = today - timedelta(days=today.weekday() + 1)
        return DateRange(sunday - 6 * DAY, sunday)
    if period is Period.PREVIOUS_MONTH:
        last = today.replace(day=1) - DAY
        return DateRange(last.replace(day=1), last)
    if period is Period.MONTH_TO_DATE:
        return DateRange(yesterday.replace(day=1), yesterday)
    length = {Period.YESTERDAY: 1, Period.LAST_7_DAYS: 7, Period.LAST_30_DAYS: 30}[period]
    return DateRange(today - timedelta(days=length), yesterday)
