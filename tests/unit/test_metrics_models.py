"""Ranges of days, and the arithmetic of metrics."""

from datetime import date
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.analytics.metrics.models import DateOutOfRange, Metrics, Money, RangeInverted, RangeTooLong
from cloudmetrics.analytics.metrics.service import date_range

TODAY = date(2026, 11, 23)


def metrics(visitors: int, revenue: int | None = 0, conversions: int | None = None) -> Metrics:
    money = None if revenue is None else Money(revenue, "EUR")
    return Metrics(visitors, 0, 0, money, [], conversions, [])


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
    assert metrics(visitors, revenue).revenue_per_visitor == Money(floor(exact + Fraction(1, 2)), "EUR")


def test_a_ratio_without_a_denominator_is_none():
    assert metrics(0, 5).revenue_per_visitor is None
    assert metrics(0, 5, conversions=0).conversion_rate is None
    assert metrics(3, None).revenue_per_visitor is None


def test_a_conversion_rate_needs_a_goal():
    assert metrics(4).conversion_rate is None
    assert metrics(4, conversions=1).conversion_rate == 0.25
    assert metrics(4, conversions=0).conversion_rate == 0
