"""Forgets what became of alerts, and what was told about them, once it is old enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.accounts.test_clocks.jobs import follows_test_clock
from cloudmetrics.alerting.deliveries import store as deliveries
from cloudmetrics.alerting.deliveries.models import KEPT as DELIVERIES_KEPT
from cloudmetrics.alerting.evaluation import store as evaluation
from cloudmetrics.alerting.history import store as history
from cloudmetrics.alerting.history.models import KEPT as HISTORY_KEPT
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.jobs import JobContext, periodic

AT_ONCE = 1000


@periodic("alerts.forget", cron="53 * * * *")
async def forget(context: JobContext) -> None:
    """Who dies over it has forgotten some, and the next hour goes on."""
    for workspace_id in await evaluation.workspaces(context.database):
        await _forget_old(await test_clocks.tenant_of(context.database, workspace_id))


@follows_test_clock
async def follow(context: JobContext, tenant: Tenant) -> None:
    await _forget_old(tenant)


async def _forget_old(tenant: Tenant) -> None:
    now = clock.now_of(tenant)
    await _in_batches(history.forget, tenant, now - HISTORY_KEPT)
    await _in_batches(deliveries.forget, tenant, now - DELIVERIES_KEPT)


async def _in_batches(
    some: Callable[[Tenant, datetime, int], Awaitable[int]], tenant: Tenant, before: datetime
) -> None:
    """Short transactions, so that nobody who fires or delivers waits for them."""
    while await some(tenant, before, AT_ONCE) == AT_ONCE:
        pass
