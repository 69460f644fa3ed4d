"""Workers for tests: in this process with jobs of the test's own, or as processes that can be killed."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.jobs import Retry, defer
from cloudmetrics.platform.jobs.registry import REGISTRY, Job, Services
from cloudmetrics.platform.jobs.worker import Worker
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.worker import work as _with_all_jobs  # noqa: F401
from tests.integration.conftest import SECRET
from tests.integration.running import PROJECT, environment


def jobs_of(*jobs: Job) -> Mapping[str, Job]:
    return {job.name: job for job in jobs}


def a_job(name: str, function: Callable[..., Awaitable[None]], cron: str | None = None, **retry: Any) -> Job:
    return Job(name, function, Retry(**({"attempts": 3, "first": 0.01} | retry)), cron)


@asynccontextmanager
async def working(settings: Settings, jobs: Mapping[str, Job]) -> AsyncIterator[Worker]:
    """A worker for as long as the block lasts; it has stopped in order when the block ends."""
    database = Database(settings.database_url, 6)
    redis = Redis(settings.redis_url)
    worker = Worker(Services(database, redis, Keyring(SECRET), settings), jobs)
    running = asyncio.ensure_future(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await running
        await redis.close()
        await database.close()


async def enqueue(database: Database, name: str, **arguments: Any) -> None:
    async with database.transaction(NOBODY) as transaction:
        await defer(transaction, name, **arguments)


BY_THE_CLOCK = {name for name, job in REGISTRY.items() if job.cron}


async def jobs_left(database: Database) -> list[tuple[str, str]]:
    """Without those that only the clock makes, which a worker may just have begun."""
    rows = await database.read_directory(
        "SELECT task_name, status::text FROM procrastinate_jobs ORDER BY task_name, id"
    )
    return [(row["task_name"], row["status"]) for row in rows if row["task_name"] not in BY_THE_CLOCK]


@contextmanager
def worker_process(script: Path, log: Path, **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process of `script`, which registers jobs and calls `work`; killed at the end if it still runs."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, str(script)],
            cwd=PROJECT,
            env=environment(**settings, CLOUDMETRICS_SECRET_KEY=SECRET.decode(), PYTHONPATH=PROJECT),
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
