"""A changed time zone: the old days answer until the new ones are whole, whatever happens meanwhile."""

import asyncio
import random

import psycopg
import pytest

from cloudmetrics.analytics.rollups.building import store as building
from tests.integration.conftest import make_event, make_website, send_events, settings_for
from tests.integration.recounting import differences, rollup_sizes
from tests.integration.test_rollups import ZONES, move, random_events
from tests.integration.working import working
from tests.waiting import eventually

MIDNIGHT = {"start_date": "2026-11-03", "end_date": "2026-11-03"}


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """So that a few events take several steps."""
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 7)


async def website(client, website_id: str) -> dict:
    return (await client.get(f"/v1/websites/{website_id}")).json()["data"]


async def finish(tenant, website_id: str) -> None:
    while await building.take_step(tenant, website_id):
        pass


def editions(database_url: str, website_id: str) -> set[int]:
    """Those that have rows."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT edition FROM visitor_days WHERE website_id = %(id)s"
            " UNION SELECT edition FROM daily_gaps WHERE website_id = %(id)s"
            " UNION SELECT edition FROM stale_editions WHERE website_id = %(id)s",
            {"id": website_id},
        ).fetchall()
    return {row[0] for row in rows}


async def test_the_old_days_answer_until_the_new_ones_are_whole(client, home, website_id, database_url):
    tenant = home.caller.tenant
    hours = [f"2026-11-0{day}T{hour:02}:00:00Z" for day in (2, 3, 4) for hour in range(0, 24, 2)]
    await send_events(client, *(make_event(website_id, timestamp=hour, visitor_id=hour) for hour in hours))
    await move(client, website_id, "Pacific/Kiritimati")
    shown = await website(client, website_id)
    assert shown["timezone"] == "Pacific/Kiritimati"
    assert shown["timezone_change"]["previous_timezone"] == "UTC"
    assert 0 < shown["timezone_change"]["progress"] < 1
    assert (await client.get("/v1/metrics", params=MIDNIGHT)).json()["data"]["visitors"] == 12
    assert differences(database_url, home.workspace.id) == {}

    await send_events(client, make_event(website_id, timestamp="2026-11-03T23:00:00Z"))
    assert (await client.get("/v1/metrics", params=MIDNIGHT)).json()["data"]["visitors"] == 13

    await finish(tenant, website_id)
    assert (await website(client, website_id))["timezone_change"] is None
    # The days of Kiritimati begin at 10:00 in UTC.
    assert (await client.get("/v1/metrics", params=MIDNIGHT)).json()["data"]["visitors"] == 12
    assert differences(database_url, home.workspace.id) == {}


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("seed", range(6))
async def test_after_any_history_meanwhile_both_equal_a_recount(client, home, database_url, seed):
    """Events before and after what is drawn already, that lengthen and join visits on both sides of it."""
    dice = random.Random(seed)
    tenant = home.caller.tenant
    website_ids = [await make_website(client, timezone=zone) for zone in dice.sample(ZONES, 2)]
    await send_events(client, *random_events(dice, website_ids, 150))

    async def draw(website_id: str) -> None:
        for _ in range(dice.randrange(10, 40)):
            await building.take_step(tenant, website_id)
            await asyncio.sleep(0)

    for _ in range(3):
        for website_id in website_ids:
            await move(client, website_id, dice.choice(ZONES))
        await asyncio.gather(
            *(draw(website_id) for website_id in website_ids),
            *(send_events(client, *random_events(dice, website_ids, 9)) for _ in range(8)),
        )
        assert differences(database_url, home.workspace.id) == {}
    for website_id in website_ids:
        await finish(tenant, website_id)
    assert differences(database_url, home.workspace.id) == {}


async def test_going_back_meanwhile_gives_up_what_was_drawn(client, home, website_id, database_url):
    await send_events(client, *random_events(random.Random(1), [website_id], 40))
    await move(client, website_id, "Asia/Tokyo")
    await move(client, website_id, "UTC")
    assert (await website(client, website_id))["timezone_change"] is None
    assert not await building.take_step(home.caller.tenant, website_id)
    assert differences(database_url, home.workspace.id) == {}


async def test_another_change_meanwhile_begins_anew(client, home, website_id, database_url):
    await send_events(client, *random_events(random.Random(1), [website_id], 40))
    for zone in ("Asia/Tokyo", "America/Lima"):
        await move(client, website_id, zone)
    await finish(home.caller.tenant, website_id)
    assert (await website(client, website_id))["timezone"] == "America/Lima"
    assert differences(database_url, home.workspace.id) == {}


async def test_sending_a_website_back_as_it_was_read_changes_nothing(client, website_id):
    await send_events(client, *random_events(random.Random(1), [website_id], 40))
    await move(client, website_id, "Asia/Tokyo")
    before = await website(client, website_id)
    body = {name: before[name] for name in ("name", "domain", "timezone", "currency")}
    await client.put(f"/v1/websites/{website_id}", json=body)
    assert (await website(client, website_id))["timezone_change"] == before["timezone_change"]


async def test_a_deleted_website_is_not_drawn_any_further(client, home, website_id):
    await send_events(client, *random_events(random.Random(1), [website_id], 40))
    await move(client, website_id, "Asia/Tokyo")
    await client.delete(f"/v1/websites/{website_id}")
    assert not await building.take_step(home.caller.tenant, website_id)


async def test_a_step_that_fails_leaves_everything_as_it_was(
    client, home, website_id, database_url, monkeypatch
):
    await send_events(client, *random_events(random.Random(1), [website_id], 40))
    await move(client, website_id, "Asia/Tokyo")
    before = rollup_sizes(database_url, home.workspace.id)
    with monkeypatch.context() as broken:
        broken.setattr(building.rollups, "_gaps", lambda changes: [("not", "a", "row")])
        with pytest.raises(ValueError, match="zip"):
            await building.take_step(home.caller.tenant, website_id)
    assert rollup_sizes(database_url, home.workspace.id) == before
    await finish(home.caller.tenant, website_id)
    assert differences(database_url, home.workspace.id) == {}


async def test_a_worker_draws_and_deletes_by_itself(client, home, website_id, database_url, stores):
    from cloudmetrics.analytics.rollups.building import jobs as building_jobs
    from cloudmetrics.platform.jobs.registry import REGISTRY

    jobs = {name: REGISTRY[name] for name in ("rollups.build", "rollups.clean")}
    assert building_jobs.build
    await send_events(client, *random_events(random.Random(1), [website_id], 60))
    await move(client, website_id, "Asia/Tokyo")
    await move(client, website_id, "America/Lima")
    async with working(settings_for(database_url, stores.redis_url), jobs):
        await eventually(lambda: editions(database_url, website_id) == {3}, patience=60)
    assert (await website(client, website_id))["timezone_change"] is None
    assert differences(database_url, home.workspace.id) == {}
