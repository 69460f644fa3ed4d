"""Work that outlives its request.

    @job("reports.render", retry=Retry(attempts=4))
    async def render(context: JobContext, *, workspace_id: UUID, run_id: str) -> None: ...

    await defer(transaction, "reports.render", key=run_id, workspace_id=…, run_id=run_id)

A job is deferred in the transaction of the write that causes it: both happen, or
neither. It runs in a worker, at least once: a worker that dies in the middle
leaves its job to another, so a job writes what it does in such a way that doing
it twice makes no difference, or asks `once` in the transaction that does it. Its
arguments are seen by whoever reads the database, so they are ids, and anything secret
in them is sealed.
"""

from cloudmetrics.platform.jobs.registry import GiveUp, JobContext, Retry, job, periodic
from cloudmetrics.platform.jobs.store import defer, once

__all__ = ["GiveUp", "JobContext", "Retry", "defer", "job", "once", "periodic"]
