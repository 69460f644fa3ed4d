"""Jobs that fail: tried again, given up, kept, listed, and retried."""

import asyncio
import subprocess
import sys
from uuid import uuid4

import pytest

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import NOBODY, Database
from cloudmetrics.platform.jobs import GiveUp, Retry, store
from tests.integration.running import PROJECT, environment
from tests.integration.working import a_job, enqueue, jobs_left, jobs_of, working
from tests.waiting import eventually


async def is_failed(queue: Database) -> bool:
    return (await store.numbers(queue)).failed == 1


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
