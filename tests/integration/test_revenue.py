"""Revenue over HTTP: where the money came from."""

from uuid import uuid4

import pytest

from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.test_goals import code_of
from tests.integration.test_visitors import earning

pytestmark = pytest.mark.requirement("DF-2")

DAYS = {"start_date": "2026-11-01", "end_date": "2026-11-30"}


async def ask(client, website_id: str, dimension: str, **question) -> list[tuple]:
    """Value, sales, cents, visitors and cents per visitor of each row."""
    response = await client.get(
        "/v1/revenue", params=DAYS | {"website_id": website_id, "dimension": dimension} | question
    )
    assert response.status_code == 200, response.text
    names = ("revenue", "revenue_per_visitor")
    return [
        (
            row["value"],
            row["sales"],
            row["visitors"],
            *(row[name] and row[name]["amount_minor"] for name in names),
        )
        for row in response.json()["data"]
    ]


async def fill(client, website_id: str) -> None:
    await send_events(
        client,
        make_event(website_id, source="google", url="/shoes"),
        make_event(
            website_id, timestamp="2026-11-03T11:00:00Z", name="purchase", url="/pay", **earning(1000)
        ),
        make_event(website_id, timestamp="2026-11-04T11:00:00Z", name="refund", url="/pay", **earning(-300)),
        make_event(website_id, visitor_id="bert", source="google", url="/shoes"),
        make_event(website_id, visitor_id="carl", url="/pay"),
        make_event(website_id, visitor_id="dora", timestamp="2026-10-03T10:00:00Z", **earning(99)),
    )


async def test_a_days_revenue_belongs_to_its_first_touch(client, website_id):
    await fill(client, website_id)
    # Anna's refund came on a day without a source, so she is a visitor of both.
    assert await ask(client, website_id, "source") == [("google", 1, 2, 1000, 500), (None, 1, 2, -300, -150)]


async def test_by_page_and_by_goal(client, website_id):
    await fill(client, website_id)
    assert await ask(client, website_id, "page") == [("/pay", 2, 1, 700, 700), ("/shoes", 0, 2, 0, 0)]
    for name, condition in (
        ("Any purchase", {"kind": "EVENT", "event_name": "purchase"}),
        (
            "Large purchase",
            {
                "kind": "EVENT",
                "event_name": "purchase",
                "minimum_revenue": {"amount_minor": 2000, "currency": "USD"},
            },
        ),
        ("Shoes", {"kind": "PAGE", "path_pattern": "/sh*"}),
    ):
        body = {"website_id": website_id, "name": name, "condition": condition}
        assert (await client.post("/v1/goals", json=body)).status_code == 201
    assert await ask(client, website_id, "goal") == [
        ("Any purchase", 1, 1, 1000, 1000),
        ("Large purchase", 0, 0, 0, None),
        ("Shoes", 0, 2, 0, 0),
    ]


async def test_without_dimension_it_is_by_source_and_the_question_comes_back(client, website_id):
    response = await client.get("/v1/revenue", params=DAYS | {"website_id": website_id})
    assert response.json() == {
        "data": [],
        "pagination": {"next_cursor": None, "has_more": False},
        "meta": DAYS | {"website_id": website_id, "dimension": "source"},
    }


async def test_pages_are_followed_over_values_that_are_level(client, website_id):
    await send_events(
        client, *(make_event(website_id, visitor_id=one, source=one, **earning(5)) for one in "gfedcba")
    )
    question = DAYS | {"website_id": website_id, "limit": 3}
    response = await client.get("/v1/revenue", params=question)
    found = [row["value"] for row in response.json()["data"]]
    while "next" in response.links:
        response = await client.get(response.links["next"]["url"])
        found += [row["value"] for row in response.json()["data"]]
    assert found == list("abcdefg")
    cursor = (await client.get("/v1/revenue", params=question)).json()["pagination"]["next_cursor"]
    for stray in ({"dimension": "medium"}, {"start_date": "2026-11-02"}):
        response = await client.get("/v1/revenue", params=question | stray | {"cursor": cursor})
        assert code_of(response) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize(
    "question",
    [{"dimension": "shoe_size"}, {"limit": 101}, {"end_date": "2026-10-31"}, {"website_id": "x"}, {"x": "y"}],
)
async def test_what_makes_no_sense_is_a_violation(client, website_id, question):
    response = await client.get("/v1/revenue", params=DAYS | {"website_id": website_id} | question)
    assert code_of(response) == (400, "INVALID_REQUEST")
    assert response.json()["errors"][0]["parameter"] in question


@pytest.mark.requirement("PL-5", "CM-5")
async def test_it_is_told_only_to_those_who_may_know(home, client, website_id, make_home):
    other = await make_home()
    asked = DAYS | {"website_id": website_id}
    stranger = other.open(await other.make_key())
    assert code_of(await stranger.get("/v1/revenue", params=asked)) == (404, "NOT_FOUND")
    unknown = asked | {"website_id": str(uuid4())}
    assert code_of(await client.get("/v1/revenue", params=unknown)) == (404, "NOT_FOUND")
    narrow = home.open(await home.make_key(["goals:full", "events:read"]))
    assert code_of(await narrow.get("/v1/revenue", params=asked)) == (403, "INSUFFICIENT_SCOPE")


async def test_another_websites_revenue_is_not_in_it(client, website_id):
    other = await make_website(client)
    await send_events(client, make_event(other, source="google", **earning(5)))
    assert await ask(client, website_id, "source") == []
