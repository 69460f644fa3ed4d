"""Where alerts can be told: channels, tried, looked at, kept while they are used."""

import asyncio
import json

import pytest

from tests.integration.delivering.conftest import make_channel
from tests.integration.test_goals import code_of, pointers


async def test_a_channel_can_be_tried(client, receiver, deliver):
    channel = await make_channel(client, url=receiver.url())
    response = await client.post(f"/v1/alert-channels/{channel['id']}/test")
    assert response.status_code == 202
    assert await deliver() == [None]
    sent = json.loads(receiver.received[0].body)
    assert (sent["type"], sent["data"]) == ("alert.test", {"channel": {"name": "On call"}})
    assert sent["id"] == response.json()["data"]["id"]


async def test_a_channel_tells_what_went_through_it_and_why_it_did_not(
    client, make_home, receiver, alert_on, deliver, tick
):
    channel, other = [await make_channel(client, url=receiver.url()) for _ in range(2)]
    url = f"/v1/alert-channels/{channel['id']}/deliveries"
    alert_id = await alert_on(channel)
    await tick()
    await client.post(f"/v1/alert-channels/{other['id']}/test")
    await client.post(f"/v1/alert-channels/{channel['id']}/test")
    receiver.answer = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
    await deliver()
    found = (await client.get(url)).json()["data"]
    assert [(each["type"], each["alert_id"]) for each in found] == [
        ("alert.test", None),
        ("alert.fired", alert_id),
    ]
    assert {(each["status"], each["error"]) for each in found} == {
        ("FAILED", "The receiver answered 410: nobody is there any more.")
    }
    page = (await client.get(url, params={"limit": 1})).json()
    rest = await client.get(url, params={"limit": 1, "cursor": page["pagination"]["next_cursor"]})
    assert [*page["data"], *rest.json()["data"]] == found
    assert (await client.get(url, params={"status": "PENDING"})).json()["data"] == []
    stranger = await make_home()
    assert code_of(await stranger.open(await stranger.make_key()).get(url)) == (404, "NOT_FOUND")


async def test_a_channel_in_use_stays_and_then_goes(client, receiver, alert_on):
    channel = await make_channel(client, url=receiver.url())
    url = f"/v1/alert-channels/{channel['id']}"
    alert_id = await alert_on(channel)
    assert code_of(await client.delete(url)) == (409, "CHANNEL_IN_USE")
    seen = {"If-Match": (await client.get(url)).headers["etag"]}
    assert code_of(await client.delete(url, headers=seen)) == (409, "CHANNEL_IN_USE")
    await client.delete(f"/v1/alerts/{alert_id}")
    assert (await client.delete(url)).status_code == 204
    assert code_of(await client.get(url)) == (404, "NOT_FOUND")


async def test_secrets_and_urls_are_never_shown_again(client, receiver, database, home):
    channel = await make_channel(client, url=receiver.url("/very-secret-path"))
    assert channel.pop("secret").startswith("whsec_")
    assert (await client.get(f"/v1/alert-channels/{channel['id']}")).json()["data"] == channel
    assert (await client.get("/v1/alert-channels")).json()["data"] == [channel]
    rows = await home.caller.tenant.read("SELECT alert_channels::text AS kept FROM alert_channels")
    assert "very-secret-path" not in rows[0]["kept"]


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://u:p@hooks.example.com/"])
async def test_a_url_that_leads_nowhere_good_is_refused(client, url):
    body = {"kind": "WEBHOOK", "name": "On call", "url": url}
    assert pointers(await client.post("/v1/alert-channels", json=body)) == {"/url": "UNFIT_DESTINATION"}


async def test_a_channel_that_is_deleted_while_a_rule_begins_to_tell_it_stays_or_is_refused(
    client, receiver, alert_on
):
    """Whichever comes first: no rule is left that tells nobody."""
    for _ in range(5):
        channel = await make_channel(client, url=receiver.url())
        url = f"/v1/alert-channels/{channel['id']}"
        seen = {"If-Match": (await client.get(url)).headers["etag"]}
        body = {"name": "Alert", "condition": {"kind": "ABSENCE", "window": "TODAY"}}
        body["condition"]["source"] = {"kind": "METRIC", "metric": "events"}
        body["channels"] = [{"channel_id": channel["id"]}]
        made, deleted = await asyncio.gather(
            client.post("/v1/alerts", json=body), client.delete(url, headers=seen)
        )
        assert (made.status_code, deleted.status_code) in ((201, 409), (404, 204))
