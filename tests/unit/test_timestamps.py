"""Timestamps of events."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.analytics.events.timestamps import parse_timestamp


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-03T10:00:00Z", datetime(2026, 11, 3, 10)),
        ("2026-11-03t10:00:00z", datetime(2026, 11, 3, 10)),
        ("2026-11-03T10:00:00+02:00", datetime(2026, 11, 3, 8)),
        ("2026-11-03T00:00:00+23:59", datetime(2026, 11, 2, 0, 1)),
        ("2026-11-03T10:00:00-00:00", datetime(2026, 11, 3, 10)),
        ("2026-11-03T10:00:00.5Z", datetime(2026, 11, 3, 10, 0, 0, 500_000)),
        ("2026-11-03T10:00:00.123456999Z", datetime(2026, 11, 3, 10, 0, 0, 123_456)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1)),
        ("2017-01-01T00:59:60.25+01:00", datetime(2017, 1, 1, 0, 0, 0, 250_000)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1)),
        ("1969-07-20T20:17:40Z", datetime(1969, 7, 20, 20, 17, 40)),
    ],
)
def test_a_timestamp_is_a_moment_in_utc(text, moment):
    assert parse_timestamp(text) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "9999-12-31T23:59:60Z",
    ],
)
def test_a_year_that_no_calendar_here_has_is_out_of_range(text):
    assert parse_timestamp(text) is None


@given(st.datetimes(min_value=datetime(2, 1, 1), timezones=st.timezones()))
def test_any_moment_comes_back(moment):
    offset = moment.utcoffset()
    if offset is None or offset.seconds % 60:
        return  # Offsets with seconds, from before railways, cannot be written in RFC 3339.
    assert parse_timestamp(moment.isoformat()) == moment.astimezone(UTC)
