"""Retention: old days go for good, and every number equals a recount of what is left."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from bench.drawing import rebuild
from cloudmetrics.analytics.retention import jobs, store
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.jobs.registry import REGISTRY
from tests.integration.conftest import make_event, make_website, send_events, settings_for
from tests.integration.working import jobs_left, working
from tests.waiting import eventually

TABLES = (
    *("visits", "visitor_days", "visitor_day_events", "page_days"),
    *("daily_totals", "daily_cube", "daily_gaps"),
)
NUMBERS = {
    "daily_totals": "visitors <> 0 OR events <> 0 OR visits <> 0",
    "daily_cube": "visitors <> 0 OR events <> 0 OR visits <> 0",
    "daily_gaps": "visitors <> 0",
}


@pytest.fixture
def tenant(home) -> Tenant:
    return home.caller.tenant


async def set_retention(client, website_id: str, days: int | None) -> None:
    website = (await client.get(f"/v1/websites/{website_id}")).json()["data"]
    body = {name: website[name] for name in ("name", "domain", "timezone", "currency")}
    response = await client.put(f"/v1/websites/{website_id}", json=body | {"retention_days": days})
    assert response.status_code == 200, response.text
    assert response.json()["data"]["retention_days"] == days


async def rollups_of(tenant: Tenant, website_id: str) -> dict[str, set[str]]:
    """All rows of all rollups but those that say nothing happened."""
    found = {}
    for table in TABLES:
        rows = await tenant.read(
            f"SELECT {table}::text AS row FROM {table}"
            f" WHERE website_id = %(website_id)s AND ({NUMBERS.get(table, 'true')})",
            {"website_id": UUID(website_id)},
        )
        found[table] = {row["row"] for row in rows}
    return found


async def redrawn(tenant: Tenant, website_id: str) -> dict[str, set[str]]:
    """The rollups as they would be if they were drawn anew from the events that are there."""
    (website,) = await tenant.read(
        "SELECT edition, timezone FROM websites WHERE website_id = %(id)s", {"id": UUID(website_id)}
    )
    async with tenant.transaction() as transaction:
        await rebuild(transaction, tenant, UUID(website_id), website["edition"], website["timezone"])
    return await rollups_of(tenant, website_id)


async def days_left(tenant: Tenant, website_id: str, timezone: str) -> list[date]:
    rows = await tenant.read(
        "SELECT DISTINCT (occurred_at AT TIME ZONE %(timezone)s)::date AS day FROM events"
        " WHERE website_id = %(id)s ORDER BY day",
        {"id": UUID(website_id), "timezone": timezone},
    )
    return [row["day"] for row in rows]


def history(website_id: str, zone: str, seed: int, count: int = 250) -> list[dict]:
    """Visits of a few people over some days, many of them across midnight, some of them very long."""
    chance = random.Random(seed)
    events = []
    moment = datetime(2026, 10, 22, 21, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for _ in range(count):
        moment += timedelta(minutes=chance.choice([0, 1, 7, 29, 30, 31, 240]))
        name = chance.choice(["pageview", "pageview", "signup", "purchase"])
        event = make_event(
            website_id,
            visitor_id=chance.choice(["anna", "ben", "bot"]),
            name=name,
            timestamp=moment.isoformat(),
            url=f"https://shop.example/{chance.randrange(3)}",
            source=chance.choice(["google", "news", ""]),
            device=chance.choice(["mobile", "desktop"]),
        )
        if name == "purchase":
            event["revenue"] = {"amount_minor": chance.randrange(-50, 500), "currency": "USD"}
        if chance.random() < 0.3:
            del event["url"]
        events.append(event)
    # A robot that never sleeps has one visit, however many days pass.
    begin = datetime(2026, 10, 23, tzinfo=UTC)
    events += [
        make_event(
            website_id,
            visitor_id="robot",
            name="ping" if number < 100 else "pageview",
            timestamp=(begin + number * timedelta(minutes=20)).isoformat(),
        )
        for number in range(300)
    ]
    return events


@pytest.mark.parametrize(
    ("zone", "seed"), [("UTC", 1), ("Europe/Berlin", 2), ("America/Lima", 3), ("Asia/Kathmandu", 4)]
)
async def test_after_every_step_all_numbers_equal_a_recount(client, tenant, monkeypatch, zone, seed):
    monkeypatch.setattr(store, "EVENTS_AT_ONCE", 40)
    website_id = await make_website(client, timezone=zone)
    events = history(website_id, zone, seed)
    await send_events(client, *events)
    before = await days_left(tenant, website_id, zone)
    await set_retention(client, website_id, 2)
    now = datetime(2026, 10, 28, 12, tzinfo=UTC)

    steps = []
    while (day := await store.take_step(tenant, UUID(website_id), now)) is not None:
        steps.append(day)
        present = await rollups_of(tenant, website_id)
        assert present == await redrawn(tenant, website_id)
        assert await days_left(tenant, website_id, zone) == [each for each in before if each >= day]

    assert len(steps) >= 3
    assert steps == sorted(steps)
    assert (await days_left(tenant, website_id, zone))[0] == date(2026, 10, 26)
    (visit,) = await tenant.read(
        "SELECT started_at, entry_at FROM visits WHERE website_id = %(id)s AND visitor_id = 'robot'",
        {"id": UUID(website_id)},
    )
    midnight = datetime(2026, 10, 26, tzinfo=ZoneInfo(zone))
    assert midnight <= visit["started_at"] == visit["entry_at"] < midnight + timedelta(minutes=20)


async def test_one_step_is_enough_for_few_events(client, tenant):
    website_id = await make_website(client, timezone="Europe/Berlin")
    await send_events(client, *history(website_id, "Europe/Berlin", 5))
    await set_retention(client, website_id, 1)
    now = datetime(2026, 10, 28, 12, tzinfo=UTC)

    assert await store.take_step(tenant, UUID(website_id), now) == date(2026, 10, 27)
    assert await store.take_step(tenant, UUID(website_id), now) is None
    assert await rollups_of(tenant, website_id) == await redrawn(tenant, website_id)


async def test_everything_may_go(client, tenant):
    website_id = await make_website(client)
    await send_events(client, *history(website_id, "UTC", 6))
    await set_retention(client, website_id, 1)

    assert await store.take_step(tenant, UUID(website_id), datetime(2027, 10, 28, tzinfo=UTC)) is not None

    assert await days_left(tenant, website_id, "UTC") == []
    assert not any((await rollups_of(tenant, website_id)).values())


async def test_a_day_that_begins_twice_is_passed_over(client, tenant):
    """In Havana, clocks go back from 1:00 to 0:00: the 1st of November 2026 has two midnights."""
    zone = "America/Havana"
    website_id = await make_website(client, timezone=zone)
    moments = [datetime(2026, 10, 30, tzinfo=UTC) + number * timedelta(minutes=20) for number in range(300)]
    await send_events(client, *[make_event(website_id, timestamp=each.isoformat()) for each in moments])
    await set_retention(client, website_id, 1)

    noon = datetime(2026, 11, 2, 17, tzinfo=UTC)
    assert await store.take_step(tenant, UUID(website_id), noon) == date(2026, 10, 31)
    assert await store.take_step(tenant, UUID(website_id), noon) is None
    assert await store.take_step(tenant, UUID(website_id), noon + timedelta(days=1)) == date(2026, 11, 2)
    assert await rollups_of(tenant, website_id) == await redrawn(tenant, website_id)


async def test_events_that_arrive_meanwhile_are_counted_too(client, tenant, monkeypatch):
    monkeypatch.setattr(store, "EVENTS_AT_ONCE", 10)
    website_id = await make_website(client)
    await send_events(client, *history(website_id, "UTC", 7))
    await set_retention(client, website_id, 2)
    now = datetime(2026, 10, 29, tzinfo=UTC)

    async def forget() -> None:
        while await store.take_step(tenant, UUID(website_id), now) is not None:
            await asyncio.sleep(0)

    async def send(writer: int) -> None:
        for number in range(8):
            events = history(website_id, "UTC", 100 * writer + number, count=20)[:20]
            await send_events(client, *events)

    await asyncio.gather(forget(), send(1), send(2))
    await forget()

    assert await rollups_of(tenant, website_id) == await redrawn(tenant, website_id)
    assert (await days_left(tenant, website_id, "UTC"))[0] >= date(2026, 10, 27)


async def test_the_job_finds_the_websites_and_the_api_shows_only_what_is_left(
    client, database, database_url, stores, caplog
):
    kept, forgetful = await make_website(client), await make_website(client, retention_days=30)
    today = clock.now()
    for website_id in (kept, forgetful):
        await send_events(
            client,
            *[
                make_event(website_id, timestamp=(today - timedelta(days=days)).isoformat())
                for days in (0, 29, 32, 100)
            ],
        )
    registered = {name: REGISTRY[name] for name in ("retention.look", "retention.forget")}
    async with working(settings_for(database_url, stores.redis_url), registered):
        await jobs.look(FakeContext(database))
        await eventually(lambda: counted(client, forgetful, today, 2))
        await eventually(lambda: no_jobs(database))

    assert await counted(client, kept, today, 4)
    listed = (await client.get("/v1/events", params={"website_id": forgetful})).json()["data"]
    assert len(listed) == 2


class FakeContext:
    """What `look` needs of a job's context: the database."""

    def __init__(self, database) -> None:
        self.database = database


