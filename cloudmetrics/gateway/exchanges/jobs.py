"""The job that forgets kept answers."""

from __future__ import annotations

from datetime import timedelta

from cloudmetrics.gateway.exchanges import store
from cloudmetrics.platform import clock
from cloudmetrics.platform.jobs import JobContext, periodic

# The contract promises a day; the policy of the table holds the job to it.
KEPT = timedelta(hours=25)
MOST = 1000


@periodic("exchanges.forget", cron="41 * * * *")
async def forget(context: JobContext) -> None:
    while await store.forget(context.database, clock.now() - KEPT, MOST) == MOST:
        pass
