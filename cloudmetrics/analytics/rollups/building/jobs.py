"""The jobs of building: one draws the next edition of a website, one deletes what it replaced."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from cloudmetrics.analytics.rollups.building import store
from cloudmetrics.platform.jobs import JobContext, Retry, job

logger = logging.getLogger(__name__)

# Between two steps, batches that wait for the website get their turn.
PAUSE_SECONDS = 0.01


@job("rollups.build", retry=Retry(attempts=30, longest=600))
async def build(context: JobContext, *, workspace_id: UUID, website_id: str) -> None:
    """Goes on where the last run was cut off."""
    tenant = context.tenant(workspace_id)
    while await store.take_step(tenant, UUID(website_id)):  # noqa: ASYNC110 - a step is work.
        await asyncio.sleep(PAUSE_SECONDS)
    logger.info("rollups drawn anew", extra={"website_id": website_id})


@job("rollups.clean", retry=Retry(attempts=30, longest=600))
async def clean(context: JobContext, *, workspace_id: UUID, website_id: str) -> None:
    tenant = context.tenant(workspace_id)
    while await store.clean(tenant, UUID(website_id)):  # noqa: ASYNC110 - it deletes a part.
        await asyncio.sleep(PAUSE_SECONDS)