async def no_jobs(database) -> bool:
    return [name for name, _ in await jobs_left(database) if name == "retention.forget"] == []


async def counted(client, website_id: str, today: datetime, events: int) -> bool:
    question = {
        "website_id": website_id,
        "start_date": str(today.date() - timedelta(days=110)),
        "end_date": str(today.date()),
    }
    data = (await client.get("/v1/metrics", params=question)).json()["data"]
    return data["events"] == data["pageviews"] == events


async def test_a_deleted_website_forgets_as_well_and_one_without_retention_never(client, tenant):
    website_id, other = await make_website(client), await make_website(client)
    for each in (website_id, other):
        await send_events(client, make_event(each, timestamp="2020-01-01T00:00:00Z"))
    await set_retention(client, website_id, 10)
    assert (await client.delete(f"/v1/websites/{website_id}")).status_code == 204

    assert await store.take_step(tenant, UUID(website_id), clock.now()) is not None
    assert await store.take_step(tenant, UUID(other), clock.now()) is None
    assert await days_left(tenant, website_id, "UTC") == []
    assert await days_left(tenant, other, "UTC") == [date(2020, 1, 1)]


async def test_nothing_goes_while_another_edition_is_being_drawn(client, tenant):
    website_id = await make_website(client, retention_days=1)
    await send_events(client, make_event(website_id, timestamp="2020-01-01T00:00:00Z"))
    async with tenant.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO rollup_builds (workspace_id, website_id, edition, timezone)"
            " VALUES (%(w)s, %(id)s, 2, 'UTC')",
            {"w": tenant.workspace_id, "id": UUID(website_id)},
        )
    assert await store.take_step(tenant, UUID(website_id), clock.now()) is None


async def test_a_website_says_how_long_it_keeps_events(client, database):
    body = {"name": "Shop", "domain": f"{uuid4().hex}.example.com", "timezone": "UTC", "currency": "USD"}
    created = (await client.post("/v1/websites", json=body | {"retention_days": 36500})).json()["data"]
    address = f"/v1/websites/{created['id']}"
    assert created["retention_days"] == 36500
    assert (await client.put(address, json=body)).json()["data"]["retention_days"] == 36500
    assert UUID(created["id"]) in {website_id for _, website_id in await store.retained(database)}
    for wrong in (0, 36501, 1.5, "30"):
        refused = await client.put(address, json=body | {"retention_days": wrong})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == "/retention_days"
    assert (await client.put(address, json=body | {"retention_days": None})).json()["data"][
        "retention_days"
    ] is None
    assert (await client.get(address)).json()["data"]["retention_days"] is None
    assert UUID(created["id"]) not in {website_id for _, website_id in await store.retained(database)}


def test_the_parts_of_a_time_are_the_time():
    first, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    parts = list(store.parts(first, end))
    assert (parts[0][0], parts[-1][1], len(parts)) == (first, end, store.PARTS)
    assert all(one[1] == other[0] for one, other in pairwise(parts))
