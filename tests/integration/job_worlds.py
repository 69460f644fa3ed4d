"""For each kind of job: a workspace in which there is work for it, and a look at whether it was done once.

What is here is what `test_jobs_killed.py` kills; `ELSEWHERE` says which tests kill the others.
"""

import base64
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg

from cloudmetrics.analytics.rollups.building import store as building
from cloudmetrics.costs.loading import jobs as loading
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.jobs import JobContext
from cloudmetrics.platform.jobs.registry import Services
from cloudmetrics.platform.signing import Keyring
from tests.integration.alerting import make_alert, source
from tests.integration.billing import CSV, charge, focus
from tests.integration.conftest import Home, make_event, make_website, send_events, settings_for
from tests.integration.recounting import differences
from tests.integration.working import enqueue


@dataclass(frozen=True)
class World:
    """A workspace of its own for each attempt, and what tests look with."""

    home: Home
    client: httpx.AsyncClient
    database: Database
    database_url: str
    keyring: Keyring
    mails: Callable[[str], Awaitable[list[Any]]]

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        return await self.home.caller.tenant.read(statement)

    async def change(self, statement: str) -> None:
        async with self.home.caller.tenant.transaction() as transaction:
            await transaction.execute(statement)

    def everywhere(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Runs a statement past all walls between tenants."""
        with psycopg.connect(self.database_url) as everything:
            ran = everything.execute(statement, values)
            return ran.fetchall() if ran.description else []

    async def only(self, name: str, **arguments: Any) -> None:
        """Lets this be the only job of its kind that waits."""
        self.everywhere("DELETE FROM procrastinate_jobs WHERE task_name = %s", name)
        await enqueue(self.database, name, **arguments)


Check = Callable[[], Awaitable[None]]


async def an_invitation(world: World) -> Check:
    email = f"{uuid4().hex}@example.com"
    made = await world.client.post("/v1/team/invitations", json={"email": email, "role": "VIEWER"})
    assert made.status_code == 201, made.text
    return one_mail_to(world, email)


async def a_forgotten_password(world: World) -> Check:
    person = await world.home.make_person("OWNER")
    sealed = world.keyring.seal("people.send_reset", person.user.email.encode())
    await enqueue(world.database, "people.send_reset", sealed=base64.b64encode(sealed).decode())
    return one_mail_to(world, person.user.email)


async def a_changed_account(world: World) -> Check:
    person = await world.home.make_person("OWNER")
    await enqueue(world.database, "people.tell", user_id=person.id, action="PASSWORD_SET")
    return one_mail_to(world, person.user.email)


async def a_scarce_quota(world: World) -> Check:
    owner = await world.home.make_person("OWNER")
    about = {"month": "2026-11-01", "percent": 80, "limit": 10}
    await enqueue(world.database, "quota.warn", workspace_id=world.home.workspace.id, **about)
    return one_mail_to(world, owner.user.email)


def one_mail_to(world: World, address: str) -> Check:
    async def check() -> None:
        assert len(await world.mails(address)) == 1

    return check


async def a_deleted_dashboard(world: World) -> Check:
    made = await world.client.post("/v1/dashboards", json={"name": "Shop", "template": "WEB_OVERVIEW"})
    assert (await world.client.delete(made.headers["location"])).status_code == 204
    mine = world.home.workspace.id
    world.everywhere(
        "UPDATE trash SET remove_after = now() - interval '1 second' WHERE workspace_id = %s", mine
    )
    thing = {"kind": "DASHBOARD", "thing_id": made.json()["data"]["id"]}
    await enqueue(world.database, "trash.purge", workspace_id=world.home.workspace.id, **thing)

    async def check() -> None:
        for table in ("dashboards", "widgets", "trash"):
            left = f"SELECT count(*) FROM {table} WHERE workspace_id = %s"
            assert world.everywhere(left, mine) == [(0,)], table

    return check


async def old_events(world: World) -> Check:
    website_id = await make_website(world.client, retention_days=30)
    days = (clock.now() - timedelta(days=days) for days in (0, 29, 32, 100))
    await send_events(world.client, *(make_event(website_id, timestamp=day.isoformat()) for day in days))
    about = {"workspace_id": world.home.workspace.id, "website_id": website_id}
    await enqueue(world.database, "retention.forget", **about)

    async def check() -> None:
        assert len(await world.rows("SELECT FROM events")) == 2
        assert differences(world.database_url, world.home.workspace.id) == {}

    return check


async def a_moved_website(world: World) -> Check:
    website_id = await make_website(world.client)
    moments = (f"2026-11-0{day}T22:30:00Z" for day in range(1, 6))
    await send_events(world.client, *(make_event(website_id, timestamp=each) for each in moments))
    moved = await world.client.patch(f"/v1/websites/{website_id}", json={"timezone": "Asia/Tokyo"})
    assert moved.status_code == 200, moved.text

    async def check() -> None:
        shown = (await world.client.get(f"/v1/websites/{website_id}")).json()["data"]
        assert shown["timezone_change"] is None
        assert differences(world.database_url, world.home.workspace.id) == {}

    return check


async def old_alerts(world: World) -> Check:
    # Those of other tests would make it very long.
    world.everywhere("DELETE FROM alert_workspaces")
    alert_id = await make_alert(world.client, {"kind": "ABSENCE", "source": source(), "window": "TODAY"})
    for day in ("01", "02"):
        until = {"until": f"2099-01-{day}T00:00:00Z"}
        await world.client.put(f"/v1/alerts/{alert_id}/mute", json=until)
    await world.change(
        "UPDATE alert_events SET occurred_at = now() - interval '401 days'"
        " WHERE details ->> 'until' < '2099-01-02'"
    )
    await enqueue(world.database, "alerts.forget")

    async def check() -> None:
        rows = await world.rows("SELECT details ->> 'until' AS until FROM alert_events")
        assert [row["until"] for row in rows] == ["2099-01-02T00:00:00Z"]

    return check


async def a_bill(world: World) -> Check:
    sent = await world.client.post(
        "/v1/costs/imports", content=focus(charge("1.5"), charge("2")), headers=CSV
    )
    assert sent.status_code == 202, sent.text

    async def check() -> None:
        dates = {"start_date": "2026-11-03", "end_date": "2026-11-03"}
        found = (await world.client.get("/v1/costs", params=dates)).json()["data"]
        assert found["cost"]["amount"] == "3.5"

    return check


async def a_replaced_edition(world: World) -> Check:
    check = await a_moved_website(world)
    ((website_id,),) = world.everywhere(
        "SELECT website_id FROM websites WHERE workspace_id = %s", world.home.workspace.id
    )
    while await building.take_step(world.home.caller.tenant, website_id):
        pass
    await world.only("rollups.clean", workspace_id=world.home.workspace.id, website_id=website_id)

    async def checked() -> None:
        await check()
        assert len(await world.rows("SELECT DISTINCT edition FROM visitor_days")) == 1

    return checked


async def a_loaded_bill(world: World) -> tuple[Check, UUID]:
    """A bill that took the place of an earlier one."""
    for _ in range(2):
        check = await a_bill(world)
        ((job_id, arguments),) = world.everywhere(
            "DELETE FROM procrastinate_jobs WHERE task_name = 'costs.load' RETURNING id, args"
        )
        services = Services(world.database, None, world.keyring, settings_for(world.database_url, ""))
        about = {"workspace_id": UUID(arguments["workspace_id"]), "import_id": arguments["import_id"]}
        await loading.load(JobContext(services, job_id), **about)
    return check, UUID(arguments["import_id"])


async def a_file_that_was_loaded(world: World) -> Check:
    check, import_id = await a_loaded_bill(world)
    await world.only("costs.discard", workspace_id=world.home.workspace.id, import_id=import_id)

    async def checked() -> None:
        await check()
        left = "SELECT count(*) FROM cost_import_pieces WHERE import_id = %s"
        assert world.everywhere(left, import_id) == [(0,)]

    return checked


async def a_replaced_bill(world: World) -> Check:
    check, import_id = await a_loaded_bill(world)
    await world.only("costs.clean", workspace_id=world.home.workspace.id)

    async def checked() -> None:
        await check()
        assert {row["import_id"] for row in await world.rows("SELECT import_id FROM cost_parts")} == {
            import_id
        }

    return checked


async def a_deleted_workspace(world: World) -> Check:
    home = world.home
    await make_website(world.client)
    owner = await home.make_person("OWNER")
    assert (await owner.client.delete(f"/v1/workspaces/{home.workspace.id}")).status_code == 204
    # Others that were deleted are not for this attempt.
    world.everywhere("DELETE FROM deleted_workspaces WHERE workspace_id <> ALL (%s)", both(home))
    world.everywhere("UPDATE deleted_workspaces SET remove_after = now() - interval '1 second'")
    await world.only("workspaces.remove")

    async def check() -> None:
        for table in ("workspaces", "websites", "credentials", "deleted_workspaces"):
            left = f"SELECT count(*) FROM {table} WHERE workspace_id = ANY (%s)"
            assert world.everywhere(left, both(home)) == [(0,)], table

    return check


def both(home: Home) -> list[UUID | None]:
    return [home.workspace.id, home.workspace.sandbox_id]


async def something_to_purge(world: World) -> Check:
    await a_deleted_dashboard(world)
    world.everywhere("DELETE FROM procrastinate_jobs WHERE task_name = 'trash.purge'")
    await world.only("trash.look")
    return one_job_of(world, "trash.purge")


async def a_website_that_forgets(world: World) -> Check:
    await make_website(world.client, retention_days=30)
    world.everywhere("DELETE FROM procrastinate_jobs WHERE task_name = 'retention.forget'")
    await world.only("retention.look")
    return one_job_of(world, "retention.forget")


async def a_clock_that_was_moved(world: World) -> Check:
    sandbox = world.home.open(await world.home.make_key(mode="test"))
    await make_website(sandbox, retention_days=30)
    moved = await sandbox.post("/v1/test-clock", json={"advance_seconds": 86400})
    assert moved.status_code == 200, moved.text
    return one_job_of(world, "retention.forget")


def one_job_of(world: World, name: str) -> Check:
    """However often it was asked for, nobody does it twice."""

    async def check() -> None:
        waiting = (
            "SELECT count(*) FROM procrastinate_jobs"
            " WHERE task_name = %s AND args ->> 'workspace_id' = ANY (%s)"
        )
        assert world.everywhere(waiting, name, [str(each) for each in both(world.home)]) == [(1,)]

    return check


async def a_due_alert(world: World) -> Check:
    world.everywhere("DELETE FROM alert_workspaces")
    await make_alert(world.client, {"kind": "ABSENCE", "source": source(), "window": "TODAY"})
    world.everywhere("UPDATE alert_workspaces SET due_at = now()")
    world.everywhere("DELETE FROM procrastinate_jobs WHERE task_name = 'alerts.evaluate'")
    await world.only("alerts.tick")

    async def check() -> None:
        waiting = "SELECT queueing_lock FROM procrastinate_jobs WHERE task_name = 'alerts.evaluate'"
        locks = world.everywhere(waiting)
        assert len(locks) == len(set(locks)) > 0

    return check


async def old_changes(world: World) -> Check:
    subject = uuid4()
    world.everywhere("INSERT INTO access_changes VALUES (%s, %s, now() - interval '1 day')", uuid4(), subject)
    await world.only("access.forget")
    return none_left(world, "access_changes", "subject_id", subject)


async def old_tokens(world: World) -> Check:
    token = uuid4()
    world.everywhere("INSERT INTO oauth_revoked_tokens VALUES (%s, now() - interval '1 day')", token)
    await world.only("oauth.forget")
    return none_left(world, "oauth_revoked_tokens", "token_id", token)


async def old_answers(world: World) -> Check:
    made = await world.client.post(
        "/v1/dashboards", json={"name": "Shop"}, headers={"Idempotency-Key": str(time.time())}
    )
    assert made.status_code == 201, made.text
    world.everywhere(
        "UPDATE kept_answers SET answered_at = now() - interval '2 days' WHERE workspace_id = %s",
        world.home.workspace.id,
    )
    await world.only("exchanges.forget")
    return none_left(world, "kept_answers", "workspace_id", world.home.workspace.id)


def none_left(world: World, table: str, column: str, value: UUID) -> Check:
    async def check() -> None:
        assert world.everywhere(f"SELECT count(*) FROM {table} WHERE {column} = %s", value) == [(0,)]

    return check


PREPARED = {
    "invitations.send": an_invitation,
    "people.send_reset": a_forgotten_password,
    "people.tell": a_changed_account,
    "quota.warn": a_scarce_quota,
    "trash.purge": a_deleted_dashboard,
    "retention.forget": old_events,
    "rollups.build": a_moved_website,
    "alerts.forget": old_alerts,
    "costs.load": a_bill,
    "rollups.clean": a_replaced_edition,
    "costs.discard": a_file_that_was_loaded,
    "costs.clean": a_replaced_bill,
    "trash.look": something_to_purge,
    "retention.look": a_website_that_forgets,
    "test-clock.moved": a_clock_that_was_moved,
    "alerts.tick": a_due_alert,
    "workspaces.remove": a_deleted_workspace,
    "access.forget": old_changes,
    "oauth.forget": old_tokens,
    "exchanges.forget": old_answers,
}

ELSEWHERE = {
    # It says nothing to PostgreSQL: a mail is one file, or one message by its id.
    "mail.send": "test_mail.py",
    "alerts.evaluate": "test_alert_faults.py",
    "alerts.deliver": "test_alert_faults.py",
    "reports.look": "test_reports_faults.py",
    "reports.run": "test_reports_faults.py",
    "reports.send": "test_reports_faults.py",
}
