"""Jobs that are killed at their messages to PostgreSQL, and run again: every effect is there, once."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest

from cloudmetrics.analytics.rollups.building import store as building
from cloudmetrics.platform.jobs.registry import REGISTRY
from tests.integration.dying_jobs import EVENTS_AT_ONCE
from tests.integration.job_worlds import ELSEWHERE, PREPARED, Check, World

pytestmark = [pytest.mark.slow, pytest.mark.requirement("PL-18", "D6-11")]

# A process that dies with its message on the way, and one that dies with the answer in its hands.
WAYS = ("sent", "after")
MANY = 20


Run = Callable[..., Awaitable[int | None]]


@asynccontextmanager
async def running(database_url: str, *more: str) -> AsyncIterator[Run]:
    """Runs the job of a name that waits, in a process of its own; None where that died."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.dying_jobs", database_url, *more,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None

    async def run(name: str, step: tuple[int, str] | None = None) -> int | None:
        with psycopg.connect(database_url) as everything:
            ((job_id, arguments),) = everything.execute(
                "SELECT id, args FROM procrastinate_jobs WHERE task_name = %s", [name]
            ).fetchall()
        told = {"name": name, "id": job_id, "arguments": arguments, "step": step}
        process.stdin.write(json.dumps(told).encode() + b"\n")
        while not (answer := await process.stdout.readline()).strip().isdigit() and answer != b"null\n":
            assert answer, "it ended"
        took: int | None = json.loads(answer)
        if step is None:
            with psycopg.connect(database_url) as everything:
                everything.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job_id])
        return took

    yield run
    process.stdin.close()
    await process.wait()


def steps_of(messages: int) -> range:
    """Every message; of very many, which are the same few over and over, one in some."""
    return range(1, messages + 1, 1 + messages // MANY)


def test_every_kind_of_job_is_killed_somewhere():
    known = {name for name, job in REGISTRY.items() if job.function.__module__.startswith("cloudmetrics.")}
    assert known == {*PREPARED, *ELSEWHERE}


@pytest.mark.parametrize("name", PREPARED)
async def test_a_job_that_is_killed_anywhere_has_its_effect_once(
    name, make_home, database, database_url, stores, keyring, mails, tmp_path, monkeypatch
):
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", EVENTS_AT_ONCE)

    async def prepared() -> Check:
        with psycopg.connect(database_url) as everything:
            everything.execute("DELETE FROM procrastinate_jobs WHERE task_name = %s", [name])
        home = await make_home()
        client = home.open(await home.make_key())
        return await PREPARED[name](World(home, client, database, database_url, keyring, mails))

    async with running(database_url, stores.redis_url, str(tmp_path)) as run:
        check = await prepared()
        messages = await run(name)
        assert messages
        await check()
        for step in ((number, way) for number in steps_of(messages) for way in WAYS):
            check = await prepared()
            assert await run(name, step) is None, step
            assert await run(name) is not None, step
            await check()
