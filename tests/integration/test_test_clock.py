"""A sandbox's clock goes forward when it is told to, and the sandbox with it; nobody else's does."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from cloudmetrics.accounts.test_clocks.jobs import moved
from cloudmetrics.analytics.retention import jobs as retention
from cloudmetrics.platform.clock import read_moment
from cloudmetrics.platform.jobs.registry import JobContext, Services
from cloudmetrics.platform.redis import Redis
from tests.integration.conftest import make_event, make_website, send_events, settings_for

pytestmark = pytest.mark.requirement("CM-7")
DAY = 86400


@pytest.fixture
async def sandbox(home):
    """A client that may do everything in the sandbox."""
    return home.open(await home.make_key(mode="test"))


async def advance(client, **body) -> dict:
    response = await client.post("/v1/test-clock", json=body)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def shown(client) -> datetime:
    response = await client.get("/v1/test-clock")
    assert response.status_code == 200, response.text
    return moment(response.json()["data"]["now"])


def moment(text: str) -> datetime:
    read = read_moment(text, "")
    assert read is not None
    return read


def is_near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=5)


async def test_a_clock_shows_the_real_time_until_it_is_moved(sandbox):
    data = (await sandbox.get("/v1/test-clock")).json()["data"]
    assert data["now"] == data["real_time"]
    assert data["ahead_seconds"] == 0
    assert is_near(moment(data["now"]), datetime.now(UTC))


async def test_a_clock_goes_forward_by_seconds_and_to_moments_and_then_goes_on(sandbox):
    assert (await advance(sandbox, advance_seconds=DAY))["ahead_seconds"] == DAY
    assert (await advance(sandbox, advance_seconds=DAY))["ahead_seconds"] == 2 * DAY
    wanted = datetime.now(UTC) + timedelta(days=40)
    assert moment((await advance(sandbox, to=wanted.isoformat()))["now"]) == wanted
    first = await shown(sandbox)
    assert wanted < first < await shown(sandbox)


async def test_a_clock_never_goes_backwards(sandbox):
    await advance(sandbox, advance_seconds=DAY)
    response = await sandbox.post("/v1/test-clock", json={"to": datetime.now(UTC).isoformat()})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert (error["code"], error["pointer"]) == ("MOMENT_PASSED", "/to")
    assert is_near(await shown(sandbox), datetime.now(UTC) + timedelta(days=1))


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"advance_seconds": 3659 * DAY}, "MOMENT_TOO_FAR", "/advance_seconds"),
        ({"to": "9999-12-31T23:59:59Z"}, "MOMENT_TOO_FAR", "/to"),
        ({"to": "2027-06-30T23:59:60Z"}, "DATE_OUT_OF_RANGE", "/to"),
        ({"advance_seconds": 0}, "TOO_SMALL", "/advance_seconds"),
        ({"advance_seconds": 10**30}, "TOO_LARGE", "/advance_seconds"),
    ],
)
async def test_a_clock_has_bounds(sandbox, body, code, pointer):
    await advance(sandbox, advance_seconds=2 * DAY)
    response = await sandbox.post("/v1/test-clock", json=body)
    assert response.status_code == 400
    assert [(each["code"], each["pointer"]) for each in response.json()["errors"]] == [(code, pointer)]


@pytest.mark.parametrize("body", [{}, {"advance_seconds": 1, "to": "2099-01-01T00:00:00Z"}])
async def test_one_way_to_move_it_has_to_be_named(sandbox, body):
    assert (await sandbox.post("/v1/test-clock", json=body)).status_code == 400


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_the_time_of_a_live_workspace_is_the_real_one(client, method):
    body = {"advance_seconds": 60} if method == "POST" else None
    response = await client.request(method, "/v1/test-clock", json=body)
    assert (response.status_code, response.json()["code"]) == (403, "SANDBOX_REQUIRED")


async def test_two_who_move_it_at_once_both_do(sandbox):
    await asyncio.gather(*(advance(sandbox, advance_seconds=DAY) for _ in range(4)))
    assert (await sandbox.get("/v1/test-clock")).json()["data"]["ahead_seconds"] == 4 * DAY


async def test_moving_it_takes_the_scope(home):
    reader = home.open(await home.make_key(["workspace:read"], mode="test"))
    assert (await reader.get("/v1/test-clock")).status_code == 200
    assert (await reader.post("/v1/test-clock", json={"advance_seconds": 1})).status_code == 403
    assert (await reader.delete("/v1/test-clock")).status_code == 403


async def test_days_events_and_what_is_made_follow_and_the_workspace_beside_does_not(home, client, sandbox):
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await advance(sandbox, advance_seconds=DAY)
    website = await make_website(sandbox)
    made = (await sandbox.get(f"/v1/websites/{website}")).json()["data"]["created_at"]
    assert is_near(moment(made), tomorrow)
    event = make_event(website, timestamp=tomorrow.isoformat())
    assert (await send_events(sandbox, event))["accepted"] == 1
    stored = (await sandbox.get(f"/v1/events/{event['id']}")).json()["data"]
    assert is_near(moment(stored["received_at"]), tomorrow)
    metrics = (await sandbox.get("/v1/metrics", params={"website_id": website})).json()
    assert metrics["data"]["visitors"] == 1
    assert metrics["meta"]["end_date"] == tomorrow.date().isoformat()

    live = await make_website(client)
    refused = await send_events(client, make_event(live, timestamp=tomorrow.isoformat()))
    assert refused["rejected"] == 1
    assert (await client.get("/v1/metrics")).json()["meta"]["end_date"] < tomorrow.date().isoformat()


async def test_a_key_expires_by_the_clock_and_is_good_again_in_real_time(home, sandbox):
    expiring = home.open(await home.make_key(mode="test", expires_at=datetime.now(UTC) + timedelta(days=30)))
    await advance(expiring, advance_seconds=29 * DAY)
    assert (await expiring.get("/v1/workspace")).status_code == 200
    await advance(sandbox, advance_seconds=2 * DAY)
    assert (await expiring.get("/v1/workspace")).status_code == 401
    assert (await sandbox.delete("/v1/test-clock")).status_code == 204
    assert (await expiring.get("/v1/workspace")).status_code == 200
    assert is_near(await shown(sandbox), datetime.now(UTC))
    assert (await sandbox.delete("/v1/test-clock")).status_code == 204


async def test_a_new_month_has_a_new_quota(home, sandbox, database):
    async with database.transaction(home.workspace.sandbox_id) as transaction:
        await transaction.execute("""UPDATE workspaces SET limits = '{"events": 1}'""")
    sandbox = home.open(await home.make_key(mode="test"))
    website = await make_website(sandbox)
    await send_events(sandbox, make_event(website))
    body = {"events": [make_event(website)]}
    refused = await sandbox.post("/v1/events", json=body)
    assert (refused.status_code, refused.json()["code"]) == (429, "EVENT_QUOTA_EXCEEDED")
    await advance(sandbox, advance_seconds=int(refused.headers["retry-after"]))
    assert (await sandbox.post("/v1/events", json=body)).status_code == 200


async def test_retention_follows_a_clock_that_was_moved(
    home, sandbox, database, keyring, database_url, stores
):
    website = await make_website(sandbox, retention_days=30)
    event = make_event(website, timestamp=datetime.now(UTC).isoformat())
    await send_events(sandbox, event)
    await advance(sandbox, advance_seconds=32 * DAY)
    settings = settings_for(database_url, stores.redis_url)
    redis = Redis(stores.redis_url)
    context = JobContext(Services(database, redis, keyring, settings), 0)
    await moved(context, workspace_id=home.workspace.sandbox_id)
    waiting = await database.read_directory(
        "SELECT args FROM procrastinate_jobs WHERE queueing_lock = %(key)s",
        {"key": f"retention.forget:{website}"},
    )
    assert len(waiting) == 1
    await retention.forget(context, workspace_id=home.workspace.sandbox_id, website_id=website)
    assert (await sandbox.get(f"/v1/events/{event['id']}")).status_code == 404
    await redis.close()
