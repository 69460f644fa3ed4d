"""Alerts tell people: signed, again until they are heard, and never where they must not."""

import hmac
import json
from datetime import timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from ipaddress import IPv4Address
from uuid import UUID, uuid4

import pytest

from cloudmetrics.alerting.deliveries import jobs
from cloudmetrics.alerting.deliveries import store as deliveries
from cloudmetrics.platform import outbound
from cloudmetrics.platform.jobs import GiveUp
from cloudmetrics.platform.outbound import Outbound, SendingFailed
from tests.integration.alerting import NOW, above, make_alert, send, state_of
from tests.integration.delivering.conftest import LOCAL, SECRET, deliveries_of, make_channel
from tests.integration.test_goals import code_of, pointers


@pytest.mark.requirement("PL-14")
async def test_a_webhook_is_signed_and_told_once(client, receiver, alert_on, deliver, tick):
    channel = await make_channel(client, url=receiver.url(), secret=SECRET)
    assert (channel["destination"], channel["secret"]) == ("localhost", SECRET)
    alert_id = await alert_on(channel)
    later = await tick(times=3)
    assert await deliver() == [None]
    await tick(later)
    assert await deliver() == []
    (got,) = receiver.received
    sent = json.loads(got.body)
    assert (sent["type"], sent["data"]["alert"]["id"]) == ("alert.fired", alert_id)
    assert (sent["data"]["value"], sent["data"]["threshold"]) == (0, -1)
    (delivery,) = await deliveries_of(client, alert_id)
    assert got.headers["webhook-id"] == sent["id"] == delivery["id"]
    signed = f"{sent['id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    signature = hmac.digest(SECRET.encode(), signed, sha256).hex()
    assert got.headers["x-signature"] == f"sha256={signature}"
    assert (delivery["status"], delivery["attempts"], delivery["response_status"]) == ("DELIVERED", 1, 204)


async def test_the_end_of_an_incident_is_told_as_well(client, website_id, receiver, deliver, tick):
    channel = await make_channel(client, url=receiver.url())
    told = {"channels": [{"channel_id": channel["id"]}], "resolve_after": 1}
    condition = {"kind": "ABSENCE", "source": above(website_id)["source"], "window": "LAST_HOUR"}
    alert_id = await make_alert(client, condition, **told)
    later = await tick()
    body = {"name": "Alert", "condition": condition, **told, "delay_minutes": 0}
    await client.put(f"/v1/alerts/{alert_id}", json=body)

    await send(client, website_id, NOW)
    await tick(later)
    assert await deliver() == [None, None]
    types = [json.loads(each.body)["type"] for each in receiver.received]
    incidents = {json.loads(each.body)["data"]["incident_id"] for each in receiver.received}
    assert (types, len(incidents)) == (["alert.fired", "alert.resolved"], 1)


async def test_slack_gets_a_text_in_which_nothing_is_hidden(client, website_id, receiver, deliver, tick):
    channel = await make_channel(client, kind="SLACK", url=receiver.url("/services/T/B/x"))
    assert channel["secret"] is None
    told = {"channels": [{"channel_id": channel["id"]}]}
    name = "<!channel> & <https://evil.example|click>\nValue: 0"
    await make_alert(client, above(website_id, threshold=-1), name=name, **told)
    await tick()
    assert await deliver() == [None]
    (got,) = receiver.received
    text = json.loads(got.body)["text"]
    assert text.startswith(
        "Alert firing: &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; Value: 0\n"
    )
    assert "x-signature" not in got.headers


async def test_mail_goes_to_members_only(client, home, alert_on, deliver, settings, tick):
    person = await home.make_person("VIEWER")
    body = {"kind": "EMAIL", "name": "Me", "email": "stranger@example.com"}
    assert code_of(await client.post("/v1/alert-channels", json=body)) == (404, "NOT_FOUND")
    channel = await make_channel(client, kind="EMAIL", email=person.user.email.upper())
    assert channel["destination"] == person.user.email
    await alert_on(channel, name="Too few\nvisitors")
    await tick()
    assert await deliver() == [None]
    (file,) = (settings.data_dir / "mail").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == (person.user.email, "Alert firing: Too few visitors")
    assert "Value: 0" in mail.get_content().splitlines()


