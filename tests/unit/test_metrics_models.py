"""Ranges of days, and the arithmetic of metrics."""

from datetime import date
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.analytics.metrics.models import (
    Comparison,
    DateOutOfRange,
    DateRange,
    Money,
    NothingBefore,
    RangeInverted,
    RangeTooLong,
)
from cloudmetrics.analytics.metrics.ranges import before, buckets, date_range, require_few_days
from cloudmetrics.analytics.questions.models import Numbers

TODAY = date(2026, 11, 23)


def test_without_dates_it_is_the_last_30_days():
    days = date_range(None, None, TODAY)
    assert (days.start, days.end, len(days)) == (date(2026, 10, 25), TODAY, 30)


def test_with_an_end_alone_it_is_the_30_days_before():
    assert date_range(None, "2026-03-01", TODAY).start == date(2026, 1, 31)


def test_with_a_start_alone_it_goes_on_to_today():
    assert date_range("2026-11-20", None, TODAY).end == TODAY


def test_the_calendar_has_a_beginning():
    assert date_range(None, "0001-01-05", TODAY).start == date.min


def test_a_range_of_one_day_is_one_day():
    assert list(date_range("2026-11-03", "2026-11-03", TODAY)) == [date(2026, 11, 3)]


def test_the_end_of_the_calendar_can_be_asked_for():
    assert list(date_range("9999-12-31", "9999-12-31", TODAY)) == [date.max]


@pytest.mark.parametrize(("start", "end"), [("2026-11-04", "2026-11-03"), ("2026-11-24", None)])
def test_a_range_must_not_end_before_it_starts(start, end):
    with pytest.raises(RangeInverted):
        date_range(start, end, TODAY)


def test_a_range_has_at_most_3660_days():
    assert len(date_range("2016-11-16", "2026-11-23", TODAY)) == 3660
    with pytest.raises(RangeTooLong):
        date_range("2016-11-15", "2026-11-23", TODAY)


@pytest.mark.parametrize(("start", "end"), [("0000-01-01", None), (None, "0000-12-31")])
def test_there_is_no_year_zero(start, end):
    with pytest.raises(DateOutOfRange):
        date_range(start, end, TODAY)


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9))
def test_revenue_per_visitor_is_rounded_half_up(revenue, visitors):
    exact = Fraction(revenue, visitors)
    numbers = Numbers(visitors=visitors, revenue={"EUR": revenue})
    assert numbers.metric("revenue_per_visitor", "USD") == Money(floor(exact + Fraction(1, 2)), "EUR")


@pytest.mark.parametrize(
    "name", ["revenue_per_visitor", "conversion_rate", "views_per_visit", "bounce_rate", "visit_duration"]
)
def test_a_ratio_without_a_denominator_is_none(name):
    assert Numbers(pageviews=3, revenue={"EUR": 5}).metric(name, "EUR") is None


def test_a_ratio_without_a_numerator_is_zero():
    assert Numbers(visitors=4).metric("conversion_rate", "EUR") == 0
    assert Numbers(visitors=4, conversions=1).metric("conversion_rate", "EUR") == 0.25
    assert Numbers(visits=4, visit_us=2_000_000).metric("visit_duration", "EUR") == 0.5


def test_money_of_several_currencies_is_never_added():
    numbers = Numbers(visitors=1, revenue={"USD": 5, "EUR": 7})
    assert numbers.metric("revenue", "EUR") is None
    assert numbers.metric("revenue_per_visitor", "EUR") is None
    assert numbers.by_currency() == [Money(7, "EUR"), Money(5, "USD")]


def test_by_the_hour_there_are_at_most_31_days():
    require_few_days(DateRange(date(2026, 10, 1), date(2026, 10, 31)), "HOUR")
    with pytest.raises(RangeTooLong, match="31 at a time by HOUR"):
        require_few_days(DateRange(date(2026, 10, 1), date(2026, 11, 1)), "HOUR")


@pytest.mark.parametrize(
    ("interval", "starts"),
    [
        ("DAY", [27, 28, 29, 30, 31, 1, 2, 3, 4, 5, 6, 7]),
        ("WEEK", [27, 31, 7]),
        ("MONTH", [27, 1]),
    ],
)
def test_parts_begin_with_the_range_and_then_where_the_calendar_says(interval, starts):
    # 31 August 2026 is a Monday.
    days = DateRange(date(2026, 8, 27), date(2026, 9, 7))
    found = [day.day for day, hour in buckets(days, interval) if hour is None]
    assert found == starts


def test_a_day_has_24_hours_on_the_clock():
    assert list(buckets(DateRange(TODAY, TODAY), "HOUR")) == [(TODAY, hour) for hour in range(24)]


@pytest.mark.parametrize(
    ("start", "end", "comparison", "expected"),
    [
        ("2026-11-03", "2026-11-03", Comparison.PREVIOUS_PERIOD, ("2026-11-02", "2026-11-02")),
        ("2026-03-01", "2026-03-31", Comparison.PREVIOUS_PERIOD, ("2026-01-29", "2026-02-28")),
        ("2026-03-01", "2026-03-31", Comparison.PREVIOUS_YEAR, ("2025-03-01", "2025-03-31")),
        ("2024-02-29", "2024-02-29", Comparison.PREVIOUS_YEAR, ("2023-02-28", "2023-02-28")),
        ("2024-02-01", "2024-02-29", Comparison.PREVIOUS_YEAR, ("2023-02-01", "2023-02-28")),
        ("2025-02-01", "2025-02-28", Comparison.PREVIOUS_YEAR, ("2024-02-01", "2024-02-28")),
    ],
)
def test_what_a_range_is_compared_with(start, end, comparison, expected):
    found = before(DateRange(date.fromisoformat(start), date.fromisoformat(end)), comparison)
    assert (found.start.isoformat(), found.end.isoformat()) == expected


@pytest.mark.parametrize("comparison", Comparison)
def test_nothing_lies_before_the_calendar(comparison):
    with pytest.raises(NothingBefore):
        before(DateRange(date(1, 1, 1), date(1, 2, 1)), comparison)
