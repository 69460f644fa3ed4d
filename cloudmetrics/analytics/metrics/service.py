"""Asking for metrics."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.analytics.metrics import store
from cloudmetrics.analytics.metrics.models import (
    DateOutOfRange,
    DateRange,
    Day,
    Metrics,
    Money,
    Question,
    RangeInverted,
    RangeTooLong,
)
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Row

DEFAULT_DAYS = 30
MOST_DAYS = 3660


async def get(
    caller: Caller,
    *,
    start_date: str | None = None,
    end_date: str | None = None,
    website_id: UUID | None = None,
    source: str | None = None,
    device: str | None = None,
    goal: str | None = None,
) -> tuple[Metrics, Question]:
    """The numbers, and the question with its dates filled in.

    Today is a day of the website's time zone, or of the workspace's where no
    website is named; in the same way the currency is chosen where nothing was
    earned. Raises NotFound, DateOutOfRange, RangeInverted, RangeTooLong.
    """
    home = await (websites.get(caller, website_id) if website_id else workspaces.get(caller))
    days = date_range(start_date, end_date, clock.now().astimezone(ZoneInfo(home.timezone)).date())
    question = Question(days, website_id, source, device, goal)
    rows = await store.count(caller.tenant, question)
    return summarize(rows, question, home.currency), question


def date_range(start_date: str | None, end_date: str | None, today: date) -> DateRange:
    """The days asked for: 30 where only an end is given, or nothing. Raises as `get` does."""
    end = _date(end_date, "end_date") if end_date else today
    usual = min(timedelta(days=DEFAULT_DAYS - 1), end - date.min)
    start = _date(start_date, "start_date") if start_date else end - usual
    if end < start:
        raise RangeInverted(start, end)
    days = DateRange(start, end)
    if len(days) > MOST_DAYS:
        raise RangeTooLong(len(days), MOST_DAYS)
    return days


def summarize(rows: list[Row], question: Question, default_currency: str) -> Metrics:
    """The rows of store.count as metrics, days without events filled in."""
    total = rows[0]
    by_day = {row["day"]: row for row in rows if row["day"] is not None}
    earned = [
        Money(int(row["revenue"]), row["currency"])
        for row in rows
        if row["currency"] is not None and row["revenue"] is not None
    ]
    only = earned[0] if earned else Money(0, default_currency)
    currency = only.currency if len(earned) <= 1 else None
    return Metrics(
        visitors=total["visitors"],
        pageviews=total["pageviews"] or 0,
        events=total["events"] or 0,
        revenue=only if currency else None,
        revenue_by_currency=earned,
        conversions=total["conversions"] if question.goal is not None else None,
        breakdown=[_day(day, by_day.get(day), currency) for day in question.days],
    )


def _day(day: date, row: Row | None, currency: str | None) -> Day:
    if row is None:
        return Day(day, 0, 0, Money(0, currency) if currency else None)
    revenue = Money(int(row["revenue"] or 0), currency) if currency else None
    return Day(day, row["visitors"], row["pageviews"], revenue)


def _date(text: str, parameter: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DateOutOfRange(text, parameter) from None
