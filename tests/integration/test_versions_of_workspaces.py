"""A 304 is never stale, though most of them ask PostgreSQL for nothing but a version."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from cloudmetrics.contract import ASGIApp
from cloudmetrics.gateway.exchanges import store

from .conftest import (
    Home,
    alive,
    client_of,
    make_app,
    make_event,
    make_website,
    send_events,
    settings_for,
)
from .test_goals import make_goal
from .walking import watch

pytestmark = pytest.mark.requirement("DF-10", "B-12")


@pytest.fixture(scope="module")
async def other_worker(database_url, stores) -> AsyncIterator[ASGIApp]:
    """A second process of the service, as far as memory goes."""
    app = make_app(settings_for(database_url, stores.redis_url))
    async with alive(app):
        yield app


class Reader:
    """Somebody who polls a URL and keeps what they have."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self.client, self.url = client, url
        self.etag, self.content = "", b""
        self.statuses: list[int] = []

    async def poll(self) -> bytes:
        headers = {"If-None-Match": self.etag} if self.etag else {}
        response = await self.client.get(self.url, headers=headers)
        self.statuses.append(response.status_code)
        if response.status_code == 200:
            self.etag, self.content = response.headers["etag"], response.content
        else:
            assert (response.status_code, response.headers["etag"]) == (304, self.etag)
        return self.content


# What people build, each by the URL that lists it and the body that makes one.
BUILT = {
    "/v1/dashboards": lambda site: {"name": "Shop", "website_id": site},
    "/v1/funnels": lambda site: {
        "name": "Sign-up",
        "website_id": site,
        "steps": [{"kind": "PAGE", "path_pattern": "/"}, {"kind": "EVENT", "event_name": "signup"}],
    },
    "/v1/reports": lambda site: {
        "name": "Weekly",
        "period": "PREVIOUS_WEEK",
        "sections": [{"title": "All", "question": {"metrics": ["visitors"], "website_id": site}}],
    },
    "/v1/costs/budgets": lambda _: {"name": "Cloud", "amount": {"amount_minor": 1, "currency": "EUR"}},
    "/v1/costs/allocations": lambda site: {"tag_key": "a", "tag_value": "b", "website_id": site},
    "/v1/alerts": lambda site: {
        "name": "Nobody",
        "condition": {
            "kind": "ABSENCE",
            "source": {"kind": "METRIC", "metric": "events", "website_id": site},
            "window": "TODAY",
        },
    },
    "/v1/alert-channels": lambda _: {"kind": "SLACK", "name": "Us", "url": "https://hooks.example.com/x"},
}


async def version(home: Home) -> str | None:
    return await store.version(home.caller.tenant)


async def test_an_unchanged_answer_costs_one_look_at_a_version(client, website_id, monkeypatch):
    reader = Reader(client, "/v1/websites?limit=100")
    for _ in range(3):
        await reader.poll()
    seen = watch(monkeypatch.setattr)
    await reader.poll()
    assert reader.statuses == [200, 304, 304, 304]
    assert [statement for statement in seen if "FROM websites" in statement] == []
    assert len([statement for statement in seen if "workspace_changes" in statement]) == 1


async def test_many_who_ask_at_once_share_the_look(client, website_id, monkeypatch):
    reader = Reader(client, "/v1/websites?limit=100")
    for _ in range(3):
        await reader.poll()
    seen = watch(monkeypatch.setattr)
    await asyncio.gather(*(reader.poll() for _ in range(40)))
    assert set(reader.statuses[1:]) == {304}
    assert len(seen) <= 3


async def test_whatever_changes_is_seen_in_every_process(home, client, website_id, other_worker):
    key = client.headers["API-Key"]
    urls = ["/v1/websites", f"/v1/websites/{website_id}", "/v1/goals", f"/v1/goals?website_id={website_id}"]
    elsewhere = client_of(other_worker, key)
    readers = [Reader(each, url) for each in (client, elsewhere) for url in urls]
    goals = [await make_goal(client, website_id)]
    changes = [
        lambda: client.patch(f"/v1/goals/{goals[0]}", json={"name": "New"}),
        lambda: elsewhere.put(
            f"/v1/goals/{goals[0]}", json={"name": "x", "condition": {"kind": "PAGE", "path_pattern": "/"}}
        ),
        lambda: elsewhere.post("/v1/websites", json={"name": "B", "domain": "b.example.com"}),
        lambda: client.patch(f"/v1/websites/{website_id}", json={"name": "Shop 2"}),
        lambda: client.patch(f"/v1/websites/{website_id}", json={"timezone": "Asia/Tokyo"}),
        lambda: elsewhere.delete(f"/v1/goals/{goals[0]}"),
        lambda: client.post(
            "/v1/websites",
            json={"name": "C", "domain": "c.example.com"},
            headers={"Idempotency-Key": "c", "Prefer": "x"},
        ),
    ]
    for change in changes:
        for _ in range(2):
            for reader in readers:
                await reader.poll()
        assert (await change()).is_success
        for reader in readers:
            truth = await reader.client.get(reader.url)
            assert await reader.poll() == truth.content, reader.url
    assert all(304 in reader.statuses for reader in readers)
    await elsewhere.aclose()


