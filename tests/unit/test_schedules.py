"""When a schedule is due, also where clocks are set forward or back."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudmetrics.reports.schedules import InvalidCron, last_until, next_after, require_cron

# Tables of cases are easier to read with a case on each line.
# ruff: noqa: E501
BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues(cron: str, timezone: str, after: str, until: str) -> list[str]:
    found, moment = [], utc(after)
    while (moment := next_after(cron, timezone, moment)) <= utc(until):
        found.append(moment.isoformat()[:16])
    return found


@pytest.mark.parametrize(
    ("cron", "timezone", "after", "until", "expected"),
    [
        ("0 8 * * 1", BERLIN, "2026-03-22", "2026-04-07", ["2026-03-23T07:00", "2026-03-30T06:00", "2026-04-06T06:00"]),
        # 02:30 does not exist on 29 March: it is due when the gap ends, at 03:00 there.
        ("30 2 * * *", BERLIN, "2026-03-27T12:00", "2026-03-30T12:00", ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]),
        # Several that do not exist, and the one at the end of the gap, are one.
        ("*/15 2-3 * * *", BERLIN, "2026-03-29T00:00", "2026-03-29T02:00", ["2026-03-29T01:00", "2026-03-29T01:15", "2026-03-29T01:30", "2026-03-29T01:45"]),
        # 02:30 comes twice on 25 October: only the first counts.
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-26T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("0 * * * *", BERLIN, "2026-10-24T23:30", "2026-10-25T02:30", ["2026-10-25T00:00", "2026-10-25T02:00"]),
        # Lord Howe sets its clocks by half an hour.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00", "2026-10-05T00:00", ["2026-10-03T15:30", "2026-10-04T15:15"]),
        # Samoa left out a whole day.
        ("0 9 30 12 *", "Pacific/Apia", "2011-12-29T00:00", "2012-01-02T00:00", ["2011-12-30T10:00"]),
        ("0 0 29 2 *", "UTC", "2026-01-01", "2033-01-01", ["2028-02-29T00:00", "2032-02-29T00:00"]),
    ],
)  # fmt: skip
def test_a_schedule_is_right_across_changes_of_the_clocks(cron, timezone, after, until, expected):
    assert dues(cron, timezone, after, until) == expected


def test_in_the_repeated_hour_the_last_time_due_is_the_one_that_came_first():
    assert last_until("30 2 * * *", BERLIN, utc("2026-10-25T01:10")) == utc("2026-10-25T00:30")
    assert last_until("30 2 * * *", BERLIN, utc("2026-10-25T00:29")) == utc("2026-10-24T00:30")
    assert last_until("30 2 * * *", BERLIN, utc("2026-03-29T01:00")) == utc("2026-03-29T01:00")


ZONES = st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"])  # fmt: skip
CRONS = st.builds(
    "{} {} * * {}".format, st.integers(0, 59), st.integers(0, 23), st.sampled_from(["*", "1", "1-5", "0,6"])
)


@given(CRONS, ZONES, st.integers(0, 366 * 24 * 60))
def test_what_comes_next_is_the_last_once_it_has_come(cron, timezone, minutes):
    moment = utc("2026-01-01") + timedelta(minutes=minutes)
    following = next_after(cron, timezone, moment)
    assert moment < following <= moment + timedelta(days=8)
    assert last_until(cron, timezone, following) == following
    before = last_until(cron, timezone, moment)
    assert before <= moment
    assert next_after(cron, timezone, before) == following
    shown, minute = following.astimezone(ZoneInfo(timezone)), int(cron.split()[0])
    exists = any(
        (following - timedelta(minutes=gap)).astimezone(ZoneInfo(timezone)).utcoffset() != shown.utcoffset()
        for gap in (1,)
    )
    assert shown.minute == minute or exists


@settings(max_examples=20)
@given(CRONS, ZONES)
def test_a_daily_schedule_is_due_once_on_every_day(cron, timezone):
    daily = " ".join([*cron.split()[:2], "*", "*", "*"])
    found, moment = [], utc("2026-01-01")
    for _ in range(366):
        moment = next_after(daily, timezone, moment)
        found.append(moment)
    days = [each.astimezone(ZoneInfo(timezone)).date() for each in found]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


@pytest.mark.parametrize(
    "cron", ["0 8 * * 1", "0 0 1 * *", "*/15 * * * *", "30 6 * * mon-fri", "0 9 1 1,4,7,10 *"]
)
def test_sound_expressions_are_taken(cron):
    require_cron(cron)


@pytest.mark.parametrize(
    "cron",
    ["", "@daily", "* * * *", "0 8 * * 1 *", "0 8 * * 1\n", "61 * * * *", "0 0 30 2 *", "* * * * *", "*/5 * * * *",
     "0,10 * * * *", "R * * * *", "0 H * * *", "0 8 L * *", "0 8 * * 1#1", "0 8 ? * 1", "0  8 * * 1", "0 8 * * 1; DROP", "0 8 * * 9", "0-59/1 8 * * *"],
)  # fmt: skip
def test_unsound_ones_are_refused(cron):
    with pytest.raises(InvalidCron):
        require_cron(cron)
