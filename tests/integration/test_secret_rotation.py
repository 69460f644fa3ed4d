"""The secret key is renewed step by step, while requests keep coming."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from tests.integration.conftest import SECRET, alive, client_of, make_app, settings_for
from tests.integration.oauth import answer_in

NEW = b"the secret key that comes after, 32 bytes or more"


@pytest.fixture
def worker(database_url, stores):
    """An instance of the service that makes with one secret and recognises others."""

    @asynccontextmanager
    async def worker(key, secret, *previous):
        settings = replace(
            settings_for(database_url, stores.redis_url), secret_key=secret, previous_secret_keys=previous
        )
        app = make_app(settings)
        async with alive(app), client_of(app, key) as client:
            yield client

    return worker


@pytest.mark.requirement("CM-12")
async def test_no_request_is_refused_while_the_secret_is_renewed(worker, home):
    """Two workers are replaced one after the other, three times, under load."""
    key = await home.make_key()
    steps = [(SECRET,), (SECRET, NEW), (NEW, SECRET), (NEW,)]
    current: list[httpx.AsyncClient] = []
    statuses: list[int] = []
    done = asyncio.Event()

    async def call(number: int) -> None:
        while not done.is_set():
            client = current[number % len(current)]
            statuses.append((await client.get("/v1/workspace")).status_code)
            await asyncio.sleep(0)

    async with AsyncExitStack() as living:
        for _ in range(2):
            current.append(await living.enter_async_context(worker(key, *steps[0])))
        callers = [asyncio.ensure_future(call(number)) for number in range(8)]
        for step in steps[1:]:
            for place in range(2):
                current[place] = await living.enter_async_context(worker(key, *step))
                await asyncio.sleep(0.15)
        done.set()
        await asyncio.gather(*callers)
    assert set(statuses) == {200}
    assert len(statuses) > 20


async def test_a_key_that_was_used_outlives_the_old_secret_and_no_other(worker, home):
    used, idle = await home.make_key(), await home.make_key()
    async with worker(used, NEW, SECRET) as client:
        assert (await client.get("/v1/workspace")).status_code == 200
    async with worker(used, NEW) as client, worker(idle, NEW) as other:
        assert (await client.get("/v1/workspace")).status_code == 200
        assert (await other.get("/v1/workspace")).status_code == 401


async def test_a_cursor_of_the_old_secret_still_leads_on(worker, home):
    key = await home.make_key()
    async with worker(key, SECRET) as old:
        for name in ("one", "two"):
            await old.post("/v1/websites", json={"name": name, "domain": f"{name}.rotate.example"})
        page = (await old.get("/v1/websites?limit=1")).json()
    following = {"limit": 1, "cursor": page["pagination"]["next_cursor"]}
    async with worker(key, NEW, SECRET) as both:
        answer = await both.get("/v1/websites", params=following)
        assert [website["name"] for website in answer.json()["data"]] == ["two"]
    async with worker(key, NEW) as new:
        refused = await new.get("/v1/websites", params=following)
        assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_CURSOR")


async def test_a_revoked_key_stays_revoked_under_every_secret(worker, home, database):
    key = await home.make_key()
    async with database.transaction(home.workspace.id) as transaction:
        await transaction.execute(
            "UPDATE api_keys SET revoked_at = now() WHERE workspace_id = %(id)s", {"id": home.workspace.id}
        )
    async with worker(key, NEW, SECRET) as client:
        assert (await client.get("/v1/workspace")).status_code == 401


@pytest.mark.requirement("PL-3", "PL-12")
async def test_programs_notice_nothing_of_a_renewed_secret(worker, home, signed_in, program):
    """Secrets, codes, refresh and access tokens of before count after, and so does who is signed in."""
    consent = await signed_in.allow(program, home.workspace.id)
    first = (await program.trade(answer_in(consent)["code"])).json()
    code = answer_in(await signed_in.allow(program, home.workspace.id))["code"]

    async with worker(None, NEW, SECRET) as renewed:
        program.http = renewed
        assert (await program.call(first["access_token"])).status_code == 200
        second = (await program.refresh(first["refresh_token"])).json()
        assert (await program.call(second["access_token"])).status_code == 200
        assert (await program.trade(code)).status_code == 200
        cookie = {"Cookie": f"cloudmetrics={signed_in.http.cookies['cloudmetrics']}"}
        assert (await renewed.get("/account", headers=cookie)).status_code == 200

    async with worker(None, NEW) as done:
        program.http = done
        third = await program.refresh(second["refresh_token"])
        assert third.status_code == 200, third.text
        assert (await program.call(first["access_token"])).status_code == 401
        assert (await program.call(third.json()["access_token"])).status_code == 200
