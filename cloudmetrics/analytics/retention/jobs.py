"""The jobs of retention: one that looks for websites every hour, and one per website that forgets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.accounts.test_clocks.jobs import follows_test_clock
from cloudmetrics.analytics.retention import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database, Tenant
from cloudmetrics.platform.jobs import JobContext, Retry, defer, job, periodic

logger = logging.getLogger(__name__)

# Between two steps, batches that wait for the website get their turn.
PAUSE_SECONDS = 0.1


@periodic("retention.look", cron="23 * * * *")
async def look(context: JobContext) -> None:
    """Every hour, since days begin at another time in each time zone."""
    await _forget_all(context.database, await store.retained(context.database))


@follows_test_clock
async def follow(context: JobContext, tenant: Tenant) -> None:
    retained = await store.retained(context.database)
    await _forget_all(context.database, [each for each in retained if each[0] == tenant.workspace_id])


async def _forget_all(database: Database, websites: Sequence[tuple[UUID, UUID]]) -> None:
    async with database.transaction(NOBODY) as transaction:
        for workspace_id, website_id in websites:
            await defer(
                transaction,
                "retention.forget",
                key=str(website_id),
                workspace_id=workspace_id,
                website_id=website_id,
            )


@job("retention.forget", retry=Retry(attempts=3, first=60))
async def forget(context: JobContext, *, workspace_id: UUID, website_id: str) -> None:
    tenant = await test_clocks.tenant_of(context.database, workspace_id)
    while (day := await store.take_step(tenant, UUID(website_id), clock.now_of(tenant))) is not None:
        logger.info("old days forgotten", extra={"website_id": website_id, "before": day})
        await asyncio.sleep(PAUSE_SECONDS)
