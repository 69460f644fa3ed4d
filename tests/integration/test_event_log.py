"""Stored events over HTTP: listed page by page, and one by one."""

import asyncio
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.integration.conftest import make_event, make_website, send_events

pytestmark = pytest.mark.requirement("CM-9")


async def listed(client, **question) -> list[str]:
    response = await client.get("/v1/events", params=question)
    assert response.status_code == 200, response.text
    return [event["id"] for event in response.json()["data"]]


async def all_pages(client, **question) -> list[str]:
    ids, cursor = [], {}
    while True:
        response = await client.get("/v1/events", params=question | cursor)
        assert response.status_code == 200, response.text
        body = response.json()
        ids += [event["id"] for event in body["data"]]
        if not body["pagination"]["has_more"]:
            return ids
        cursor = {"cursor": body["pagination"]["next_cursor"]}


def code_of(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def violation_of(response) -> tuple[str, str]:
    assert code_of(response) == (400, "INVALID_REQUEST")
    (violation,) = response.json()["errors"]
    return violation["parameter"], violation["code"]


def at(minute: int) -> str:
    return f"2026-11-03T10:{minute:02}:00Z"


async def test_an_event_comes_back_as_it_was_sent_with_when_it_was_received(client, website_id):
    event = make_event(
        website_id,
        id="e-1",
        name="purchase",
        timestamp="2026-11-03T12:00:00.5+02:00",
        url="https://shop.example/ä?q=1",
        referrer="",
        source="google",
        medium="cpc",
        campaign="autumn",
        device="mobile",
        browser="Firefox",
        system="Android",
        country="DE",
        revenue={"amount_minor": -4990, "currency": "USD"},
        properties={"plan": "pro", "seats": 5, "share": 0.25, "trial": False, "none": None},
    )
    await send_events(client, event)
    found = (await client.get("/v1/events/e-1")).json()
    received_at = found["data"].pop("received_at")
    assert received_at.endswith("Z")
    expected = event | {"timestamp": "2026-11-03T10:00:00.500000Z", "page": "/ä"}
    assert found == {"data": expected, "meta": {}}
    (in_list,) = (await client.get("/v1/events")).json()["data"]
    assert in_list == found["data"] | {"received_at": received_at}


async def test_what_was_not_sent_is_null(client, website_id):
    await send_events(client, make_event(website_id, id="bare"))
    data = (await client.get("/v1/events/bare")).json()["data"]
    optional = ("url", "referrer", "source", "device", "country", "revenue", "properties")
    assert [data[name] for name in optional] == [None] * 7


async def test_without_events_the_list_is_empty(client, website_id):
    response = await client.get("/v1/events", params={"website_id": website_id})
    assert response.json() == {"data": [], "pagination": {"next_cursor": None, "has_more": False}}


async def test_the_newest_comes_first_and_ids_break_ties(client, website_id):
    other = await make_website(client)
    await send_events(
        client,
        make_event(website_id, id="b", timestamp=at(5)),
        make_event(other, id="c", timestamp=at(5)),
        make_event(website_id, id="a", timestamp=at(5)),
        make_event(other, id="old", timestamp="0001-01-01T00:00:00Z"),
        make_event(website_id, id="new", timestamp=at(6)),
    )
    newest_first = ["new", "c", "b", "a", "old"]
    assert await listed(client) == newest_first
    for limit in (1, 2, 4, 5):
        assert await all_pages(client, limit=limit) == newest_first


async def test_each_filter_narrows_the_list(client, website_id):
    other = await make_website(client)
    await send_events(
        client,
        make_event(website_id, id="1", timestamp=at(1), name="signup"),
        make_event(website_id, id="2", timestamp=at(2), visitor_id="bert"),
        make_event(other, id="3", timestamp=at(3), name="signup", visitor_id="bert"),
    )
    assert await listed(client, website_id=website_id) == ["2", "1"]
    assert await listed(client, name="signup") == ["3", "1"]
    assert await listed(client, visitor_id="bert") == ["3", "2"]
    assert await listed(client, visitor_id="bert", name="signup", website_id=other) == ["3"]
    assert await listed(client, visitor_id="Bert") == []
    assert await listed(client, **{"from": at(2)}) == ["3", "2"]
    assert await listed(client, to=at(2)) == ["1"]
    assert await listed(client, **{"from": "2026-11-03T12:02:00+02:00", "to": at(3)}) == ["2"]


@pytest.mark.requirement("CM-7", "DF-8", "DF-11")
async def test_pages_are_stable_while_events_arrive_and_the_link_keeps_the_filters(client, website_id):
    def batch(prefix: str, minutes: range) -> list[dict]:
        return [make_event(website_id, id=f"{prefix}{m}", timestamp=at(m), name="a b&c") for m in minutes]

    await send_events(client, *batch("e", range(20, 30)), make_event(website_id, timestamp=at(25)))
    response = await client.get("/v1/events", params={"limit": 4, "name": "a b&c"})
    seen = [event["id"] for event in response.json()["data"]]
    # What arrives above the page is not seen any more; what arrives below it is.
    await send_events(client, *batch("newer", range(27, 59)), *batch("older", range(3)))
    while "next" in response.links:
        response = await client.get(response.links["next"]["url"])
        assert response.status_code == 200, response.text
        seen += [event["id"] for event in response.json()["data"]]
    assert seen == [f"e{m}" for m in range(29, 19, -1)] + ["older2", "older1", "older0"]


async def test_a_thousand_long_events_fit_a_page(client, website_id):
    long = {"url": "ü" * 2048, "properties": {str(number): "🙂" * 10 for number in range(50)}}
    ids = ["🙂" * 120 + f"{number:08}" for number in range(1001)]
    for start in range(0, 1001, 200):
        batch = [make_event(website_id, id=event_id, **long) for event_id in ids[start : start + 200]]
        await send_events(client, *batch)
    assert await all_pages(client, limit=1000) == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "name=", "from=2026-11-03", "website_id=1", "x=1"]
)
async def test_a_parameter_that_does_not_fit_is_a_violation(client, query):
    assert code_of(await client.get(f"/v1/events?{query}")) == (400, "INVALID_REQUEST")


