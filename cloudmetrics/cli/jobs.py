"""`make jobs`: the background jobs that failed for good."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from cloudmetrics.cli import terminal
from cloudmetrics.cli.owner import reachable_database
from cloudmetrics.platform import clock
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.jobs import store
from cloudmetrics.platform.processes import StartupError

Result = TypeVar("Result")


def show(settings: Settings) -> int:
    """Prints how the queue stands, and the jobs that failed."""
    numbers = asked(settings, store.numbers)
    terminal.show(
        f"  {numbers.waiting} waiting (longest {numbers.oldest_seconds:.0f} s), "
        f"{numbers.scheduled} scheduled, {numbers.running} running, {numbers.failed} failed"
    )
    for job in asked(settings, store.failed):
        terminal.show(
            f"  {job.id:>8}  {clock.iso(job.failed_at)[:19]}Z  {job.name:<24}"
            f"  {job.workspace_id or '-'}  attempts: {job.attempts}"
        )
    if numbers.failed:
        terminal.show("\n  The log of the worker says why. Let them begin anew:  make jobs RETRY=all")
    return 0


def retry(settings: Settings, ids: Sequence[int]) -> int:
    """Lets failed jobs begin anew: those named, or all."""
    retried = asked(settings, lambda database: store.retry_failed(database, ids or None))
    missing = sorted(set(ids) - set(retried))
    if missing:
        raise StartupError(f"No failed job has the number {', '.join(map(str, missing))}.")
    terminal.show(f"  {len(retried)} jobs begin anew.")
    return 0


def asked(settings: Settings, ask: Callable[[Database], Awaitable[Result]]) -> Result:
    async def run(url: str) -> Result:
        database = Database(url, 1)
        try:
            return await ask(database)
        except Unavailable as error:
            raise StartupError(str(error)) from None
        finally:
            await database.close()

    with reachable_database(settings) as completed:
        return asyncio.run(run(completed.database_url))
