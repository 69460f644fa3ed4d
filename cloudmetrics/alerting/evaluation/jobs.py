"""Evaluates all rules every minute, however many workers there are.

One job a minute looks how much there is to do and spreads it over a few jobs, which any
worker takes. Each of them claims workspaces until none is left.
"""

from __future__ import annotations

import logging
from uuid import UUID

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.accounts.test_clocks.jobs import follows_test_clock
from cloudmetrics.alerting.evaluation import store
from cloudmetrics.alerting.evaluation.measuring import MINUTE
from cloudmetrics.alerting.evaluation.service import evaluate
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Tenant
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.jobs import JobContext, Retry, defer, job, periodic

logger = logging.getLogger(__name__)

AT_ONCE = 10
MOST_JOBS = 4


@periodic("alerts.tick", cron="* * * * *")
async def tick(context: JobContext) -> None:
    waiting = await store.due(context.database, clock.now())
    async with context.database.transaction(NOBODY) as transaction:
        for number in range(min(MOST_JOBS, -(-waiting // AT_ONCE))):
            await defer(transaction, "alerts.evaluate", key=str(number))


@job("alerts.evaluate", retry=Retry(attempts=1))
async def evaluate_due(context: JobContext) -> None:
    """Evaluates workspaces until none is due. What fails is tried again when its claim has run out."""
    while claimed := await store.claim(context.database, clock.now(), AT_ONCE):
        for workspace_id in claimed:
            await _evaluate(context, workspace_id)


@follows_test_clock
async def follow(context: JobContext, tenant: Tenant) -> None:
    """Nobody waits for the next minute of the real time."""
    await evaluate(tenant, clock.now_of(tenant))


async def _evaluate(context: JobContext, workspace_id: UUID) -> None:
    now = clock.now()
    try:
        tenant = await test_clocks.tenant_of(context.database, workspace_id)
        await evaluate(tenant, now + tenant.ahead)
    except Unavailable:
        raise
    except Exception:
        logger.exception("alerts not evaluated", extra={"workspace_id": workspace_id})
        return
    next_minute = now.replace(second=0, microsecond=0) + MINUTE
    await store.done(context.database, workspace_id, next_minute)
