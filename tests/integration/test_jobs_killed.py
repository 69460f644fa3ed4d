"""Jobs that are killed at every message to PostgreSQL, and run again: every effect is there, once."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from cloudmetrics.analytics.rollups.building import store as building
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.signing import Keyring
from tests.integration.alerting import make_alert, source
from tests.integration.billing import CSV, charge, focus
from tests.integration.conftest import Home, make_event, make_website, send_events
from tests.integration.dying_jobs import EVENTS_AT_ONCE
from tests.integration.recounting import differences
from tests.integration.working import enqueue

pytestmark = [pytest.mark.slow, pytest.mark.requirement("PL-18", "D6-11")]

# A process that dies with its message on the way, and one that dies with the answer in its hands.
WAYS = ("sent", "after")


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
    await world.change("UPDATE trash SET remove_after = now() - interval '1 second'")
    thing = {"kind": "DASHBOARD", "thing_id": made.json()["data"]["id"]}
    await enqueue(world.database, "trash.purge", workspace_id=world.home.workspace.id, **thing)

    async def check() -> None:
        for table in ("dashboards", "widgets", "trash"):
            assert await world.rows(f"SELECT FROM {table}") == [], table

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
}


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
        for step in ((number, way) for number in range(1, messages + 1) for way in WAYS):
            check = await prepared()
            assert await run(name, step) is None, step
            assert await run(name) is not None, step
            await check()
