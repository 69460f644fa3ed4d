"""Workers: what the clock has them do, how they stop, and what they survive."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import procrastinate
import psycopg
import pytest

from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.jobs import store
from cloudmetrics.platform.jobs.worker import QUEUE_CONNECTIONS
from cloudmetrics.platform.migrations import FOLDER
from tests.integration.jobs.conftest import recorder
from tests.integration.working import a_job, enqueue, jobs_left, jobs_of, working
from tests.waiting import eventually


async def is_scheduled(queue: Database) -> bool:
    return (await store.numbers(queue)).scheduled == 1


async def end_other_sessions(queue: Database) -> None:
    async with await psycopg.AsyncConnection.connect(queue._url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def sessions(queue: Database) -> int:
    (row,) = await queue.read_directory(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
    )
    return row["n"]


async def test_a_periodic_job_runs_once_each_time_however_many_workers_there_are(settings, queue):
    ticks: list = []

    async def tick(context):
        ticks.append(context.due)

    # The sixth field of a cron line is the second.
    job = a_job("tick", tick, cron="* * * * * */2")
    async with (
        working(settings, jobs_of(job)),
        working(settings, jobs_of(job)),
        working(settings, jobs_of(job)),
    ):
        await eventually(lambda: len(ticks) >= 4)
    assert len(set(ticks)) == len(ticks)
    assert {second - first for first, second in pairwise(ticks)} == {timedelta(seconds=2)}


async def test_a_periodic_job_that_is_slow_does_not_pile_up(settings, queue):
    runs = 0
    go_on = asyncio.Event()

    async def slow(context):
        nonlocal runs
        runs += 1
        await go_on.wait()

    async def waiting() -> int:
        return (await store.numbers(queue)).waiting

    async def one_waits() -> bool:
        return await waiting() == 1

    job = a_job("slow", slow, cron="* * * * * *")
    async with working(settings, jobs_of(job)), working(settings, jobs_of(job)):
        await eventually(one_waits)
        # Several more are due meanwhile.
        await asyncio.sleep(3)
        left, running = await waiting(), runs
        go_on.set()
    assert (left, running) == (1, 1)


async def test_a_stop_waits_for_jobs_that_end_soon(settings, queue):
    done: list[int] = []
    begun = asyncio.Event()

    async def finish(context):
        begun.set()
        await asyncio.sleep(0.5)
        done.append(1)

    async with working(settings, jobs_of(a_job("finish", finish))):
        await enqueue(queue, "finish")
        await begun.wait()
    assert done == [1]
    assert await jobs_left(queue) == []


@pytest.mark.parametrize("twice", [False, True])
async def test_a_stop_gives_back_what_takes_too_long(settings, queue, monkeypatch, twice):
    monkeypatch.setattr("cloudmetrics.platform.jobs.worker.GRACE_SECONDS", 30 if twice else 0.2)
    begun = asyncio.Event()

    async def dawdle(context):
        begun.set()
        await asyncio.sleep(60)

    async with working(settings, jobs_of(a_job("dawdle", dawdle, attempts=1))) as worker:
        await enqueue(queue, "dawdle")
        await begun.wait()
        if twice:
            worker.stop()
            await asyncio.sleep(0.1)
    assert await jobs_left(queue) == [("dawdle", "todo")]
    job, notes = recorder("dawdle")
    async with working(settings, jobs_of(job)):
        await eventually(lambda: notes == [{}])


async def test_a_job_that_only_a_newer_release_knows_waits_for_it(settings, queue):
    job, notes = recorder("note")
    async with working(settings, jobs_of(job)):
        await enqueue(queue, "newer")
        await enqueue(queue, "note")
        await eventually(lambda: bool(notes))
        await eventually(lambda: is_scheduled(queue))
    assert await jobs_left(queue) == [("newer", "todo")]


async def test_a_job_that_ends_its_workers_again_and_again_fails(queue):
    await enqueue(queue, "deadly")
    async with queue.transaction(NOBODY) as transaction:
        await transaction.execute("UPDATE procrastinate_jobs SET status = 'doing', attempts = 29")
    (released,) = await store.release(queue)
    assert (released.name, released.status) == ("deadly", "failed")


async def test_the_age_of_the_oldest_job_counts_from_when_it_could_have_run(queue):
    await enqueue(queue, "note", run_at=clock.now() - timedelta(minutes=2))
    await enqueue(queue, "note", run_at=clock.now() + timedelta(minutes=2))
    await enqueue(queue, "note")
    numbers = await store.numbers(queue)
    assert (numbers.waiting, numbers.scheduled) == (2, 1)
    assert numbers.oldest_seconds == pytest.approx(120, abs=5)


async def test_a_worker_survives_the_loss_of_all_its_connections(settings, queue):
    job, notes = recorder("note")
    async with working(settings, jobs_of(job)):
        await enqueue(queue, "note", number=1)
        await eventually(lambda: len(notes) == 1)
        await end_other_sessions(queue)
        await enqueue(queue, "note", number=2)
        await eventually(lambda: len(notes) == 2)
        assert await sessions(queue) <= QUEUE_CONNECTIONS + 2


def test_the_tables_are_those_of_the_installed_procrastinate():
    """After an upgrade, what its own migrations change has to become a migration of ours."""
    theirs = (Path(procrastinate.__file__).parent / "sql" / "schema.sql").read_text()
    ours = (FOLDER / "0020_jobs.sql").read_text()
    assert theirs[theirs.index("-- Enums") :].strip() in ours
