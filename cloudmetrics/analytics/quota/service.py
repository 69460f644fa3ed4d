"""Holds a workspace to its events a month, exactly: they are counted in the transaction that stores them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from cloudmetrics.analytics.quota import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import OutOfQuota
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.prepared import Call

# Workspaces that this process has refused lately. Only these are asked about before
# they store, so that a refusal costs little, and everybody else pays nothing for it.
_refused: set[Tenant] = set()
MOST_REMEMBERED = 10_000
# Percents of the month's events at which the owners are told.
WARN_AT = (80, 100)
# Whose owners this process has had told in which month that events are refused.
_told: set[tuple[Tenant, date]] = set()


class Standing(NamedTuple):
    """The events of a month, and the percents that were warned of, with when."""

    used: int
    warnings: list[tuple[int, datetime]]


def counting(tenant: Tenant, month: date, events: int) -> Call:
    """Counts events of a month, or takes so many back; answers how many there are.

    The workspace's other writers wait from here until the transaction ends.
    """
    return store.add(tenant.workspace_id, month, events)


def check(tenant: Tenant, quota: int | None, total: int, events: int) -> None:
    """Raises OutOfQuota where the new events made it too many, and their transaction must be undone.

    `quota` is the number of events a month, or None for the service itself, which nothing limits.
    """
    if quota is not None and total > quota:
        raise _refusal(tenant, quota, total - events)


async def warn(transaction: Transaction, tenant: Tenant, quota: int | None, total: int, events: int) -> None:
    """Has the owners told, once the transaction is committed, where its events make the month's scarce."""
    if quota is None:
        return
    for percent in WARN_AT:
        if total - events < quota * percent / 100 <= total:
            await _warn(transaction, tenant, quota, percent)


async def warn_of_refusal(tenant: Tenant, quota: int) -> None:
    """Has the owners told that events are refused; they hear it once a month."""
    if (tenant, this_month(tenant)) in _told:
        return
    async with tenant.transaction() as transaction:
        await _warn(transaction, tenant, quota, 100)
    if len(_told) >= MOST_REMEMBERED:
        _told.clear()
    _told.add((tenant, this_month(tenant)))


async def _warn(transaction: Transaction, tenant: Tenant, quota: int, percent: int) -> None:
    month = this_month(tenant)
    await defer(
        transaction,
        "quota.warn",
        key=f"{tenant.workspace_id}:{month}:{percent}",
        workspace_id=tenant.workspace_id,
        month=month,
        percent=percent,
        limit=quota,
    )


async def standing(tenant: Tenant, month: date) -> Standing:
    """How many events were stored in a month, and what was warned of."""
    return Standing(await store.read_used(tenant, month), await store.warnings(tenant, month))


def is_scarce(tenant: Tenant) -> bool:
    """Whether `require` should be asked before anything is stored."""
    return tenant in _refused


async def require(transaction: Transaction, tenant: Tenant, quota: int, events: int) -> None:
    """Raises OutOfQuota where so many new events are more than what is left by now."""
    used = await store.used(transaction, tenant.workspace_id, this_month(tenant))
    if used + events > quota:
        raise _refusal(tenant, quota, used)
    if used < quota:
        _refused.discard(tenant)


def _refusal(tenant: Tenant, quota: int, used: int) -> OutOfQuota:
    if len(_refused) >= MOST_REMEMBERED:
        _refused.clear()
    _refused.add(tenant)
    left = max(0, quota - used)
    message = f"The workspace may store {quota:,} events a month, and {left:,} of them are left."
    details = {"policy": "events", "limit": quota, "remaining": left}
    return OutOfQuota(message, _seconds_left(clock.now_of(tenant)), details)


def this_month(tenant: Tenant) -> date:
    """Its first day, in UTC, by the workspace's clock."""
    return clock.now_of(tenant).date().replace(day=1)


def next_month(month: date) -> datetime:
    """When the month after this one begins."""
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime(following.year, following.month, 1, tzinfo=UTC)


def _seconds_left(now: datetime) -> int:
    """Until the next month begins, rounded up."""
    return -(-(next_month(now.date()) - now) // timedelta(seconds=1))
