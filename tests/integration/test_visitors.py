"""Visitors over HTTP: who came, what they did, and in which visits."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import quote
from uuid import uuid4

import pytest

from cloudmetrics.platform.clock import iso
from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.test_goals import code_of

pytestmark = pytest.mark.requirement("DF-2")

TEN = datetime(2026, 11, 3, 10, tzinfo=UTC)


def at(minute: float) -> dict:
    return {"timestamp": iso(TEN + timedelta(minutes=minute))}


def earning(amount_minor: int) -> dict:
    return {"revenue": {"amount_minor": amount_minor, "currency": "USD"}}


def url_of(website_id: str, visitor_id: str | None = None) -> str:
    url = f"/v1/websites/{website_id}/visitors"
    return url if visitor_id is None else f"{url}/{quote(visitor_id, safe='')}"


async def data_of(client, url: str, **question):
    response = await client.get(url, params=question)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def followed(client, url: str, **question) -> list[dict]:
    """Everything in a list, page by page along its links."""
    response = await client.get(url, params=question)
    found = response.json()["data"]
    while "next" in response.links:
        response = await client.get(response.links["next"]["url"])
        assert response.status_code == 200, response.text
        found += response.json()["data"]
    return found


async def test_a_visitor_sums_up_what_they_did_on_this_website(client, website_id):
    other = await make_website(client)
    await send_events(
        client,
        make_event(website_id, **at(60 * 24), name="purchase", **earning(500)),
        make_event(website_id, **at(0)),
        make_event(website_id, **at(1), name="refund", **earning(-200)),
        make_event(other, **at(-99)),
        make_event(website_id, **at(5), visitor_id="bert"),
    )
    anna = {
        "id": "anna",
        "first_seen_at": "2026-11-03T10:00:00Z",
        "last_seen_at": "2026-11-04T10:00:00Z",
        "visits": 2,
        "pageviews": 1,
        "events": 3,
        "revenue": {"amount_minor": 300, "currency": "USD"},
    }
    answer = await client.get(url_of(website_id, "anna"))
    assert answer.json() == {"data": anna, "meta": {}}
    listed = await data_of(client, url_of(website_id))
    assert [visitor["id"] for visitor in listed] == ["anna", "bert"]
    assert listed[0] == anna
    assert listed[1]["revenue"] == {"amount_minor": 0, "currency": "USD"}


async def test_without_visitors_the_list_is_empty(client, website_id):
    response = await client.get(url_of(website_id))
    assert response.json() == {"data": [], "pagination": {"next_cursor": None, "has_more": False}}


async def test_a_filter_wants_one_day_that_fits_in_everything(client, website_id):
    await send_events(
        client,
        make_event(website_id, **at(0), source="google", country="DE"),
        make_event(website_id, **at(60 * 24), source="news", name="purchase", **earning(500)),
        make_event(website_id, **at(0), visitor_id="bert", source="news", name="purchase", **earning(900)),
        make_event(website_id, **at(60 * 48), visitor_id="carl"),
    )

    async def found(**question) -> list[str]:
        return [visitor["id"] for visitor in await data_of(client, url_of(website_id), **question)]

    assert await found(source="google") == ["anna"]
    assert await found(source="news") == ["anna", "bert"]
    assert await found(source="google", event_name="purchase") == []
    assert await found(event_name="purchase", end_date="2026-11-03") == ["bert"]
    assert await found(event_name="pageview") == ["anna", "carl"]
    assert await found(start_date="2026-11-04", end_date="2026-11-04") == ["anna"]
    assert await found(minimum_revenue_minor=501) == ["bert"]
    # What is compared is all that somebody earned, on whatever day.
    assert await found(source="google", minimum_revenue_minor=500) == ["anna"]
    response = await client.get(
        url_of(website_id), params={"start_date": "2026-11-04", "end_date": "2026-11-03"}
    )
    assert response.json()["errors"][0]["parameter"] == "end_date"


@pytest.mark.requirement("CM-7", "DF-8", "DF-11")
async def test_a_list_of_visitors_is_stable_while_they_come(client, website_id):
    async def visit(*visitors: str) -> None:
        await send_events(client, *(make_event(website_id, visitor_id=one) for one in visitors))

    await visit("b", "d", "f", "h", "ä", "🙂")
    first = await client.get(url_of(website_id), params={"limit": 2})
    assert [visitor["id"] for visitor in first.json()["data"]] == ["b", "d"]
    await visit("a", "b", "c", "d", "e")
    rest = await client.get(first.links["next"]["url"])
    assert [visitor["id"] for visitor in rest.json()["data"]] == ["e", "f"]
    everybody = [visitor["id"] for visitor in await followed(client, url_of(website_id), limit=3)]
    assert everybody == ["a", "b", "c", "d", "e", "f", "h", "ä", "🙂"]


async def test_a_visit_ends_where_nothing_happens_for_more_than_30_minutes(client, website_id):
    google = {"source": "google", "device": "mobile", "country": "DE"}
    url = {"url": "https://shop.example/shoes?size=42"}
    pages = {"entry_url": url["url"], "entry_page": "/shoes", "exit_page": "/cart"}
    await send_events(
        client,
        make_event(website_id, **at(30), name="purchase", **earning(500)),
        make_event(website_id, **at(0), **google, **url),
        make_event(website_id, **at(60), source="newsletter", url="https://shop.example/cart"),
        make_event(website_id, **at(90.0001), name="signup"),
        make_event(website_id, **at(61), visitor_id="bert"),
    )

    def visit(start: str, end: str, seconds: float, pageviews: int, events: int, cents: int, **entry) -> dict:
        return {
            "started_at": f"2026-11-03T{start}Z",
            "ended_at": f"2026-11-03T{end}Z",
            "seconds": seconds,
            "pageviews": pageviews,
            "events": events,
            "revenue": {"amount_minor": cents, "currency": "USD"},
            **dict.fromkeys(("source", "medium", "campaign", "device", "browser", "system", "country")),
            **dict.fromkeys(("entry_url", "entry_page", "exit_page")),
            **entry,
        }

    assert await data_of(client, url_of(website_id, "anna") + "/visits") == [
        visit("11:30:00.006000", "11:30:00.006000", 0.0, 0, 1, 0),
        visit("10:00:00", "11:00:00", 3600.0, 2, 3, 500, **google, **pages),
    ]


async def test_a_late_event_makes_one_visit_of_two(client, website_id):
    url = url_of(website_id, "anna") + "/visits"
    await send_events(client, make_event(website_id, **at(0)), make_event(website_id, **at(50)))
    assert len(await data_of(client, url)) == 2
    await send_events(client, make_event(website_id, **at(25)))
    assert [visit["events"] for visit in await data_of(client, url)] == [3]


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("seed", range(3))
async def test_all_visits_equal_a_recount_page_by_page(client, website_id, seed):
    dice = random.Random(seed)
    minutes = sorted(dice.randrange(4000) for _ in range(150))
    shuffled = dice.sample(minutes, k=len(minutes))
    await send_events(client, *(make_event(website_id, **at(minute - 9000)) for minute in shuffled))
    visits = [[minutes[0]]]
    for before, minute in pairwise(minutes):
        if minute - before <= 30:
            visits[-1].append(minute)
        else:
            visits.append([minute])
    expected = [
        (at(visit[0] - 9000)["timestamp"], (visit[-1] - visit[0]) * 60, len(visit)) for visit in visits[::-1]
    ]
    for limit in (1, 7, 1000):
        found = await followed(client, url_of(website_id, "anna") + "/visits", limit=limit)
        assert [(visit["started_at"], visit["seconds"], visit["events"]) for visit in found] == expected


@pytest.mark.parametrize(
    "visitor_id",
    [
        "a/b/../c",
        "?x#y",
        "ä 🙂",
        "%2F",
        "a\r\nx: y",
        '>; rel="next", <',
        "'; DROP TABLE events; -- %s",
        "🙂" * 128,
    ],
)
async def test_any_id_is_found_by_its_encoded_path_and_its_lists_followed(client, website_id, visitor_id):
    events = [make_event(website_id, visitor_id=visitor_id, **at(minute)) for minute in (0, 60, 120)]
    await send_events(client, *events, make_event(website_id))
    assert (await data_of(client, url_of(website_id, visitor_id)))["id"] == visitor_id
    visits = await followed(client, url_of(website_id, visitor_id) + "/visits", limit=1)
    assert [visit["events"] for visit in visits] == [1, 1, 1]
    assert visitor_id in [visitor["id"] for visitor in await followed(client, url_of(website_id), limit=1)]


@pytest.mark.requirement("PL-5")
async def test_somebody_elses_visitors_look_like_none_at_all(client, website_id, make_home):
    await send_events(client, make_event(website_id))
    elsewhere = await make_website(client)
    other = await make_home()
    other_client = other.open(await other.make_key())
    asked = [(other_client, website_id), (client, str(uuid4()))]
    for asker, unknown in asked:
        assert code_of(await asker.get(url_of(unknown))) == (404, "NOT_FOUND")
    for asker, unknown in [*asked, (client, elsewhere)]:
        for path in (url_of(unknown, "anna"), url_of(unknown, "anna") + "/visits"):
            assert code_of(await asker.get(path)) == (404, "NOT_FOUND")
    await client.delete(f"/v1/websites/{website_id}")
    assert code_of(await client.get(url_of(website_id, "anna"))) == (404, "NOT_FOUND")


async def test_a_cursor_belongs_to_its_list(client, website_id):
    other = await make_website(client)
    await send_events(
        client,
        *(make_event(website_id, **at(minute), visitor_id=who) for minute in (0, 99) for who in ("a", "b")),
    )
    visitors, visits = url_of(website_id), url_of(website_id, "a") + "/visits"
    for url, strays in (
        (visitors, [visits, url_of(other)]),
        (visits, [visitors, url_of(website_id, "b") + "/visits"]),
    ):
        cursor = (await client.get(url, params={"limit": 1})).json()["pagination"]["next_cursor"]
        assert len(await data_of(client, url, cursor=cursor)) == 1
        for stray in strays:
            response = await client.get(stray, params={"cursor": cursor})
            assert code_of(response) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize(
    "path", ["shop/visitors", "{}/visitors?limit=1001", "{}/visitors/%00", "{}/visitors/x?y=1"]
)
async def test_what_does_not_fit_is_a_violation(client, website_id, path):
    response = await client.get(f"/v1/websites/{path.format(website_id)}")
    assert code_of(response) == (400, "INVALID_REQUEST")


@pytest.mark.requirement("CM-5")
async def test_visitors_are_seen_with_the_scope_for_it(home, client, website_id):
    await send_events(client, make_event(website_id))
    granted = home.open(await home.make_key(["visitors:read"]))
    others = home.open(await home.make_key(["events:read", "metrics:read", "websites:full"]))
    for path in (url_of(website_id), url_of(website_id, "anna"), url_of(website_id, "anna") + "/visits"):
        assert (await granted.get(path)).status_code == 200
        assert code_of(await others.get(path)) == (403, "INSUFFICIENT_SCOPE")