async def test_after_the_last_attempt_a_delivery_has_failed(client, receiver, alert_on, deliver, tick):
    channel = await make_channel(client, url=receiver.url())
    alert_id = await alert_on(channel)
    await tick()
    receiver.answer = b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"
    await deliver(attempt=jobs.PATIENCE.attempts)
    assert [each["status"] for each in await deliveries_of(client, alert_id)] == ["FAILED"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(client, receiver, alert_on, deliver, tick, status):
    channel = await make_channel(client, url=receiver.url())
    await alert_on(channel)
    await tick()
    receiver.answer = f"HTTP/1.1 {status} Go\r\nLocation: {receiver.url('/secret')}\r\n\r\n".encode()
    await deliver()
    assert [each.path for each in receiver.received] == ["/hook"]


async def test_a_receiver_that_is_gone_is_left_alone(client, receiver, alert_on, deliver, tick):
    channel = await make_channel(client, url=receiver.url())
    alert_id = await alert_on(channel)
    await tick()
    receiver.answer = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
    (error,) = await deliver()
    assert isinstance(error, GiveUp)
    assert [each["status"] for each in await deliveries_of(client, alert_id)] == ["FAILED"]


@pytest.mark.requirement("PL-18")
async def test_nothing_goes_to_a_private_address_unless_the_operator_says_so(
    client,
    receiver,
    alert_on,
    deliver,
    tick,
):
    channel = await make_channel(client, url=receiver.url())
    alert_id = await alert_on(channel)
    await tick()
    (error,) = await deliver(webhook_networks=())
    assert isinstance(error, GiveUp)
    assert receiver.received == []
    (delivery,) = await deliveries_of(client, alert_id)
    assert (delivery["status"], delivery["error"]) == (
        "FAILED",
        "The host has an address that is not public.",
    )


async def test_a_name_is_resolved_once_and_its_address_is_what_is_connected_to(receiver):
    """The second answer would be another one: there is no second question."""
    asked = []

    async def resolver(host, port):
        asked.append(host)
        return [IPv4Address("127.0.0.1") if len(asked) == 1 else IPv4Address("127.0.0.99")]

    url = receiver.url(host="hooks.example.com")
    assert await Outbound(LOCAL, resolver).post(url, {}, b"{}") == 204
    assert asked == ["hooks.example.com"]
    assert receiver.received[0].headers["host"] == f"hooks.example.com:{receiver.port}"


async def test_the_certificate_has_to_be_that_of_the_name(receiver):
    async def resolver(host, port):
        return [IPv4Address("127.0.0.1")]

    with pytest.raises(SendingFailed, match="certificate"):
        await Outbound(LOCAL, resolver).post(receiver.url(host="other.example.com"), {}, b"{}")
    assert receiver.received == []


async def test_a_receiver_that_never_answers_is_given_up(receiver, monkeypatch):
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.3)
    receiver.answer = None
    with pytest.raises(SendingFailed, match=r"0\.3 s"):
        await Outbound(LOCAL).post(receiver.url(), {}, b"{}")


async def test_an_answer_without_an_end_is_not_read(receiver):
    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 100_000
    assert await Outbound(LOCAL).post(receiver.url(), {}, b"{}") == 200


async def test_while_it_is_muted_nobody_is_told_and_then_everybody_is(
    client, receiver, alert_on, deliver, tick
):
    channel = await make_channel(client, url=receiver.url())
    alert_id = await alert_on(channel)
    response = await client.put(f"/v1/alerts/{alert_id}/mute", json={"until": "2099-01-01T00:00:00Z"})
    assert response.json()["data"]["muted_until"] == "2099-01-01T00:00:00Z"
    later = await tick(times=2)
    state = await state_of(client, alert_id)
    assert (state["status"], state["incident"]["notified"]) == ("FIRING", False)
    assert await deliver() == []
    assert (await client.delete(f"/v1/alerts/{alert_id}/mute")).json()["data"]["muted_until"] is None
    await tick(later, times=2)
    assert await deliver() == [None]
    history = (await client.get(f"/v1/alerts/{alert_id}/history")).json()["data"]
    assert [each["kind"] for each in history] == ["UNMUTED", "FIRED", "MUTED"]


async def test_what_is_looked_after_is_not_told_when_a_mute_ends(client, receiver, alert_on, deliver, tick):
    channel = await make_channel(client, url=receiver.url())
    alert_id = await alert_on(channel)
    await client.put(f"/v1/alerts/{alert_id}/mute", json={"until": (NOW + timedelta(days=9999)).isoformat()})
    later = await tick()
    await client.post(f"/v1/alerts/{alert_id}/acknowledge")
    await client.delete(f"/v1/alerts/{alert_id}/mute")
    await tick(later)
    assert await deliver() == []


async def test_nobody_can_mute_into_the_past(client, alert_on, receiver):
    alert_id = await alert_on(await make_channel(client, url=receiver.url()))
    response = await client.put(f"/v1/alerts/{alert_id}/mute", json={"until": "2020-01-01T00:00:00Z"})
    assert pointers(response) == {"/until": "DATE_OUT_OF_RANGE"}


async def test_a_delivery_of_a_deleted_alert_is_dropped(client, home, receiver, alert_on, deliver, tick):
    alert_id = await alert_on(await make_channel(client, url=receiver.url()))
    await tick()
    await client.delete(f"/v1/alerts/{alert_id}")
    assert await deliver() == []
    assert await deliveries.get(home.caller.tenant, uuid4()) is None


async def test_a_sandbox_has_alerts_of_its_own(client, home, alert_on, receiver):
    alert_id = await alert_on(await make_channel(client, url=receiver.url()))
    sandbox = home.open(await home.make_key(mode="test"))
    assert (await sandbox.get("/v1/alerts")).json()["data"] == []
    assert code_of(await sandbox.get(f"/v1/alerts/{alert_id}")) == (404, "NOT_FOUND")
    assert UUID(alert_id)


async def test_who_left_the_team_gets_no_more_mail(client, home, alert_on, deliver, settings, tick):
    person = await home.make_person("VIEWER")
    alert_id = await alert_on(await make_channel(client, kind="EMAIL", email=person.user.email))
    await home.make_person("OWNER")
    assert (await client.delete(f"/v1/team/{person.id}")).status_code == 204
    await tick()
    (error,) = await deliver()
    assert isinstance(error, GiveUp)
    assert not (settings.data_dir / "mail").exists()
    (delivery,) = await deliveries_of(client, alert_id)
    assert (delivery["status"], delivery["error"]) == ("FAILED", "The address is no member's any more.")
