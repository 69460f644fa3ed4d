"""How many background jobs one worker runs, and how soon after the commit a job begins."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench import machine
from bench.report import Figure, against_bar
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.embedded import Stores, running_stores
from cloudmetrics.platform.jobs import JobContext, Retry, defer
from cloudmetrics.platform.jobs.registry import Job, Services
from cloudmetrics.platform.jobs.worker import Worker
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring

SECRET = b"a secret key of the benchmarks, 32 bytes"
JOBS = 1_000
LONE_JOBS = 200
BAR = 300.0


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One table. The worker has a core for itself, PostgreSQL the other."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with running_stores(Path(folder)) as stores:
            machine.pin(machine.SERVER_CORES)
            try:
                throughput, waits = asyncio.run(_measure(stores, rounds, tell))
            finally:
                machine.pin(machine.LOAD_CORES)
    table = Figure("Background jobs, one worker", ["", "", "bar"])
    per_second = statistics.median(throughput)
    table.rows.append(["empty jobs/s", f"{per_second:,.0f}", against_bar(per_second, BAR)])
    percentiles = statistics.quantiles(waits, n=100)
    for name, place in (("p50", 49), ("p99", 98)):
        table.rows.append([f"from commit to start, {name} ms", f"{percentiles[place] * 1000:.1f}", ""])
    return [table]


async def _measure(
    stores: Stores, rounds: int, tell: Callable[[str], None]
) -> tuple[list[float], list[float]]:
    await migrate(stores.database_url)
    begun: asyncio.Queue[float] = asyncio.Queue()

    async def note(_: JobContext) -> None:
        begun.put_nowait(time.perf_counter())

    throughput, waits = [], []
    database = Database(stores.database_url)
    async with _working(stores, {"note": Job("note", note, Retry())}):
        for number in range(rounds):
            tell(f"jobs, round {number + 1}")
            await _defer(database, JOBS)
            # The first one wakes the worker up.
            first = await begun.get()
            ends = [await begun.get() for _ in range(JOBS - 1)]
            throughput.append((JOBS - 1) / (ends[-1] - first))
        tell("jobs, one at a time")
        for _ in range(LONE_JOBS):
            await _defer(database, 1)
            committed = time.perf_counter()
            waits.append(await begun.get() - committed)
    await database.close()
    return throughput, waits


async def _defer(database: Database, count: int) -> None:
    async with database.transaction(NOBODY) as transaction:
        for _ in range(count):
            await defer(transaction, "note")


@asynccontextmanager
async def _working(stores: Stores, jobs: Mapping[str, Any]) -> AsyncIterator[None]:
    settings = Settings(
        database_url=stores.database_url, redis_url=stores.redis_url, secret_key=SECRET, log_level="warning"
    )
    database, redis = Database(settings.database_url, 6), Redis(settings.redis_url)
    worker = Worker(Services(database, redis, Keyring(SECRET), settings), jobs)
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await running
        await redis.close()
        await database.close()
