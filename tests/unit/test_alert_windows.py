"""Windows of time, where days are not all alike."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cloudmetrics.alerting.watching.windows import Earlier, Window, days_before, earlier, period
from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.analytics.questions.models import Span

BERLIN, KOLKATA, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("UTC")
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> Span:
    return Span(at(start), at(end))


@pytest.mark.parametrize(
    ("window", "moment", "zone", "expected"),
    [
        ("LAST_5_MINUTES", "2026-03-11T12:00", BERLIN, span("2026-03-11T11:55", "2026-03-11T12:00")),
        ("FULL_HOUR", "2026-03-11T12:40", BERLIN, span("2026-03-11T11:00", "2026-03-11T12:00")),
        # Local hours begin at half past there.
        ("FULL_HOUR", "2026-03-11T12:40", KOLKATA, span("2026-03-11T11:30", "2026-03-11T12:30")),
        # Clocks go back at 01:00 UTC: the local hour from two to three comes twice.
        ("FULL_HOUR", "2026-10-25T01:30", BERLIN, span("2026-10-25T00:00", "2026-10-25T01:00")),
        ("FULL_HOUR", "2026-10-25T02:10", BERLIN, span("2026-10-25T01:00", "2026-10-25T02:00")),
        ("TODAY", "2026-03-11T23:30", BERLIN, DateRange(date(2026, 3, 12), date(2026, 3, 12))),
        ("YESTERDAY", "2026-03-11T12:00", BERLIN, DateRange(date(2026, 3, 10), date(2026, 3, 10))),
        ("LAST_7_DAYS", "2026-03-11T12:00", BERLIN, DateRange(date(2026, 3, 4), date(2026, 3, 10))),
        ("MONTH_TO_DATE", "2026-03-31T23:00", BERLIN, DateRange(date(2026, 4, 1), date(2026, 4, 1))),
    ],
)
def test_a_window_goes_by_local_time(window, moment, zone, expected):
    assert period(Window(window), at(moment), zone) == expected


@pytest.mark.parametrize(
    ("of", "days", "expected"),
    [
        # Clocks went forward on 29 March 2026: noon was at 11 by UTC before, and is at 10 since.
        (span("2026-03-30T09:00", "2026-03-30T10:00"), 7, span("2026-03-23T10:00", "2026-03-23T11:00")),
        # The hour from two to three was left out that day; it is read by the clock of before.
        (span("2026-04-05T00:00", "2026-04-05T00:30"), 7, span("2026-03-29T01:00", "2026-03-29T01:30")),
        (DateRange(date(2026, 3, 30), date(2026, 3, 30)), 7, DateRange(date(2026, 3, 23), date(2026, 3, 23))),
    ],
)
def test_a_week_before_is_the_same_time_by_the_clock_on_the_wall(of, days, expected):
    assert days_before(of, days, BERLIN) == expected


def test_the_period_before_is_as_long_and_ends_where_this_one_begins():
    of = span("2026-03-11T06:00", "2026-03-11T12:00")
    assert earlier(of, Earlier.PREVIOUS_PERIOD, UTC_ZONE) == span("2026-03-11T00:00", "2026-03-11T06:00")
    week = DateRange(date(2026, 3, 4), date(2026, 3, 10))
    assert earlier(week, Earlier.PREVIOUS_PERIOD, UTC_ZONE) == DateRange(date(2026, 2, 25), date(2026, 3, 3))
