"""The event quota: exact, however many send at once, and only what is stored counts."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from cloudmetrics.accounts.limits.service import set_limits
from cloudmetrics.accounts.plans import PLANS
from cloudmetrics.platform import clock
from tests.integration.conftest import make_event, make_website, send_events

pytestmark = pytest.mark.requirement("CM-6")


@pytest.fixture
async def quota(make_home, database):
    """Makes a client whose workspace may store so many events a month, and its website."""

    async def make(events):
        home = await make_home()
        await set_limits(database, home.workspace.id, {"events": str(events)})
        client = home.open(await home.make_key())
        return client, await make_website(client)

    return make


def batch(website, size):
    return {"events": [make_event(website) for _ in range(size)]}


async def test_a_batch_that_does_not_fit_is_refused_as_a_whole_and_told_what_would(quota):
    client, website = await quota(10)
    await send_events(client, *batch(website, 8)["events"])
    for _ in range(2):
        refused = await client.post("/v1/events", json=batch(website, 3))
        assert refused.status_code == 429
        problem = refused.json()
        assert problem["code"] == "EVENT_QUOTA_EXCEEDED"
        assert problem["details"] == {"policy": "events", "limit": 10, "remaining": 2}
        assert 0 < int(refused.headers["retry-after"]) <= 31 * 86400
    assert (await client.get("/v1/events")).json()["pagination"]["has_more"] is False
    assert len((await client.get("/v1/events")).json()["data"]) == 8
    assert (await send_events(client, *batch(website, 2)["events"]))["accepted"] == 2
    assert (await client.post("/v1/events", json=batch(website, 1))).json()["details"]["remaining"] == 0


async def test_what_is_not_stored_costs_nothing(quota):
    client, website = await quota(5)
    events = batch(website, 5)["events"]
    unknown = [make_event(str(uuid4())) for _ in range(9)]
    assert (await send_events(client, *unknown))["rejected"] == 9
    assert (await send_events(client, *events[:4], *events[:4]))["accepted"] == 4
    assert (await send_events(client, *events, *unknown))["accepted"] == 1
    assert (await client.post("/v1/events", json=batch(website, 1))).status_code == 429
    # A full quota still answers a batch that is sent again.
    assert (await send_events(client, *events))["duplicates"] == 5
    assert (await client.post("/v1/events", json=batch(website, 1))).status_code == 429


async def test_many_at_once_store_exactly_the_quota(quota):
    client, website = await quota(50)
    websites = [website, *[await make_website(client) for _ in range(3)]]
    answers = await asyncio.gather(
        *(client.post("/v1/events", json=batch(websites[number % 4], 1)) for number in range(200))
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (50, 150)
    listed = (await client.get("/v1/events", params={"limit": 1000})).json()["data"]
    assert len(listed) == 50


async def test_a_new_month_begins_at_nought(quota, monkeypatch):
    client, website = await quota(2)
    moment = datetime(2027, 1, 31, 23, 59, 30, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: moment)
    await send_events(client, *batch(website, 2)["events"])
    refused = await client.post("/v1/events", json=batch(website, 1))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    moment = datetime(2027, 2, 1, tzinfo=UTC)
    await send_events(client, *batch(website, 2)["events"])
    assert (await client.post("/v1/events", json=batch(website, 1))).status_code == 429


async def test_the_sandbox_has_a_quota_of_its_own_and_as_large(make_home, database):
    home = await make_home()
    await set_limits(database, home.workspace.id, {"events": "1"})
    for mode in ("live", "test"):
        client = home.open(await home.make_key(mode=mode))
        website = await make_website(client)
        answers = [await client.post("/v1/events", json=batch(website, 1)) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]


def test_every_plan_has_room_for_events():
    assert all(allowance.events >= 100_000 for allowance in PLANS.values())