async def test_what_people_build_is_as_fresh_as_it_is_cheap(home, client, website_id, other_worker):
    """A 304 of a dashboard, a report, a budget or an alert is no older than the last change of it."""
    elsewhere = client_of(other_worker, client.headers["API-Key"])
    made = [await client.post(url, json=body(website_id)) for url, body in BUILT.items()]
    urls = [*BUILT, *(each.headers["location"] for each in made)]
    readers = [Reader(each, url) for each in (client, elsewhere) for url in urls]
    for url in urls[len(BUILT) :]:
        for _ in range(2):
            for reader in readers:
                await reader.poll()
        changed = await client.patch(url, json={"name": "Another"})
        if changed.status_code == 405:
            changed = await client.delete(url)
        assert changed.is_success, changed.text
        for reader in readers:
            truth = await reader.client.get(reader.url)
            if truth.status_code == 200:
                assert await reader.poll() == truth.content, reader.url
            else:
                readers = [each for each in readers if each.url != reader.url]
    assert all(304 in reader.statuses for reader in readers)
    await elsewhere.aclose()


async def test_whoever_calls_has_favourites_of_their_own(home, client):
    made = await client.post("/v1/dashboards", json={"name": "Shop"})
    url = made.headers["location"]
    first, second = Reader(client, url), Reader(home.open(await home.make_key()), url)
    for reader in (first, second) * 3:
        await reader.poll()
    assert first.etag == second.etag
    assert (await second.client.put(f"{url}/favourite")).is_success
    # The first one's answer is as before, and the second one's tag is of just that.
    await first.poll()
    assert b'"is_favourite":true' in await second.poll()
    assert (first.statuses[-1], second.statuses[-1]) == (304, 200)


async def test_whoever_may_not_read_all_of_it_is_refused_though_nothing_changed(home, client, website_id):
    url = "/v1/goals?expand=website"
    await make_goal(client, website_id)
    reader = Reader(client, url)
    for _ in range(3):
        await reader.poll()
    assert reader.statuses == [200, 304, 304]
    narrow = home.open(await home.make_key(["goals:read"]))
    assert (await narrow.get(url, headers={"If-None-Match": reader.etag})).status_code == 403


async def test_nobody_sees_less_than_what_was_answered_before_they_asked(client, website_id, other_worker):
    """Writers and pollers at the same time, in two processes."""
    goal_id = await make_goal(client, website_id, name="0")
    elsewhere = client_of(other_worker, client.headers["API-Key"])
    written, is_done = 0, False

    async def write() -> None:
        nonlocal written, is_done
        for number in range(1, 60):
            by = client if number % 2 else elsewhere
            response = await by.patch(f"/v1/goals/{goal_id}", json={"name": str(number)})
            assert response.status_code == 200
            written = number
        is_done = True

    async def poll(by: httpx.AsyncClient, url: str) -> list[int]:
        reader = Reader(by, url)
        while not is_done:
            least = written
            body = httpx.Response(200, content=await reader.poll()).json()["data"]
            seen = body[0] if isinstance(body, list) else body
            assert int(seen["name"]) >= least
        return reader.statuses

    *polled, _ = await asyncio.gather(
        *(poll(by, url) for by in (client, elsewhere) for url in ("/v1/goals", f"/v1/goals/{goal_id}")),
        write(),
    )
    assert {200, 304} <= {status for statuses in polled for status in statuses}
    await elsewhere.aclose()


async def test_versions_change_with_commits_and_with_nothing_else(home, client, website_id, database):
    first = await version(home)
    assert first is not None
    await send_events(client, make_event(website_id))
    assert await version(home) == first, "Events change the versions of their websites."
    with pytest.raises(ZeroDivisionError):
        async with home.caller.tenant.transaction():
            raise ZeroDivisionError
    assert await version(home) == first
    async with home.caller.tenant.transaction() as transaction:
        await transaction.switch_tenant(home.workspace.sandbox_id)
        assert await version(home) == first
    second = await version(home)
    assert second not in (first, None)
    assert await version(home) == second


async def test_a_workspace_whose_rollups_are_drawn_anew_has_no_version(home, website_id):
    tenant = home.caller.tenant
    async with tenant.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO rollup_builds (workspace_id, website_id, edition, timezone)"
            " VALUES (%(w)s, %(s)s, 2, 'UTC')",
            {"w": tenant.workspace_id, "s": website_id},
        )
    assert await version(home) is None


async def test_notes_of_changes_do_not_pile_up(home, client, website_id):
    goal_id = await make_goal(client, website_id)
    for number in range(40):
        await client.patch(f"/v1/goals/{goal_id}", json={"name": str(number)})
    rows = await home.caller.tenant.read("SELECT count(*) AS n FROM workspace_changes")
    assert rows[0]["n"] <= 17


async def test_an_address_may_have_only_so_many_for_nothing(home):
    key = await home.make_key()
    client = home.open(key)
    await make_website(client)
    reader = Reader(client, "/v1/websites")
    await reader.poll()
    await reader.poll()

    async def left() -> int:
        answer = await client.get("/v1/websites", headers={"If-None-Match": reader.etag})
        assert answer.status_code == 304
        items = dict(item.split(";", 1) for item in answer.headers["ratelimit"].split(", "))
        return int(next(iter(items.values())).split(";")[0].removeprefix("r="))

    before = await left()
    assert await left() == before - 1
    for _ in range(100):
        await reader.poll()
    policies = (await client.get("/v1/websites", headers={"If-None-Match": reader.etag})).headers
    assert '"credential"' in policies["ratelimit-policy"]
    assert set(reader.statuses[1:]) == {304}
