"""What a workspace uses is counted, told, and warned of in time."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest

from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.analytics.quota import jobs as quota_jobs
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.jobs.registry import REGISTRY, JobContext, Services
from cloudmetrics.usage import counting
from tests.integration.conftest import (
    alive,
    client_of,
    make_app,
    make_event,
    make_website,
    send_events,
    settings_for,
)
from tests.integration.working import jobs_of, working
from tests.waiting import eventually

pytestmark = pytest.mark.requirement("CM-7")


@pytest.fixture(autouse=True)
def flushed_often(monkeypatch):
    monkeypatch.setattr(counting, "SECONDS", 0.1)


@pytest.fixture
async def own_app(flushed_often, database_url, stores):
    """An app that writes what it counts ten times a second."""
    app = make_app(settings_for(database_url, stores.redis_url))
    async with alive(app):
        yield app


async def usage(client, **query) -> dict:
    response = await client.get("/v1/usage", params=query)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def counted(client, requests: int) -> dict:
    """The usage, once so many requests are counted in it."""
    found = {}

    async def enough() -> bool:
        found.update(await usage(client))
        return (
            sum(
                row["requests"]
                for row in found["requests"]["by_operation"]
                if row["operation_id"] != "get-usage"
            )
            >= requests
        )

    await eventually(enough)
    return found


async def test_requests_are_counted_by_day_operation_key_and_status(own_app, home, now):
    secret, other = await home.make_key(), await home.make_key(["websites:read"])
    async with client_of(own_app, secret) as client, client_of(own_app, other) as reader:
        for _ in range(3):
            await client.get("/v1/websites")
        await client.get(f"/v1/websites/{uuid4()}")
        await reader.get("/v1/usage")
        await client.post("/v1/websites", json={"no": "sense"})
        requests = (await counted(client, 5))["requests"]

    operations = {row["operation_id"]: row["requests"] for row in requests["by_operation"]}
    asked = operations.pop("get-usage")
    assert operations == {"list-websites": 3, "get-website": 1, "create-website": 1}
    statuses = {row["status"]: row["requests"] for row in requests["by_status"]}
    assert (statuses[404], statuses[403], statuses[400]) == (1, 1, 1)
    assert statuses[200] == 3 + asked - 1
    by_key = sorted(row["requests"] for row in requests["by_key"])
    assert by_key[0] == 1
    assert {(row["credential"]["kind"], row["name"]) for row in requests["by_key"]} == {("API_KEY", "key")}
    assert requests["total"] == sum(by_key) == sum(row["requests"] for row in requests["by_day"])
    assert len(requests["by_day"]) == 30
    assert requests["by_day"][-1] == {
        "date": now.date().isoformat(),
        "requests": requests["total"],
    }


async def test_a_token_is_counted_by_its_grant_and_nobody_elses_requests_are(own_app, make_home):
    one, other = await make_home(), await make_home()
    person = await one.make_person()
    token = person.client.headers["authorization"].removeprefix("Bearer ")
    async with client_of(own_app, token) as client, client_of(own_app, await other.make_key()) as stranger:
        await client.get("/v1/websites")
        await stranger.get("/v1/workspace")
        mine = (await counted(client, 1))["requests"]["by_key"]
        theirs = (await counted(stranger, 1))["requests"]["by_operation"]
    assert [(row["credential"]["kind"], row["name"]) for row in mine] == [("OAUTH_TOKEN", None)]
    assert {row["operation_id"] for row in theirs} - {"get-usage"} == {"get-workspace"}


async def test_a_stop_in_order_loses_nothing(database_url, stores, home, monkeypatch):
    monkeypatch.setattr(counting, "SECONDS", 3600)
    app = make_app(settings_for(database_url, stores.redis_url))
    async with alive(app), client_of(app, await home.make_key()) as client:
        for _ in range(7):
            await client.get("/v1/websites")
    reader = home.open(await home.make_key())
    requests = (await usage(reader))["requests"]
    assert {"operation_id": "list-websites", "requests": 7} in requests["by_operation"]


async def test_counts_wait_while_the_database_is_away(database, home, keyring, monkeypatch):
    counter = counting.RequestCounter(database)
    caller = Caller(
        Tenant(database, home.workspace.id), keyring, credential_id=uuid4(), credential_kind="API_KEY"
    )
    counter.count(caller, "list-websites", 200)
    begin = Database.transaction

    def away(*_):
        raise Unavailable("away")

    monkeypatch.setattr(Database, "transaction", away)
    await counter.flush()
    counter.count(caller, "list-websites", 200)
    monkeypatch.setattr(Database, "transaction", begin)
    await asyncio.gather(counter.flush(), counter.flush())
    reader = home.open(await home.make_key())
    assert (await usage(reader))["requests"]["by_operation"] == [
        {"operation_id": "list-websites", "requests": 2}
    ]


async def test_counts_of_a_workspace_that_is_gone_are_dropped(database, keyring):
    counter = counting.RequestCounter(database)
    tenant = Tenant(database, uuid4())
    caller = Caller(tenant, keyring, credential_id=uuid4(), credential_kind="API_KEY")
    counter.count(caller, "list-websites", 200)
    await counter.flush()
    assert await database.read(tenant.workspace_id, "SELECT * FROM request_usage") == []


async def test_old_counts_are_forgotten_and_the_clock_of_a_sandbox_is_followed(database, home, keyring, now):
    tenant = Tenant(database, home.workspace.sandbox_id)
    for days in (0, 1, 401):
        later = Tenant(database, home.workspace.sandbox_id, timedelta(days=days))
        counter = counting.RequestCounter(database)
        counter.count(
            Caller(later, keyring, credential_id=uuid4(), credential_kind="API_KEY"), "list-websites", 200
        )
        await counter.flush()
    rows = await tenant.read("SELECT day FROM request_usage ORDER BY day")
    today = now.date()
    assert [row["day"] - today for row in rows] == [timedelta(days=1), timedelta(days=401)]


async def test_events_storage_quota_and_limits_are_told(client, website_id, now):
    before = await usage(client)
    assert before["storage"] == {"websites": 1, "events": 0, "event_bytes": 0}
    today = now
    await send_events(
        client,
        make_event(website_id, timestamp=today.isoformat()),
        make_event(website_id, timestamp=(today - timedelta(days=90)).isoformat()),
    )
    after = await usage(client)
    assert after["events"]["total"] == 1
    assert after["events"]["by_day"][-1] == {"date": today.date().isoformat(), "events": 1}
    assert after["storage"]["events"] == 2
    assert 100 < after["storage"]["event_bytes"] < 2000
    (quota,) = after["quotas"]
    assert (quota["name"], quota["used"]) == ("events", 2)
    assert quota["remaining"] == quota["limit"] - 2
    month = today.date().replace(day=1)
    assert quota["starts_on"] == month.isoformat()
    assert date.fromisoformat(quota["resets_at"][:10]) == (month + timedelta(days=32)).replace(day=1)
    limits = {limit["name"]: limit for limit in after["rate_limits"]}
    assert set(limits) == {"workspace", "credential"}
    assert limits["workspace"]["remaining"] < limits["workspace"]["limit"] == 5000


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"start_date": "2025-01-01", "end_date": "2026-11-01"}, "RANGE_TOO_LONG"),
        ({"start_date": "2026-11-02", "end_date": "2026-11-01"}, "RANGE_INVERTED"),
        ({"end_date": "2026-02-30"}, "FORMAT"),
    ],
)
async def test_days_have_to_make_sense(client, query, code):
    response = await client.get("/v1/usage", params=query)
    assert response.status_code == 400
    assert [error["code"] for error in response.json()["errors"]] == [code]


@pytest.fixture
async def scarce(make_home, database, keyring, stores, database_url):
    """A workspace with ten events a month, its owner, and what runs the job that warns."""
    home = await make_home()
    async with database.transaction(home.workspace.id) as transaction:
        await transaction.execute("""UPDATE workspaces SET limits = '{"events": 10}'""")
    owner = await home.make_person("OWNER")
    await home.make_person("ADMIN")
    client = home.open(await home.make_key())
    website = await make_website(client)

    async def send(events: int):
        return await client.post("/v1/events", json={"events": [make_event(website) for _ in range(events)]})

    async def run_warnings() -> None:
        settings = settings_for(database_url, stores.redis_url)
        async with working(settings, jobs_of(REGISTRY["quota.warn"])):
            await eventually(lambda: no_warning_waits(database, home.workspace.id))

    return home, owner, client, send, run_warnings


async def no_warning_waits(database, workspace_id) -> bool:
    return not await database.read_directory(
        "SELECT FROM procrastinate_jobs WHERE task_name = 'quota.warn' AND status IN ('todo', 'doing')"
        " AND args ->> 'workspace_id' = %(id)s",
        {"id": str(workspace_id)},
    )


async def warnings(client) -> list[int]:
    (quota,) = (await usage(client))["quotas"]
    return [warning["percent"] for warning in quota["warnings"]]


async def test_owners_are_warned_once_at_80_and_at_100_percent(scarce, mails):
    _, owner, client, send, run_warnings = scarce
    assert (await send(7)).status_code == 200
    await run_warnings()
    assert await warnings(client) == []
    assert (await send(1)).status_code == 200
    await run_warnings()
    assert await warnings(client) == [80]
    assert (await send(2)).status_code == 200
    assert (await send(1)).status_code == 429
    assert (await send(1)).status_code == 429
    await run_warnings()
    assert await warnings(client) == [80, 100]
    first, second = await mails(owner.user.email)
    assert "has used 80% of its events" in first.subject
    assert "has used up its events" in second.subject
    assert "10 events" in second.text


async def test_events_refused_for_want_of_room_are_warned_of_too(scarce, mails):
    _, owner, client, send, run_warnings = scarce
    await send(5)
    assert (await send(6)).status_code == 429
    await run_warnings()
    assert await warnings(client) == [100]
    assert len(await mails(owner.user.email)) == 1


async def test_a_warning_that_is_run_twice_is_sent_once(
    scarce, mails, database, keyring, stores, database_url
):
    home, owner, *_ = scarce
    settings = settings_for(database_url, stores.redis_url)
    context = JobContext(Services(database, None, keyring, settings), 0)
    workspace = await workspaces.of(Tenant(database, home.workspace.id))
    await asyncio.gather(
        *(
            quota_jobs.warn(context, workspace_id=workspace.id, month="2026-11-01", percent=80, limit=10)
            for _ in range(3)
        )
    )
    assert len(await mails(owner.user.email)) == 1
