"""Workers are killed and PostgreSQL is restarted; every job has its effect, and has it once."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.embedded import Stores, child_user
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.jobs import defer, store
from cloudmetrics.platform.migrations import migrate
from tests.integration.conftest import settings_for
from tests.integration.working import a_job, jobs_left, jobs_of, worker_process, working
from tests.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.slow, pytest.mark.requirement("PL-18", "D6-11")]

# A transfer of one unit: the job's row in `done` makes it happen once. It halts where it is told to.
WORKER = """
import asyncio
from pathlib import Path

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import NOBODY
from cloudmetrics.platform.jobs import job, store
from cloudmetrics.platform.jobs import worker as machinery
from cloudmetrics.worker import work

HALT, FLAG = {halt!r}, Path({flag!r})
store.DEAD_AFTER_SECONDS = 2.0
machinery.HEARTBEAT_SECONDS = 0.3
machinery.BETWEEN_RELEASES = 0.3


async def reach(step):
    if step == HALT:
        FLAG.touch()
        await asyncio.sleep(3600)


class Halting(machinery.Manager):
    async def fetch_job(self, *arguments, **named):
        found = await super().fetch_job(*arguments, **named)
        if found is not None:
            await reach("fetched")
        return found

    async def finish_job(self, *arguments, **named):
        await reach("unfinished")
        await super().finish_job(*arguments, **named)


machinery.Manager = Halting


@job("transfer")
async def transfer(context, *, number):
    async with context.database.transaction(NOBODY) as transaction:
        await reach("begun")
        fresh = await transaction.fetch_one(
            "INSERT INTO done VALUES (%(number)s) ON CONFLICT DO NOTHING RETURNING number",
            {{"number": number}},
        )
        if fresh is not None:
            await transaction.execute("UPDATE account SET units = units + 1")
        await reach("written")
    await reach("committed")


asyncio.run(work(Settings.load()))
"""
TABLES = """
CREATE TABLE done (number int PRIMARY KEY);
CREATE TABLE account (units int);
INSERT INTO account VALUES (0);
GRANT ALL ON done, account TO cloudmetrics_api;
"""


@pytest.fixture
async def queue(fresh_database) -> AsyncIterator[Database]:
    import psycopg

    with psycopg.connect(fresh_database) as connection:
        connection.execute(TABLES)
    database = Database(fresh_database)
    yield database
    await database.close()


async def add(queue: Database, *numbers: int) -> None:
    async with queue.transaction(NOBODY) as transaction:
        for number in numbers:
            await defer(transaction, "transfer", number=number)


async def units(queue: Database) -> int:
    (row,) = await queue.read_directory("SELECT units FROM account")
    return row["units"]


def empty(queue: Database) -> Callable[[], Awaitable[bool]]:
    async def is_empty() -> bool:
        return await jobs_left(queue) == []

    return is_empty


def script(folder: Path, halt: str) -> tuple[Path, Path]:
    path, flag = folder / f"worker_{halt}.py", folder / f"reached_{halt}"
    path.write_text(WORKER.format(halt=halt, flag=str(flag)))
    return path, flag


@pytest.mark.parametrize("step", ["fetched", "begun", "written", "committed", "unfinished"])
async def test_a_worker_killed_at_any_step_leaves_its_job_to_the_next(
    queue, fresh_database, stores, tmp_path, step
):
    where = {"DATABASE_URL": fresh_database, "REDIS_URL": stores.redis_url}
    log = tmp_path / "log"
    halting, flag = script(tmp_path, step)
    await add(queue, 1)
    with worker_process(halting, log, **where) as first:
        await eventually(flag.exists)
        first.kill()
    assert await jobs_left(queue) == [("transfer", "doing")]
    healthy, _ = script(tmp_path, "nowhere")
    with worker_process(healthy, log, **where):
        await eventually(empty(queue))
    assert await units(queue) == 1
    assert "job of a dead worker" in log.read_text()


async def test_workers_killed_again_and_again_lose_and_double_nothing(
    queue, fresh_database, stores, tmp_path
):
    where = {"DATABASE_URL": fresh_database, "REDIS_URL": stores.redis_url}
    healthy, _ = script(tmp_path, "nowhere")
    await add(queue, *range(1500))
    for _ in range(3):
        with (
            worker_process(healthy, tmp_path / "one", **where) as one,
            worker_process(healthy, tmp_path / "two", **where),
        ):
            before = await units(queue)
            await eventually(lambda before=before: grown(queue, before + 100))
            one.kill()
    with worker_process(healthy, tmp_path / "last", **where):
        await eventually(empty(queue))
    assert await units(queue) == 1500


async def grown(queue: Database, least: int) -> bool:
    return await units(queue) >= least


async def test_a_stop_by_signal_loses_nothing_and_ends_with_0(queue, fresh_database, stores, tmp_path):
    where = {"DATABASE_URL": fresh_database, "REDIS_URL": stores.redis_url}
    healthy, _ = script(tmp_path, "nowhere")
    await add(queue, *range(300))
    with worker_process(healthy, tmp_path / "log", **where) as process:
        await eventually(lambda: grown(queue, 20))
        process.terminate()
        assert await asyncio.to_thread(process.wait, PATIENCE) == 0
    left = await jobs_left(queue)
    assert {status for _, status in left} <= {"todo"}
    assert await units(queue) == 300 - len(left)
    assert re.search(r"Traceback|exception", (tmp_path / "log").read_text()) is None


async def test_a_restart_of_postgresql_under_a_busy_worker_loses_no_job(open_folder, stores):
    own = Stores(open_folder, user=child_user(open_folder))
    own.prepare()
    postgres = own.postgres()
    postgres.start()
    database = Database(own.database_url)
    try:
        await asyncio.to_thread(postgres.await_ready)
        await migrate(own.database_url)
        await busy_through_a_restart(database, own, postgres, stores.redis_url)
    finally:
        await database.close()
        await asyncio.to_thread(postgres.stop)
        own.clean_up()


async def busy_through_a_restart(database, own, postgres, redis_url) -> None:
    done: list[int] = []

    async def work(context, *, number):
        await context.database.ping()
        await asyncio.sleep(0.01)
        done.append(number)

    async with working(settings_for(own.database_url, redis_url), jobs_of(a_job("transfer", work))):
        await add(database, *range(1000))
        await eventually(lambda: len(done) > 50)
        await asyncio.to_thread(postgres.stop)
        await asyncio.sleep(1)
        postgres.start()
        await asyncio.to_thread(postgres.await_ready)
        await eventually(quiet(database))
    assert set(done) == set(range(1000))
    # Only what ran in the moment of the stop may have run twice.
    assert len(done) < 1010


def quiet(database: Database) -> Callable[[], Awaitable[bool]]:
    async def is_quiet() -> bool:
        try:
            numbers = await store.numbers(database)
        except Unavailable:
            return False
        return numbers == store.Numbers(0, 0, 0, 0, 0.0)

    return is_quiet
