"""What an event leaves unsaid is stored and counted as its URL, referrer and user agent say it."""

import gzip

import orjson
import pytest

from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.recounting import differences

PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
    " Mobile Safari/537.36"
)
TOLD = ("source", "medium", "campaign", "device", "browser", "system")


async def told(client, event_id: str) -> tuple:
    event = (await client.get(f"/v1/events/{event_id}")).json()["data"]
    return tuple(event[name] for name in TOLD)


async def test_what_is_not_given_is_read(client, website_id):
    event = make_event(
        website_id,
        id="e",
        url="https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=autumn",
        referrer="https://www.google.com/",
        user_agent=PHONE,
    )
    await send_events(client, event)
    assert await told(client, "e") == ("news", "email", "autumn", "mobile", "Chrome Mobile", "Android")
    data = (await client.get("/v1/metrics", params={"source": "news", "device": "mobile"} | DAY)).json()
    assert data["data"]["visitors"] == 1


DAY = {"start_date": "2026-11-03", "end_date": "2026-11-03"}


async def test_what_is_given_stands(client, website_id):
    given = dict(zip(TOLD, ("a", "b", "c", "d", "e", "f"), strict=True))
    url = "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=autumn"
    event = make_event(website_id, id="e", url=url, user_agent=PHONE, referrer="https://x.example/", **given)
    await send_events(client, event)
    assert await told(client, "e") == tuple("abcdef")


@pytest.mark.parametrize(
    ("referrer", "source"),
    [
        ("https://www.google.com/search", "google.com"),
        ("https://shop.example.com/cart", None),
        ("https://www.shop.example.com/", None),
        ("https://help.shop.example.com/", None),
        ("https://workshop.example.com/", "workshop.example.com"),
    ],
)
async def test_a_page_of_the_website_is_no_source(client, referrer, source):
    website_id = await make_website(client, domain="shop.example.com")
    await send_events(client, make_event(website_id, id="e", referrer=referrer))
    assert (await told(client, "e"))[0] == source


async def test_the_requests_own_user_agent_is_read_where_a_browser_sends_it(client, website_id):
    for event_id, header in (("browser", PHONE), ("program", "my-server/1.0 (Linux)")):
        body = {"events": [make_event(website_id, id=event_id)]}
        response = await client.post("/v1/events", json=body, headers={"User-Agent": header})
        assert response.status_code == 200
    assert (await told(client, "browser"))[3:] == ("mobile", "Chrome Mobile", "Android")
    assert (await told(client, "program"))[3:] == (None, None, None)


async def test_the_user_agent_itself_is_nowhere_in_the_database(client, website_id, home):
    await send_events(client, make_event(website_id, user_agent=PHONE + " needle-1"))
    rows = await home.caller.tenant.read("SELECT events::text AS row FROM events")
    assert "needle-1" not in rows[0]["row"]


async def test_the_longest_values_of_the_widest_characters_fit_into_all_rollups(
    client, website_id, home, database_url
):
    """In an index, a row must not take more than a third of a page."""
    # Every character is another one, so that nothing is compressed.
    wide = "".join(chr(0x20000 + number * 37 % 20_000) for number in range(200))
    event = make_event(
        website_id,
        visitor_id=wide[:128],
        name=wide[:100],
        url="/" + wide,
        source=wide,
        medium=wide[:50],
        campaign=wide[:100],
        device=wide[:50],
        browser=wide[:50],
        system=wide[:50],
        country="DE",
    )
    await send_events(client, event, make_event(website_id, visitor_id=wide[:128]))
    assert differences(database_url, home.workspace.id) == {}


async def test_a_batch_may_come_packed(client, website_id):
    body = gzip.compress(orjson.dumps({"events": [make_event(website_id) for _ in range(50)]}))
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await client.post("/v1/events", content=body, headers=headers)
    assert response.json()["data"]["accepted"] == 50
