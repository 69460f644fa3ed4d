"""Workers are killed while they evaluate and deliver; an alert still fires once, and is told once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloudmetrics.accounts.scopes import FULL
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.alerting.channels import service as channels
from cloudmetrics.alerting.rules import service as rules
from cloudmetrics.alerting.rules.models import Terms
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import NOBODY, Database, Tenant
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.signing import Keyring
from tests.integration.conftest import SECRET
from tests.integration.receiving import make_certificate, receiving
from tests.integration.working import worker_process
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.requirement("PL-18", "D6-11")]

# The real jobs, in a worker that halts where it is told to, and that soon misses dead ones.
WORKER = """
import asyncio
from datetime import timedelta
from pathlib import Path

from cloudmetrics.alerting.deliveries import jobs as deliveries
from cloudmetrics.alerting.deliveries import store as delivery_store
from cloudmetrics.alerting.evaluation import jobs as evaluation
from cloudmetrics.alerting.evaluation import service
from cloudmetrics.alerting.evaluation import store as evaluation_store
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.jobs import store
from cloudmetrics.platform.jobs import worker as machinery
from cloudmetrics.platform.outbound import Outbound
from cloudmetrics.worker import work

HALT, FLAG = {halt!r}, Path({flag!r})
store.DEAD_AFTER_SECONDS = 2.0
machinery.HEARTBEAT_SECONDS = 0.3
machinery.BETWEEN_RELEASES = 0.3
evaluation_store.LEASE = timedelta(seconds=1)


def halting(module, name, before=None, after=None):
    function = getattr(module, name)

    async def halt(step):
        if step == HALT:
            FLAG.touch()
            await asyncio.sleep(3600)

    async def run(*arguments, **named):
        await halt(before)
        result = await function(*arguments, **named)
        await halt(after)
        return result

    setattr(module, name, run)


halting(evaluation_store, "claim", after="claimed")
halting(service, "_decide", before="measured")
halting(evaluation_store, "save", after="saved")
halting(service, "_note", after="noted")
halting(evaluation_store, "done", before="evaluated", after="done")
halting(Outbound, "post", before="fetched", after="posted")
halting(delivery_store, "note_attempt", after="delivered")

asyncio.run(work(Settings.load()))
"""
STEPS = ("claimed", "measured", "saved", "noted", "evaluated", "done", "fetched", "posted", "delivered")


@pytest.fixture
async def queue(fresh_database) -> AsyncIterator[Database]:
    database = Database(fresh_database)
    yield database
    await database.close()


async def an_alert(queue: Database, url: str) -> Tenant:
    """A workspace with one alert, which has a reason to fire."""
    workspace = await workspaces.create_workspace(queue, name="Home")
    caller = Caller(Tenant(queue, workspace.id), Keyring(SECRET), FULL)
    channel = await channels.create(caller, {"kind": "WEBHOOK", "name": "On call", "url": url})
    condition = {
        "kind": "ABSENCE",
        "source": {"kind": "METRIC", "metric": "events"},
        "window": "LAST_HOUR",
    }
    terms = {
        "name": "Nothing arrives",
        "enabled": True,
        "condition": condition,
        "fire_after": 1,
        "resolve_after": 3,
        "delay_minutes": 0,
        "channels": [{"channel_id": str(channel.id)}],
    }
    await rules.create(caller, Terms.from_json(terms))
    return caller.tenant


async def tick(queue: Database) -> None:
    """What the clock does every minute."""
    async with queue.transaction(NOBODY) as transaction:
        await transaction.execute("UPDATE alert_workspaces SET due_at = now() - interval '1 second'")
        await defer(transaction, "alerts.evaluate", key="0")


def script(folder: Path, halt: str) -> tuple[Path, Path]:
    path, flag = folder / f"worker_{halt}.py", folder / f"reached_{halt}"
    path.write_text(WORKER.format(halt=halt, flag=str(flag)))
    return path, flag


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_killed_at_any_step_tells_an_alert_once(
    queue, fresh_database, stores, tmp_path, monkeypatch, step
):
    certificate = make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    where = {
        "DATABASE_URL": fresh_database,
        "REDIS_URL": stores.redis_url,
        "CLOUDMETRICS_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    async with receiving(certificate) as receiver:
        tenant = await an_alert(queue, receiver.url())

        async def delivered() -> bool:
            rows = await tenant.read("SELECT status FROM alert_deliveries")
            return [row["status"] for row in rows] == ["DELIVERED"]

        await tick(queue)
        halting, flag = script(tmp_path, step)
        with worker_process(halting, tmp_path / "log", **where) as first:
            await eventually(flag.exists)
            first.kill()
        await tick(queue)
        healthy, _ = script(tmp_path, "nowhere")
        with worker_process(healthy, tmp_path / "log", **where):
            await eventually(delivered)
            await tick(queue)
            await eventually(lambda: nothing_left(queue))
        events = await tenant.read("SELECT kind FROM alert_events")
        assert [event["kind"] for event in events] == ["FIRED"]
        assert await delivered()
        told = [json.loads(each.body)["id"] for each in receiver.received]
        assert len(set(told)) == 1
        # Only what was sent and not written down any more is sent again.
        assert len(told) == (2 if step == "posted" else 1)


async def nothing_left(queue: Database) -> bool:
    rows = await queue.read_directory(
        "SELECT task_name FROM procrastinate_jobs WHERE task_name IN ('alerts.evaluate', 'alerts.deliver')"
    )
    return rows == []


async def test_workers_side_by_side_evaluate_each_workspace_once(
    queue, fresh_database, stores, tmp_path, monkeypatch
):
    certificate = make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    where = {
        "DATABASE_URL": fresh_database,
        "REDIS_URL": stores.redis_url,
        "CLOUDMETRICS_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    healthy, _ = script(tmp_path, "nowhere")
    async with receiving(certificate) as receiver:
        for _ in range(30):
            await an_alert(queue, receiver.url())
        async with queue.transaction(NOBODY) as transaction:
            for key in range(4):
                await defer(transaction, "alerts.evaluate", key=str(key))
        with (
            worker_process(healthy, tmp_path / "one", **where),
            worker_process(healthy, tmp_path / "two", **where),
        ):
            await eventually(lambda: len(receiver.received) >= 30)
            await eventually(lambda: nothing_left(queue))
        alerts = [json.loads(each.body)["data"]["alert"]["id"] for each in receiver.received]
        assert len(alerts) == len(set(alerts)) == 30
