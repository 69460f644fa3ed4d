"""Workers are killed at every step of an import; the bill counts, once, and nothing is left of the dead."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.costs.imports import service as imports
from cloudmetrics.costs.imports.models import OnError
from cloudmetrics.costs.loading import jobs
from cloudmetrics.costs.reports import service as reports
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from tests.integration.billing import charge, context_of, focus
from tests.integration.working import jobs_left, worker_process
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.requirement("PL-18", "D6-11")]

# The worker of the product, which halts where it is told to, and reads a file in small portions.
WORKER = """
import asyncio
from pathlib import Path

from cloudmetrics.costs.loading import loader
from cloudmetrics.costs.loading import store as costs
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.jobs import store
from cloudmetrics.platform.jobs import worker as machinery
from cloudmetrics.worker import work

HALT, FLAG = {halt!r}, Path({flag!r})
store.DEAD_AFTER_SECONDS = 2.0
machinery.HEARTBEAT_SECONDS = 0.3
machinery.BETWEEN_RELEASES = 0.3
loader.ROWS_AT_ONCE, loader.MOST_DAYS, loader.MOST_TOTALS = 2, 3, 7
costs.DELETED_AT_ONCE = 2


async def reach(step):
    if step == HALT:
        FLAG.touch()
        await asyncio.sleep(3600)


def halting(place, name, step, *, first=False):
    method = getattr(place, name)

    async def halted(*arguments, **named):
        if first:
            await reach(step)
        found = await method(*arguments, **named)
        if not first:
            await reach(step)
        return found

    setattr(place, name, halted)


class Halting(machinery.Manager):
    async def fetch_job(self, *arguments, **named):
        found = await super().fetch_job(*arguments, **named)
        if found is not None and found.task_name == "costs.load":
            await reach("fetched")
        return found

    async def finish_job(self, job, *arguments, **named):
        if job.task_name == "costs.load":
            await reach("unfinished")
        await super().finish_job(job, *arguments, **named)


machinery.Manager = Halting
halting(costs.Run, "begin", "begun")
halting(costs.Run, "advance", "advanced")
halting(costs.Run, "add", "stored")
halting(costs.Run, "_finish", "replacing", first=True)
halting(costs.Run, "_finish", "replaced")
halting(costs.Run, "succeed", "committed")
halting(costs, "clean", "cleaning")
asyncio.run(work(Settings.load()))
"""
STEPS = (
    "fetched",
    "begun",
    "advanced",
    "stored",
    "replacing",
    "replaced",
    "committed",
    "unfinished",
    "cleaning",
)


@pytest.fixture
async def caller(fresh_database, keyring) -> AsyncIterator[Caller]:
    database = Database(fresh_database)
    workspace = await workspaces.create_workspace(database, name="Home", plan="ENTERPRISE")
    yield Caller(Tenant(database, workspace.id), keyring)
    await database.close()


async def send(caller: Caller, file: bytes) -> str:
    async def pieces() -> AsyncIterator[bytes]:
        yield file

    return str((await imports.create(caller, pieces(), OnError.SKIP)).id)


def script(folder: Path, halt: str) -> tuple[Path, Path]:
    path, flag = folder / f"worker_{halt}.py", folder / f"reached_{halt}"
    path.write_text(WORKER.format(halt=halt, flag=str(flag)))
    return path, flag


def stored(database_url: str) -> dict[str, int]:
    tables = ("cost_import_pieces", "cost_parts", "cost_series", "cost_days")
    with psycopg.connect(database_url) as everything:
        return {name: everything.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_killed_at_any_step_leaves_the_import_to_the_next(
    caller, fresh_database, stores, tmp_path, step
):
    where = {"DATABASE_URL": fresh_database, "REDIS_URL": stores.redis_url}
    database, workspace_id = caller.tenant.database, caller.tenant.workspace_id
    before = await send(caller, focus(*(charge("100", SubAccountId=str(n)) for n in range(5))))
    await jobs.load(context_of(database), workspace_id=workspace_id, import_id=before)
    import_id = await send(caller, focus(*(charge("0.1", SubAccountId=str(n)) for n in range(10))))

    halting, flag = script(tmp_path, step)
    log = tmp_path / "log"
    with worker_process(halting, log, **where) as first:
        await eventually(flag.exists)
        question = reports.ask(caller.tenant, start_date="2026-11-01", end_date="2026-11-30")
        # Whoever asks in the middle of it sees one bill or the other, whole.
        assert await reports.total(caller.tenant, question) in ({"USD": 500}, {"USD": Decimal("1.0")})
        first.kill()
    healthy, _ = script(tmp_path, "nowhere")
    with worker_process(healthy, log, **where):
        await eventually(lambda: no_jobs_of_costs(database))

    assert await reports.total(caller.tenant, question) == {"USD": Decimal("1.0")}
    found = await imports.get(caller, UUID(import_id))
    assert (found.status, found.tally.rows_loaded) == ("SUCCEEDED", 10)
    assert stored(fresh_database) == {
        "cost_import_pieces": 0,
        "cost_parts": 1,
        "cost_series": 10,
        "cost_days": 10,
    }


async def no_jobs_of_costs(database: Database) -> bool:
    return not [name for name, _ in await jobs_left(database) if name.startswith("costs.")]
