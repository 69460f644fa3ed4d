"""Reports through real workers: in time, and once, wherever a worker is killed."""

import asyncio
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message

import psycopg
import pytest

import cloudmetrics.worker
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.jobs.registry import REGISTRY
from tests.integration.conftest import BASE_URL, SECRET, alive, home_maker, make_app
from tests.integration.working import jobs_of, worker_process, working
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CM-7", "PL-18")]

assert cloudmetrics.worker, "imported so that all jobs are registered"
JOBS = jobs_of(
    *(REGISTRY[name] for name in ("reports.look", "reports.run", "reports.send", "test-clock.moved"))
)

# A worker that kills itself the first time it comes to a step.
WORKER = """
import asyncio, os, signal
from pathlib import Path

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.jobs import store as queue
from cloudmetrics.platform.jobs import worker as machinery
from cloudmetrics.reports.definitions import store as reports
from cloudmetrics.reports.paper import drawing
from cloudmetrics.reports.runs import jobs, store
from cloudmetrics.worker import work

queue.DEAD_AFTER_SECONDS = 2.0
machinery.HEARTBEAT_SECONDS = 0.3
machinery.BETWEEN_RELEASES = 0.3
FLAG = Path({flag!r})


def deadly(function):
    def instead(*arguments, **named):
        if not FLAG.exists():
            FLAG.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return instead


{where}.{name} = deadly({where}.{name})
asyncio.run(work(Settings.load()))
"""
STEPS = [
    "reports.plan",
    "store.begin",
    "store.add_rows",
    "drawing.draw",
    "store.add_delivery",
    "jobs.deliver",
    "store.end_delivery",
]


@pytest.fixture
def settings(fresh_database, stores, tmp_path) -> Settings:
    return Settings(
        database_url=fresh_database,
        redis_url=stores.redis_url,
        secret_key=SECRET,
        base_url=BASE_URL,
        data_dir=tmp_path,
    )


@pytest.fixture
async def sandbox(settings, keyring):
    """A client of a sandbox in a database of its own."""
    database, app = Database(settings.database_url), make_app(settings)
    async with alive(app), home_maker(app, database, keyring) as make:
        home = await make()
        yield home.open(await home.make_key(mode="test"))
    await database.close()


async def make_due(client) -> str:
    """A report that is due, since it is a day later all of a sudden."""
    section = {"title": "Visitors", "question": {"metrics": ["visitors"]}}
    body = {
        "name": "Daily",
        "period": "YESTERDAY",
        "sections": [section],
        "schedule": {"cron": "0 8 * * *"},
        "recipients": ["ben@example.com"],
    }
    report = (await client.post("/v1/reports", json=body)).json()["data"]["id"]
    await client.post("/v1/test-clock", json={"advance_seconds": 86400})
    return report


async def runs_of(client, report: str) -> list[dict]:
    return (await client.get(f"/v1/reports/{report}/runs")).json()["data"]


async def has_run(client, report: str) -> bool:
    return bool(await runs_of(client, report))


def letters(settings: Settings) -> list[Message]:
    folder = settings.data_dir / "mail"
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]


async def is_sent(client, report: str) -> bool:
    return [sent["status"] for run in await runs_of(client, report) for sent in run["deliveries"]] == ["SENT"]


async def test_a_due_report_starts_by_itself_and_once(settings, sandbox):
    # What is due is looked for every other second.
    assert REGISTRY["reports.look"].cron == "* * * * * */2"
    async with working(settings, JOBS):
        await asyncio.sleep(1.5)
        report = await make_due(sandbox)
        await eventually(lambda: is_sent(sandbox, report))
        await asyncio.sleep(2.5)
    assert len(await runs_of(sandbox, report)) == 1


async def test_a_report_that_is_due_in_real_time_is_found_too(settings, sandbox):
    """Nothing moves a clock here: the moment itself is moved, in the database, to two seconds from now."""
    report = await make_due(sandbox)
    await sandbox.delete("/v1/test-clock")
    soon = "UPDATE {} SET {} = now() + interval '2 seconds'"
    with psycopg.connect(settings.database_url) as everything:
        everything.execute(soon.format("reports", "next_run_at"))
        everything.execute(soon.format("report_dues", "due_at"))
    due = time.monotonic() + 2
    async with working(settings, jobs_of(REGISTRY["reports.look"], REGISTRY["reports.run"])):
        await eventually(lambda: has_run(sandbox, report))
    assert time.monotonic() >= due
    (run,) = await runs_of(sandbox, report)
    assert datetime.fromisoformat(run["scheduled_for"]) <= datetime.now(UTC)


@pytest.mark.parametrize("step", STEPS)
async def test_a_killed_worker_leaves_one_run_and_one_mail(settings, sandbox, tmp_path, step):
    where, _, name = step.partition(".")
    flag, script = tmp_path / "killed", tmp_path / "worker.py"
    script.write_text(WORKER.format(flag=str(flag), where=where, name=name))
    report = await make_due(sandbox)
    environ = {
        "CLOUDMETRICS_DATABASE_URL": settings.database_url,
        "CLOUDMETRICS_REDIS_URL": settings.redis_url,
        "CLOUDMETRICS_DATA_DIR": tmp_path,
    }
    with worker_process(script, tmp_path / "log", **environ) as first:
        await eventually(lambda: first.poll() is not None)
        assert first.returncode == -9
    with worker_process(script, tmp_path / "log", **environ):
        await eventually(lambda: is_sent(sandbox, report))
    (run,) = await runs_of(sandbox, report)
    assert (run["status"], run["cause"]) == ("SUCCEEDED", "SCHEDULE")
    assert [letter["to"] for letter in letters(settings)] == ["ben@example.com"]