async def test_a_period_ends_after_it_starts_and_in_years_that_exist(client):
    for end in (at(1), at(0)):
        response = await client.get("/v1/events", params={"from": at(1), "to": end})
        assert violation_of(response) == ("to", "RANGE_INVERTED")
    response = await client.get("/v1/events", params={"from": "0000-01-01T00:00:00Z"})
    assert violation_of(response) == ("from", "DATE_OUT_OF_RANGE")


async def test_a_cursor_belongs_to_its_filters_and_its_tenant(client, website_id, make_home):
    await send_events(client, *(make_event(website_id) for _ in range(3)))
    question = {"website_id": website_id, "limit": 1}
    cursor = (await client.get("/v1/events", params=question)).json()["pagination"]["next_cursor"]
    assert len(await listed(client, **question | {"cursor": cursor, "limit": 2})) == 2
    assert code_of(await client.get("/v1/events", params={"cursor": cursor})) == (400, "INVALID_CURSOR")
    other = await make_home()
    other_client = other.open(await other.make_key())
    for stray in (cursor, cursor[:-3], "x" * 1024):
        response = await other_client.get("/v1/events", params={"cursor": stray})
        assert code_of(response) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize(
    "event_id",
    ["a/b/../c", "/", "?x=1#y", "ä 🙂", "%2F", "100%", "a+b", "'; DROP TABLE events; -- %s %(x)s", "e" * 128],
)
async def test_any_id_is_found_by_its_encoded_path(client, website_id, event_id):
    await send_events(client, make_event(website_id, id=event_id, visitor_id=event_id))
    response = await client.get(f"/v1/events/{quote(event_id, safe='')}")
    assert response.json()["data"]["id"] == event_id
    assert await listed(client, visitor_id=event_id) == [event_id]


@pytest.mark.parametrize("path", ["%00", "%ff", "e" * 129])
async def test_an_id_that_cannot_be_one_is_a_violation(client, path):
    assert violation_of(await client.get(f"/v1/events/{path}"))[0] == "event_id"


@pytest.mark.requirement("PL-5")
async def test_another_tenant_sees_nothing_of_it(client, website_id, make_home):
    await send_events(client, make_event(website_id, id="mine"))
    other = await make_home()
    other_client = other.open(await other.make_key())
    assert await listed(other_client) == []
    assert code_of(await other_client.get("/v1/events/mine")) == (404, "NOT_FOUND")
    for unknown in (website_id, str(uuid4())):
        response = await other_client.get("/v1/events", params={"website_id": unknown})
        assert code_of(response) == (404, "NOT_FOUND")


async def test_a_deleted_website_takes_its_events_along(client, website_id):
    await send_events(client, make_event(website_id, id="gone"))
    await client.delete(f"/v1/websites/{website_id}")
    assert await listed(client) == []
    assert code_of(await client.get("/v1/events/gone")) == (404, "NOT_FOUND")


async def test_a_rejected_event_is_not_found_until_it_is_accepted(client, website_id):
    await send_events(client, make_event(str(uuid4()), id="again"))
    assert code_of(await client.get("/v1/events/again")) == (404, "NOT_FOUND")
    await send_events(client, make_event(website_id, id="again"))
    assert (await client.get("/v1/events/again")).status_code == 200


@pytest.mark.requirement("CM-5")
async def test_events_are_read_with_the_scope_for_it(home, website_id):
    granted = home.open(await home.make_key(["events:read"]))
    others = home.open(await home.make_key(["events:write", "metrics:read", "websites:full"]))
    paths = ("/v1/events", "/v1/events/e")
    assert [(await granted.get(path)).status_code for path in paths] == [200, 404]
    refused = await asyncio.gather(*(others.get(path) for path in paths))
    assert [code_of(response) for response in refused] == [(403, "INSUFFICIENT_SCOPE")] * 2
