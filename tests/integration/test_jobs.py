"""Background jobs: there with the write that causes them, run at least once, never lost."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import procrastinate
import psycopg
import pytest
from procrastinate.manager import JobManager

from cloudmetrics.platform import clock
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.jobs import GiveUp, Retry, defer, store
from cloudmetrics.platform.jobs.worker import QUEUE_CONNECTIONS
from cloudmetrics.platform.migrations import FOLDER
from tests.integration.conftest import settings_for
from tests.integration.running import PROJECT, environment
from tests.integration.working import a_job, enqueue, jobs_left, jobs_of, working
from tests.waiting import eventually


@pytest.fixture
def settings(fresh_database, stores) -> Settings:
    return settings_for(fresh_database, stores.redis_url)


@pytest.fixture
async def queue(settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url)
    yield database
    await database.close()


def recorder(name: str, **options):
    """A job that notes its arguments, and the notes."""
    notes: list[dict] = []

    async def note(context, **arguments):
        notes.append(arguments)

    return a_job(name, note, **options), notes


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


async def is_listening(queue: Database) -> bool:
    async with await psycopg.AsyncConnection.connect(queue._url) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle' AND query ~ '^(LISTEN|SELECT 1$)'"
        )
        return await cursor.fetchone() == (1,)


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


async def test_a_failing_job_is_tried_again_after_growing_pauses_and_kept_in_the_end(settings, queue, caplog):
    runs: list[float] = []

    async def fail(context, *, secret):
        runs.append(asyncio.get_running_loop().time())
        raise ZeroDivisionError

    async with working(settings, jobs_of(a_job("fail", fail, first=0.2))):
        await enqueue(queue, "fail", secret="open sesame")
        await eventually(lambda: len(runs) == 3)
        await eventually(lambda: is_failed(queue))
    assert runs[1] - runs[0] > 0.15
    assert runs[2] - runs[1] > 0.45
    (kept,) = await store.failed(queue)
    assert (kept.name, kept.attempts) == ("fail", 3)
    assert await store.numbers(queue) == store.Numbers(0, 0, 0, 1, 0.0)
    assert "job failed for good" in caplog.text


async def is_failed(queue: Database) -> bool:
    return (await store.numbers(queue)).failed == 1


async def test_pauses_grow_to_a_limit_and_end():
    retry = Retry(attempts=9, first=10, longest=3600)
    pauses = [retry.pause(failures) for failures in range(1, 10)]
    assert pauses[-1] is None
    for pause, expected in zip(pauses, [10, 30, 90, 270, 810, 2430, 3600, 3600], strict=False):
        assert pause == pytest.approx(expected, rel=0.21)
    assert Retry(attempts=10_000).pause(9_999) is not None


async def test_a_job_that_gives_up_is_not_tried_again(settings, queue):
    runs: list[int] = []

    async def give_up(context):
        runs.append(1)
        raise GiveUp("There is no such thing.")

    async with working(settings, jobs_of(a_job("hopeless", give_up))):
        await enqueue(queue, "hopeless")
        await eventually(lambda: is_failed(queue))
    assert runs == [1]


async def test_a_failed_job_does_not_hold_up_others_of_its_key(settings, queue):
    notes: list[int] = []

    async def odd(context, *, number):
        if number == 1:
            # Meanwhile another one of the key comes to wait.
            await enqueue(queue, "odd", key="k", number=2)
            raise ZeroDivisionError
        notes.append(number)

    async with working(settings, jobs_of(a_job("odd", odd, attempts=2))):
        await enqueue(queue, "odd", key="k", number=1)
        await eventually(lambda: bool(notes))
    assert [status for _, status in await jobs_left(queue)] == ["failed"]


@pytest.mark.slow
async def test_failed_jobs_are_listed_and_retried_by_command(settings, queue):
    broken = True
    done: list[int] = []

    async def mend(context, *, workspace_id, number):
        if broken:
            raise GiveUp("Not yet.")
        done.append(number)

    workspace_id = uuid4()
    async with working(settings, jobs_of(a_job("mend", mend))):
        await enqueue(queue, "mend", workspace_id=workspace_id, key="k", number=1)
        await eventually(lambda: is_failed(queue))
        listed = await command(settings, "list")
        assert "1 failed" in listed.stdout
        assert f"mend                      {workspace_id}" in listed.stdout
        missing = await command(settings, "retry", "999999")
        assert (missing.returncode, "999999" in missing.stderr) == (1, True)
        broken = False
        (job,) = await store.failed(queue)
        retried = await command(settings, "retry", str(job.id))
        assert "1 jobs begin anew" in retried.stdout
        await eventually(lambda: done == [1])
    assert await store.failed(queue) == []


async def command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cloudmetrics", "jobs", *arguments],
        cwd=PROJECT,
        env=environment(DATABASE_URL=settings.database_url, CLOUDMETRICS_SECRET_KEY="x" * 32),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


async def test_failed_jobs_are_forgotten_after_a_while(settings, queue):
    async def fail(context):
        raise GiveUp("No.")

    async with working(settings, jobs_of(a_job("fail", fail))):
        await enqueue(queue, "fail")
        await eventually(lambda: is_failed(queue))
    await store.forget_failed(queue)
    assert len(await store.failed(queue)) == 1
    async with queue.transaction(NOBODY) as transaction:
        await transaction.execute("UPDATE procrastinate_events SET at = at - interval '15 days'")
    await store.forget_failed(queue)
    assert await jobs_left(queue) == []


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


async def is_scheduled(queue: Database) -> bool:
    return (await store.numbers(queue)).scheduled == 1


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


def test_the_tables_are_those_of_the_installed_procrastinate():
    """After an upgrade, what its own migrations change has to become a migration of ours."""
    theirs = (Path(procrastinate.__file__).parent / "sql" / "schema.sql").read_text()
    ours = (FOLDER / "0020_jobs.sql").read_text()
    assert theirs[theirs.index("-- Enums") :].strip() in ours
