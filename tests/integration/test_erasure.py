"""Erasing and exporting a visitor over HTTP: what is left is what would be if they had never come."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest

from cloudmetrics.analytics.events import service as events
from cloudmetrics.analytics.rollups.building import store as building
from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.recounting import differences
from tests.integration.test_goals import code_of
from tests.integration.test_visitors import at, data_of, earning, url_of

NOTHING = {"events": 0, "visits": 0, "days": 0}
TABLES = ("events", "visits", "visitor_days", "visitor_day_events")
CELLS = ("daily_totals", "daily_cube", "daily_gaps", "page_days")
# Clocks go back in Berlin on the third of these days.
BEGINNING = datetime(2026, 10, 23, tzinfo=UTC)


async def erase(client, website_id: str, visitor_id: str) -> dict[str, Any]:
    response = await client.delete(url_of(website_id, visitor_id))
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    assert data["visitor_id"] == visitor_id
    assert data["remaining"] == NOTHING
    removed: dict[str, Any] = data["removed"]
    return removed


def rows_of(database_url: str, website_id: str, visitor_id: str) -> dict[str, int]:
    """Table → its rows about a visitor."""
    with psycopg.connect(database_url) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*) FROM {table} WHERE website_id = %s AND visitor_id = %s",
                [website_id, visitor_id],
            ).fetchone()[0]
            for table in TABLES
        }


def cells(database_url: str, website_id: str) -> dict[str, int]:
    """Rollup without visitors → how many rows it has, empty ones included."""
    with psycopg.connect(database_url) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*) FROM {table} WHERE website_id = %s", [website_id]
            ).fetchone()[0]
            for table in CELLS
        }


def random_events(dice: random.Random, website_id: str, count: int) -> list[dict]:
    """Of few visitors, close together and often at midnight."""
    made = []
    for _ in range(count):
        minutes = dice.randrange(12) * 1440 + dice.choice([0, 10, 30, 60, 1300, 1420, 1439])
        event = make_event(
            website_id,
            name=dice.choice(["pageview", "pageview", "signup", "purchase"]),
            timestamp=(BEGINNING + timedelta(minutes=minutes)).isoformat(),
            visitor_id=f"v{dice.randrange(6)}",
            source=dice.choice("ab"),
            campaign=dice.choice(["", "spring"]),
            url=f"https://shop.example/{dice.randrange(4)}",
        )
        if dice.random() < 0.3:
            event |= earning(dice.randrange(-500, 900))
        made.append(event)
    return made


async def test_the_proof_says_what_was_removed_and_that_nothing_is_left(client, website_id, database_url):
    await send_events(
        client,
        make_event(website_id, **at(0), url="/private/anna", campaign="for-anna"),
        make_event(website_id, **at(1), name="purchase", **earning(500)),
        make_event(website_id, **at(60 * 24)),
        make_event(website_id, **at(0), visitor_id="bert"),
    )
    assert await erase(client, website_id, "anna") == {"events": 3, "visits": 2, "days": 2}
    assert set(rows_of(database_url, website_id, "anna").values()) == {0}
    assert code_of(await client.get(url_of(website_id, "anna"))) == (404, "NOT_FOUND")
    assert [visitor["id"] for visitor in await data_of(client, url_of(website_id))] == ["bert"]
    # No empty cell stays behind whose value would tell of her.
    await erase(client, website_id, "bert")
    assert cells(database_url, website_id) == dict.fromkeys(CELLS, 0)


async def test_erasing_twice_or_nobody_changes_nothing(client, website_id, database_url, home):
    await send_events(client, make_event(website_id), make_event(website_id, visitor_id="bert"))
    await erase(client, website_id, "anna")
    assert await erase(client, website_id, "anna") == NOTHING
    assert await erase(client, website_id, "nobody") == NOTHING
    assert differences(database_url, home.workspace.id) == {}


async def test_only_this_website_forgets(client, website_id):
    other = await make_website(client)
    await send_events(client, make_event(website_id), make_event(other))
    await erase(client, website_id, "anna")
    assert (await data_of(client, url_of(other, "anna")))["events"] == 1


async def test_whoever_comes_back_is_new_and_an_id_may_come_again(client, website_id, database_url, home):
    event = make_event(website_id, **at(0))
    await send_events(client, event)
    await erase(client, website_id, "anna")
    assert (await send_events(client, event))["accepted"] == 1
    visitor = await data_of(client, url_of(website_id, "anna"))
    assert (visitor["events"], visitor["visits"]) == (1, 1)
    assert differences(database_url, home.workspace.id) == {}


async def test_a_kept_answer_forgets_too(client, website_id):
    await send_events(client, make_event(website_id), make_event(website_id, visitor_id="bert"))
    day = {"start_date": "2026-11-03", "end_date": "2026-11-03"}
    assert (await data_of(client, "/v1/metrics", **day))["visitors"] == 2
    await erase(client, website_id, "anna")
    assert (await data_of(client, "/v1/metrics", **day))["visitors"] == 1


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("seed", range(4))
async def test_after_any_erasure_the_rollups_equal_a_recount(client, home, database_url, seed):
    dice = random.Random(seed)
    zones = dice.sample(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"], 2)
    website_ids = [await make_website(client, timezone=zone) for zone in zones]
    for website_id in website_ids:
        await send_events(client, *random_events(dice, website_id, 150))
    for visitor_id in dice.sample(range(6), k=4):
        website_id = dice.choice(website_ids)
        await erase(client, website_id, f"v{visitor_id}")
        assert differences(database_url, home.workspace.id) == {}
        await send_events(client, *random_events(dice, website_id, 20))
    assert differences(database_url, home.workspace.id) == {}


@pytest.mark.requirement("B-2")
async def test_erasing_while_events_arrive_stays_exact(client, home, website_id, database_url):
    dice = random.Random(7)
    await send_events(client, *random_events(dice, website_id, 100))
    await asyncio.gather(
        *(send_events(client, *random_events(dice, website_id, 30)) for _ in range(8)),
        *(events.create(home.caller, random_events(dice, website_id, 10)) for _ in range(4)),
        *(erase(client, website_id, f"v{number % 6}") for number in range(12)),
    )
    assert differences(database_url, home.workspace.id) == {}


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("steps", [0, 2, 5, 99])
async def test_an_edition_under_way_forgets_too(client, home, website_id, database_url, monkeypatch, steps):
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 11)
    dice = random.Random(steps)
    await send_events(client, *random_events(dice, website_id, 120))
    body = {
        "name": "S",
        "domain": f"{website_id}.example",
        "timezone": "America/New_York",
        "currency": "USD",
    }
    assert (await client.put(f"/v1/websites/{website_id}", json=body)).status_code == 200
    tenant, site = home.caller.tenant, UUID(website_id)
    for _ in range(steps):
        await building.take_step(tenant, site)
    await erase(client, website_id, "v1")
    assert differences(database_url, home.workspace.id) == {}
    # Neither the edition under way nor one that answers no more keeps anything.
    assert set(rows_of(database_url, website_id, "v1").values()) == {0}
    while await building.take_step(tenant, site):
        pass
    assert differences(database_url, home.workspace.id) == {}


async def test_many_events_are_erased_in_parts(client, home, website_id, database_url, monkeypatch):
    monkeypatch.setattr("cloudmetrics.analytics.rollups.erasure.store.AT_ONCE", 7)
    await send_events(client, *random_events(random.Random(1), website_id, 200))
    assert (await erase(client, website_id, "v1"))["events"] > 20
    assert differences(database_url, home.workspace.id) == {}


@pytest.mark.requirement("PL-5")
async def test_nobody_erases_or_exports_elsewhere(client, website_id, make_home):
    await send_events(client, make_event(website_id))
    other = await make_home()
    other_client = other.open(await other.make_key())
    for asker, site in ((other_client, website_id), (client, str(uuid4()))):
        assert code_of(await asker.delete(url_of(site, "anna"))) == (404, "NOT_FOUND")
        assert code_of(await asker.get(url_of(site, "anna") + "/export")) == (404, "NOT_FOUND")
    assert (await data_of(client, url_of(website_id, "anna")))["events"] == 1


@pytest.mark.requirement("CM-5")
async def test_reading_visitors_is_not_erasing_them(home, client, website_id):
    await send_events(client, make_event(website_id))
    reader = home.open(await home.make_key(["visitors:read"]))
    assert code_of(await reader.delete(url_of(website_id, "anna"))) == (403, "INSUFFICIENT_SCOPE")
    assert (await reader.get(url_of(website_id, "anna") + "/export")).status_code == 200
    assert (await reader.get(url_of(website_id, "anna") + "/events")).status_code == 200


async def test_an_export_has_all_that_is_stored(client, website_id, monkeypatch):
    monkeypatch.setattr("cloudmetrics.analytics.visitors.export.AT_ONCE", 3)
    sent = [
        make_event(website_id, **at(40 * number), source="google", properties={"n": number})
        for number in range(10)
    ]
    await send_events(client, *sent, make_event(website_id, visitor_id="bert"))
    response = await client.get(url_of(website_id, "anna") + "/export")
    assert response.headers["content-type"] == "application/x-ndjson"
    lines = [orjson.loads(line) for line in response.content.splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds == ["VISITOR", "DAY", *["VISIT"] * 10, *["EVENT"] * 10, "END"]
    assert lines[-1] == {"kind": "END", "days": 1, "visits": 10, "events": 10}
    assert lines[1]["source"] == "google"
    assert [line["properties"]["n"] for line in lines if line["kind"] == "EVENT"] == [*range(9, -1, -1)]


async def test_an_export_of_nobody_is_not_found(client, website_id):
    for path in ("/export", "/events"):
        assert code_of(await client.get(url_of(website_id, "anna") + path)) == (404, "NOT_FOUND")


async def test_a_visitors_events_are_followed_page_by_page(client, website_id):
    sent = [make_event(website_id, **at(minute), id=f"e{minute:03}") for minute in range(0, 200, 10)]
    others = [make_event(website_id, **at(minute), visitor_id="bert") for minute in range(0, 200, 10)]
    await send_events(client, *sent, *others)
    url, found = url_of(website_id, "anna") + "/events", []
    response = await client.get(url, params={"limit": 7})
    while True:
        found += [event["id"] for event in response.json()["data"]]
        if "next" not in response.links:
            break
        response = await client.get(response.links["next"]["url"])
    assert found == [event["id"] for event in sent[::-1]]
