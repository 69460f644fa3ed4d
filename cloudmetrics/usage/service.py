"""Telling a workspace what it uses."""

from __future__ import annotations

from cloudmetrics.analytics.metrics.models import RangeTooLong
from cloudmetrics.analytics.metrics.ranges import date_range
from cloudmetrics.analytics.quota import service as quotas
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.usage import store
from cloudmetrics.usage.models import Quota, Usage


async def get(caller: Caller, *, start_date: str | None = None, end_date: str | None = None) -> Usage:
    """What the workspace used on days in UTC, 30 by default, and how it stands this month.

    Raises DateOutOfRange, RangeInverted, and RangeTooLong above 400 days.
    """
    days = date_range(start_date, end_date, clock.today_of(caller.tenant, "UTC"))
    if len(days) > store.DAYS_KEPT:
        raise RangeTooLong(len(days), store.DAYS_KEPT)
    return Usage(
        days,
        await store.requests(caller.tenant, days),
        await store.events(caller.tenant, days),
        await store.storage(caller.tenant),
        await _quota(caller),
    )


async def _quota(caller: Caller) -> Quota | None:
    """How many of the month's events are left; None for the service itself, which nothing limits."""
    if caller.allowance is None:
        return None
    month = quotas.this_month(caller.tenant)
    standing = await quotas.standing(caller.tenant, month)
    return Quota(caller.allowance.events, standing.used, month, quotas.next_month(month), standing.warnings)
