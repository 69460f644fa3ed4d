"""Websites over HTTP."""

import asyncio
from uuid import UUID, uuid4

import pytest

from tests.integration.conftest import make_event, make_website, send_events

SHOP = {"name": "Shop", "domain": "shop.example.com", "timezone": "Europe/Berlin", "currency": "EUR"}

pytestmark = pytest.mark.requirement("CM-1", "DF-2")


async def put(client, website_id: str, **fields):
    return await client.put(f"/v1/websites/{website_id}", json=SHOP | fields)


def code_of(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


async def test_a_created_website_is_where_its_location_says(client):
    created = await client.post("/v1/websites", json=SHOP)
    assert created.status_code == 201
    website = created.json()["data"]
    assert {key: website[key] for key in SHOP} == SHOP
    assert UUID(website["id"]).version == 7
    assert created.headers["location"] == f"/v1/websites/{website['id']}"
    assert (await client.get(created.headers["location"])).json()["data"] == website


async def test_under_api_the_location_is_under_api_too(client):
    created = await client.post("/api/v1/websites", json=SHOP)
    assert created.headers["location"].startswith("/api/v1/websites/")
    assert (await client.get(created.headers["location"])).status_code == 200


async def test_what_is_left_out_is_utc_and_the_currency_of_the_workspace(make_home):
    home = await make_home(currency="CHF")
    client = home.open(await home.make_key())
    created = await client.post("/v1/websites", json={"name": "Blog", "domain": "Blog.Example.COM"})
    website = created.json()["data"]
    assert (website["timezone"], website["currency"], website["domain"]) == ("UTC", "CHF", "blog.example.com")


async def test_a_taken_domain_is_a_conflict(client):
    await client.post("/v1/websites", json=SHOP)
    again = await client.post("/v1/websites", json=SHOP | {"domain": "SHOP.example.com"})
    assert code_of(again) == (409, "DOMAIN_TAKEN")


async def test_of_several_at_once_one_gets_the_domain(client):
    responses = await asyncio.gather(*(client.post("/v1/websites", json=SHOP) for _ in range(8)))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 7


async def test_another_workspace_may_have_the_same_domain(client, make_home):
    other = await make_home()
    await client.post("/v1/websites", json=SHOP)
    assert (await other.open(await other.make_key()).post("/v1/websites", json=SHOP)).status_code == 201


@pytest.mark.parametrize(
    "timezone", ["Mars/Olympus", "europe/berlin", "UTC+3", "EST5EDT4", "localtime", "../etc"]
)
async def test_an_unknown_time_zone_is_a_violation(client, timezone):
    response = await client.post("/v1/websites", json=SHOP | {"timezone": timezone})
    assert code_of(response) == (400, "INVALID_REQUEST")
    (violation,) = response.json()["errors"]
    assert (violation["pointer"], violation["code"]) == ("/timezone", "UNKNOWN_TIMEZONE")


@pytest.mark.requirement("PL-12")
@pytest.mark.parametrize(
    "body",
    [
        {},
        SHOP | {"plan": "PRO"},
        SHOP | {"name": ""},
        SHOP | {"name": " "},
        SHOP | {"name": "x" * 101},
        SHOP | {"domain": "not a host"},
        SHOP | {"domain": "https://example.com"},
        SHOP | {"currency": "eur"},
        SHOP | {"currency": None},
        [SHOP],
        "shop",
        None,
    ],
)
async def test_a_body_that_breaks_the_schema_creates_nothing(client, body):
    assert code_of(await client.post("/v1/websites", json=body)) == (400, "INVALID_REQUEST")
    assert (await client.get("/v1/websites")).json()["data"] == []


async def test_all_violations_come_at_once(client):
    response = await client.post("/v1/websites", json={"name": 5, "domain": "", "colour": "red"})
    assert {violation["pointer"] for violation in response.json()["errors"]} >= {
        "/name",
        "/domain",
        "/colour",
    }


async def test_an_update_replaces_all_fields(client):
    website_id = await make_website(client)
    response = await put(client, website_id, name="Neu", timezone="Asia/Tokyo")
    assert response.status_code == 200
    website = response.json()["data"]
    assert (website["name"], website["timezone"], website["currency"]) == ("Neu", "Asia/Tokyo", "EUR")
    assert website["updated_at"] > website["created_at"]
    assert (await client.get(f"/v1/websites/{website_id}")).json()["data"] == website
    assert code_of(await client.put(f"/v1/websites/{website_id}", json={"name": "x"})) == (
        400,
        "INVALID_REQUEST",
    )


async def test_an_update_may_keep_its_own_domain_but_take_no_other(client):
    await make_website(client, domain="taken.example.com")
    website_id = await make_website(client, domain="mine.example.com")
    assert (await put(client, website_id, domain="mine.example.com")).status_code == 200
    assert code_of(await put(client, website_id, domain="taken.example.com")) == (409, "DOMAIN_TAKEN")


async def test_the_currency_is_fixed_by_the_first_revenue(client):
    website_id = await make_website(client, currency="USD")
    await send_events(client, make_event(website_id))
    assert (await put(client, website_id, currency="EUR")).status_code == 200
    await send_events(client, make_event(website_id, revenue={"amount_minor": 0, "currency": "EUR"}))
    assert (await put(client, website_id, currency="EUR", name="Still fine")).status_code == 200
    assert code_of(await put(client, website_id, currency="USD")) == (409, "CURRENCY_IN_USE")


async def test_a_currency_that_changes_while_revenue_comes_in_never_mixes(client):
    """Whichever comes first wins; the other is told so."""
    for _ in range(10):
        website_id = await make_website(client, currency="USD")
        event = make_event(website_id, revenue={"amount_minor": 5, "currency": "USD"})
        changed, sent = await asyncio.gather(
            put(client, website_id, domain=f"{uuid4().hex}.example", currency="EUR"),
            send_events(client, event),
        )
        assert (changed.status_code, sent["accepted"]) in [(200, 0), (409, 1)]


async def test_a_deleted_website_is_gone_at_once(client):
    website_id = await make_website(client, domain="old.example.com")
    await send_events(client, make_event(website_id))
    response = await client.delete(f"/v1/websites/{website_id}")
    assert (response.status_code, response.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert code_of(await client.request(method, f"/v1/websites/{website_id}")) == (404, "NOT_FOUND")
    assert code_of(await put(client, website_id)) == (404, "NOT_FOUND")
    assert (await client.get("/v1/websites")).json()["data"] == []
    assert (await client.get("/v1/metrics?start_date=2026-11-01&end_date=2026-11-30")).json()["data"][
        "events"
    ] == 0
    assert code_of(await client.get(f"/v1/metrics?website_id={website_id}")) == (404, "NOT_FOUND")
    receipts = await send_events(client, make_event(website_id))
    assert receipts["receipts"][0]["code"] == "UNKNOWN_WEBSITE"
    assert await make_website(client, domain="old.example.com") != website_id


@pytest.mark.requirement("PL-5")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_the_id_of_another_tenant_looks_like_no_id_at_all(client, make_home, method):
    other = await make_home()
    other_client = other.open(await other.make_key())
    foreign = await make_website(other_client)
    body = {"json": SHOP} if method == "PUT" else {}
    answers = []
    for website_id in (foreign, str(uuid4())):
        response = await client.request(method, f"/v1/websites/{website_id}", **body)
        assert code_of(response) == (404, "NOT_FOUND")
        problem = response.json()
        answers.append({key: problem[key] for key in ("type", "title", "detail", "code", "status")})
    assert answers[0] == answers[1]
    assert (await other_client.get(f"/v1/websites/{foreign}")).json()["data"]["name"] == "Shop"


@pytest.mark.requirement("CM-7", "DF-8", "DF-11")
async def test_a_list_is_followed_page_by_page(client):
    ids = [await make_website(client) for _ in range(5)]
    first = await client.get("/v1/websites?limit=2")
    page = first.json()
    assert [website["id"] for website in page["data"]] == ids[:2]
    assert page["pagination"]["has_more"] is True
    assert set(first.links) == {"next", "first"}
    # Rows that come and go in between shift nothing.
    await client.delete(f"/v1/websites/{ids[0]}")
    await client.delete(f"/v1/websites/{ids[3]}")
    late = await make_website(client)
    second = (await client.get(first.links["next"]["url"])).json()
    assert [website["id"] for website in second["data"]] == [ids[2], ids[4]]
    third = await client.get(
        "/v1/websites", params={"limit": 2, "cursor": second["pagination"]["next_cursor"]}
    )
    assert [website["id"] for website in third.json()["data"]] == [late]
    assert third.json()["pagination"] == {"next_cursor": None, "has_more": False}
    assert set(third.links) == {"first"}
    again = await client.get(third.links["first"]["url"])
    assert [website["id"] for website in again.json()["data"]] == [ids[1], ids[2]]


async def test_a_page_that_ends_exactly_at_the_end_is_the_last(client):
    for _ in range(2):
        await make_website(client)
    assert (await client.get("/v1/websites?limit=2")).json()["pagination"]["has_more"] is False


async def test_a_cursor_of_another_tenant_or_a_broken_one_is_refused(client, make_home):
    other = await make_home()
    other_client = other.open(await other.make_key())
    for _ in range(2):
        await make_website(other_client)
    foreign = (await other_client.get("/v1/websites?limit=1")).json()["pagination"]["next_cursor"]
    for cursor in (foreign, foreign[:-4], "x", "ä", "a" * 512):
        assert code_of(await client.get("/v1/websites", params={"cursor": cursor})) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=1.5", "limit=", "cursor="])
async def test_a_limit_out_of_bounds_is_a_violation(client, query):
    assert code_of(await client.get(f"/v1/websites?{query}")) == (400, "INVALID_REQUEST")


async def test_an_id_that_is_none_is_a_violation(client):
    response = await client.get("/v1/websites/1")
    assert code_of(response) == (400, "INVALID_REQUEST")
    assert response.json()["errors"][0]["parameter"] == "website_id"
