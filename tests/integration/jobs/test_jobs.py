"""Background jobs: there with the write that causes them, run at least once, never lost."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import psycopg
from procrastinate.manager import JobManager

from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.jobs import defer, store
from tests.integration.jobs.conftest import recorder
from tests.integration.working import a_job, enqueue, jobs_left, jobs_of, working
from tests.waiting import eventually


async def is_listening(queue: Database) -> bool:
    async with await psycopg.AsyncConnection.connect(queue._url) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle' AND query ~ '^(LISTEN|SELECT 1$)'"
        )
        return await cursor.fetchone() == (1,)


async def test_a_job_is_there_if_and_only_if_its_write_is(settings, queue):
    job, notes = recorder("note")
    with suppress(ZeroDivisionError):
        async with queue.transaction(NOBODY) as transaction:
            await defer(transaction, "note", number=1)
            raise ZeroDivisionError
    await enqueue(queue, "note", number=2)
    async with working(settings, jobs_of(job)):
        await eventually(lambda: bool(notes))
    assert notes == [{"number": 2}]
    assert await jobs_left(queue) == []


async def test_arguments_arrive_as_json_and_the_workspace_as_its_id(settings, queue):
    job, notes = recorder("note")
    workspace_id = uuid4()
    arguments = {"text": "ümläut 🙂 %(x)s", "number": 2**53, "nested": {"a": [1, None, True]}}
    await enqueue(queue, "note", workspace_id=workspace_id, **arguments)
    async with working(settings, jobs_of(job)):
        await eventually(lambda: bool(notes))
    assert notes == [arguments | {"workspace_id": workspace_id}]


async def test_a_worker_that_waits_begins_a_new_job_at_once(settings, queue, monkeypatch):
    monkeypatch.setattr("cloudmetrics.platform.jobs.worker.POLL_SECONDS", 1000)
    job, notes = recorder("note")
    async with working(settings, jobs_of(job)):
        await enqueue(queue, "note")
        await eventually(lambda: bool(notes))
        for number in range(20):
            await enqueue(queue, "note", number=number)
            await eventually(lambda: len(notes) == number + 2)  # noqa: B023


async def test_a_job_that_comes_while_the_worker_looks_for_one_is_not_overlooked(
    settings, queue, monkeypatch
):
    monkeypatch.setattr("cloudmetrics.platform.jobs.worker.POLL_SECONDS", 1000)
    fetch = JobManager.fetch_job
    found_none, go_on = asyncio.Event(), asyncio.Event()

    async def hesitant(self, *arguments):
        found = await fetch(self, *arguments)
        if found is None:
            found_none.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(JobManager, "fetch_job", hesitant)
    job, notes = recorder("note")
    async with working(settings, jobs_of(job)):
        try:
            await found_none.wait()
            # By now it listens for notifications as well.
            await eventually(lambda: is_listening(queue))
            await enqueue(queue, "note")
            await asyncio.sleep(0.5)
        finally:
            go_on.set()
        await eventually(lambda: notes == [{}])


async def test_a_job_waits_until_its_time(settings, queue):
    job, notes = recorder("note")
    due = clock.now() + timedelta(seconds=1.2)
    await enqueue(queue, "note", run_at=due, number=1)
    async with working(settings, jobs_of(job)):
        await eventually(lambda: bool(notes))
        assert due < clock.now()


async def test_of_one_key_a_single_job_waits_with_the_newest_arguments_and_the_earliest_time(settings, queue):
    job, notes = recorder("note")
    later = clock.now() + timedelta(hours=1)
    await enqueue(queue, "note", key="a", run_at=later, number=1)
    await enqueue(queue, "note", key="b", run_at=later, number=2)
    await enqueue(queue, "note", key="a", run_at=later + timedelta(hours=1), number=3)
    assert (await store.numbers(queue)).scheduled == 2
    await enqueue(queue, "note", key="a", number=4)
    await enqueue(queue, "note", key="a", run_at=later, number=5)
    async with working(settings, jobs_of(job)):
        await eventually(lambda: bool(notes))
    assert notes == [{"number": 5}]
    assert (await store.numbers(queue)).scheduled == 1


async def test_jobs_of_one_key_never_run_side_by_side(settings, queue):
    at_work: set[int] = set()
    overlaps: list[int] = []
    done: list[int] = []

    async def work(context, *, number):
        if at_work:
            overlaps.append(number)
        at_work.add(number)
        await asyncio.sleep(0.05)
        at_work.discard(number)
        done.append(number)

    job = a_job("work", work)
    async with working(settings, jobs_of(job)), working(settings, jobs_of(job)):
        for number in range(10):
            await enqueue(queue, "work", key="one", number=number)
            await asyncio.sleep(0.02)
        await eventually(lambda: bool(done) and done[-1] == 9)
    assert overlaps == []
    assert len(done) < 10


async def test_a_write_that_joins_a_waiting_job_is_seen_by_it(settings, queue):
    """Else the job could run between the write and its commit, and nothing would run after it."""
    seen: list[int] = []

    async def look(context):
        (row,) = await context.database.read_directory("SELECT count(*) AS n FROM users")
        seen.append(row["n"])

    await enqueue(queue, "look", key="k")
    async with queue.transaction(NOBODY) as transaction:
        await transaction.execute("INSERT INTO users VALUES (gen_random_uuid(), 'a@b', now())")
        await defer(transaction, "look", key="k")
        async with working(settings, jobs_of(a_job("look", look))):
            await asyncio.sleep(0.5)
            assert seen == []
            await transaction._connection.commit()
            await transaction._connection.execute("BEGIN")
            await eventually(lambda: bool(seen))
    assert seen == [1]
