"""Who is there now, over HTTP."""

from datetime import datetime, timedelta

import pytest

from cloudmetrics.platform import clock
from tests.integration.conftest import make_event, make_website, send_events

pytestmark = pytest.mark.requirement("DF-13")

NOW = datetime.fromisoformat("2026-11-03T12:00:20.5+00:00")


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def ago(**time: float) -> str:
    return (NOW - timedelta(**time)).isoformat()


async def ask(client, **question) -> dict:
    response = await client.get("/v1/metrics/realtime", params=question)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def happened(data: dict) -> dict[str, tuple[int, int]]:
    minutes = data["minutes"]
    return {each["started_at"]: (each["visitors"], each["pageviews"]) for each in minutes if each["visitors"]}


async def test_nobody_is_thirty_empty_minutes(client, website_id):
    body = (await client.get("/v1/metrics/realtime", params={"website_id": website_id})).json()
    assert body["meta"] == {"website_id": website_id, "at": "2026-11-03T12:00:20.500000Z"}
    data = body["data"]
    assert (data["visitors"], data["pages"], data["sources"]) == (0, [], [])
    assert len(data["minutes"]) == 30
    assert data["minutes"][0] == {"started_at": "2026-11-03T11:31:00Z", "visitors": 0, "pageviews": 0}
    assert data["minutes"][-1]["started_at"] == "2026-11-03T12:00:00Z"


async def test_whoever_did_anything_in_five_minutes_is_there(client, website_id):
    await send_events(
        client,
        make_event(website_id, visitor_id="a", timestamp=ago(seconds=1)),
        make_event(website_id, visitor_id="a", timestamp=ago(minutes=4)),
        make_event(website_id, visitor_id="b", timestamp=ago(seconds=299), name="signup"),
        make_event(website_id, visitor_id="c", timestamp=ago(minutes=5)),
        make_event(website_id, visitor_id="d", timestamp=ago(minutes=29, seconds=20.5)),
        make_event(website_id, visitor_id="e", timestamp=ago(minutes=29, seconds=21)),
    )
    data = await ask(client)
    assert data["visitors"] == 2
    assert happened(data) == {
        "2026-11-03T11:31:00Z": (1, 1),
        "2026-11-03T11:55:00Z": (2, 1),
        "2026-11-03T11:56:00Z": (1, 1),
        "2026-11-03T12:00:00Z": (1, 1),
    }


async def test_an_event_that_is_ahead_appears_when_its_time_has_come(client, website_id, monkeypatch):
    await send_events(client, make_event(website_id, timestamp=ago(minutes=-2)))
    assert (await ask(client))["visitors"] == 0
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=2))
    assert (await ask(client))["visitors"] == 1


async def test_pages_and_sources_are_those_of_the_present_visitors(client, website_id):
    await send_events(
        client,
        make_event(website_id, visitor_id="a", timestamp=ago(hours=2), source="google", url="/old"),
        make_event(website_id, visitor_id="a", timestamp=ago(minutes=1), source="later", url="/new?x"),
        make_event(website_id, visitor_id="a", timestamp=ago(minutes=2), url="/new"),
        make_event(website_id, visitor_id="b", timestamp=ago(minutes=1), url="/new"),
        make_event(website_id, visitor_id="b", timestamp=ago(minutes=1), url="/a", name="signup"),
        make_event(website_id, visitor_id="c", timestamp=ago(minutes=1), source="google", url="/b"),
        make_event(website_id, visitor_id="d", timestamp=ago(minutes=6), source="gone", url="/gone"),
    )
    data = await ask(client)
    assert data["pages"] == [{"page": "/new", "visitors": 2}, {"page": "/b", "visitors": 1}]
    assert data["sources"] == [{"source": "google", "visitors": 2}, {"source": None, "visitors": 1}]


async def test_lists_have_at_most_ten_entries(client, website_id):
    events = [
        make_event(website_id, visitor_id=f"v{n}", source=f"s{n}", url=f"/{n}", timestamp=ago(minutes=1))
        for n in range(12)
    ]
    await send_events(client, *events)
    data = await ask(client)
    assert (data["visitors"], len(data["pages"]), len(data["sources"])) == (12, 10, 10)


@pytest.mark.requirement("PL-5")
async def test_websites_and_tenants_are_apart(client, website_id, make_home):
    other = await make_website(client, timezone="Pacific/Auckland")
    for site in (website_id, other):
        await send_events(client, make_event(site, timestamp=ago(minutes=1)))
    assert (await ask(client, website_id=other))["visitors"] == 1
    # Anna of the one website and Anna of the other are two visitors.
    both = await ask(client)
    assert (both["visitors"], both["sources"]) == (2, [{"source": None, "visitors": 2}])
    stranger = await make_home()
    stranger_client = stranger.open(await stranger.make_key())
    assert (await ask(stranger_client))["visitors"] == 0
    response = await stranger_client.get("/v1/metrics/realtime", params={"website_id": website_id})
    assert response.status_code == 404
