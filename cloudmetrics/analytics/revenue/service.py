"""Asking where the money came from."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.analytics.goals import service as goals
from cloudmetrics.analytics.metrics.ranges import date_range
from cloudmetrics.analytics.revenue import store
from cloudmetrics.analytics.revenue.models import RevenueDimension, RevenueQuestion, RevenueRow
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.paging import Page, page, unseal


async def list_page(
    caller: Caller,
    website_id: UUID,
    *,
    dimension: RevenueDimension,
    start_date: str | None = None,
    end_date: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> tuple[Page[RevenueRow], RevenueQuestion]:
    """What each value earned, the most first; goals oldest first. With the question, dates filled in.

    Raises NotFound, DateOutOfRange, RangeInverted, RangeTooLong, InvalidCursor, QueryTooSlow.
    """
    website = await websites.get(caller, website_id)
    days = date_range(start_date, end_date, clock.today_of(caller.tenant, website.timezone))
    question = RevenueQuestion(website, days, dimension)
    if dimension is RevenueDimension.GOAL:
        return await _of_goals(caller, question, cursor, limit), question
    listing = f"revenue {question.to_json()}"
    after = None
    if cursor is not None:
        revenue, _, key = unseal(caller, listing, cursor).partition(" ")
        after = (int(revenue), key)
    found = await store.rows_after(caller.tenant, question, after, limit + 1)
    return page(caller, listing, found, limit, lambda row: f"{row.revenue.amount_minor} {row.key}"), question


async def _of_goals(
    caller: Caller, question: RevenueQuestion, cursor: str | None, limit: int
) -> Page[RevenueRow]:
    query = {"website_id": str(question.website.id), "cursor": cursor, "limit": limit}
    found = await goals.list_page(caller, query)
    rows = [await store.of_goal(caller.tenant, question, goal) for goal in found.items]
    return Page(rows, found.next_cursor)
