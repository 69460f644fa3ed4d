"""What was given up is sent again, when somebody asks for it."""

import asyncio
import json

import pytest

from cloudmetrics.alerting.deliveries import jobs
from tests.integration.delivering.conftest import deliveries_of, make_channel
from tests.integration.test_goals import code_of


async def given_up(client, receiver, alert_on, deliver, tick) -> tuple[dict, str]:
    """A delivery that failed for good, and the address at which it is sent again."""
    alert_id = await alert_on(await make_channel(client, url=receiver.url()))
    await tick()
    receiver.answer = b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"
    await deliver(attempt=jobs.PATIENCE.attempts)
    (delivery,) = await deliveries_of(client, alert_id)
    return delivery, f"/v1/alerts/{alert_id}/deliveries/{delivery['id']}/resend"


@pytest.mark.requirement("PL-14", "D6-6")
async def test_what_is_not_taken_is_sent_again_with_the_same_id(client, receiver, alert_on, deliver, tick):
    channel = await make_channel(client, url=receiver.url())
    alert_id = await alert_on(channel)
    await tick()
    receiver.answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
    (refused,) = await deliver()
    assert isinstance(refused, jobs.Refused)
    (delivery,) = await deliveries_of(client, alert_id)
    assert (delivery["status"], delivery["attempts"]) == ("PENDING", 1)
    assert (delivery["response_status"], delivery["error"]) == (500, "The receiver answered 500.")
    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    assert await deliver(attempt=2) == [None]
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1
    assert [delivery["status"] for delivery in await deliveries_of(client, alert_id)] == ["DELIVERED"]


async def test_what_was_given_up_can_be_sent_again(client, receiver, alert_on, deliver, tick):
    failed, url = await given_up(client, receiver, alert_on, deliver, tick)
    assert (failed["status"], failed["error"]) == ("FAILED", "The receiver answered 503.")
    response = await client.post(url, headers={"Idempotency-Key": "again"})
    assert response.status_code == 202, response.text
    assert response.json()["data"] == failed | {"status": "PENDING"}
    assert (await client.post(url, headers={"Idempotency-Key": "again"})).content == response.content
    assert code_of(await client.post(url)) == (409, "DELIVERY_NOT_FAILED")
    other = url.replace(failed["id"], failed["alert_id"])
    reused = await client.post(other, headers={"Idempotency-Key": "again"})
    assert code_of(reused) == (422, "IDEMPOTENCY_KEY_REUSED")
    # It begins its attempts anew, so one that fails is not the last.
    await deliver()
    assert [each["status"] for each in await deliveries_of(client, failed["alert_id"])] == ["PENDING"]
    receiver.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    assert await deliver(attempt=2) == [None]
    (delivery,) = await deliveries_of(client, failed["alert_id"])
    assert (delivery["status"], delivery["error"], delivery["attempts"]) == ("DELIVERED", None, 3)
    assert {json.loads(each.body)["id"] for each in receiver.received} == {failed["id"]}
    assert code_of(await client.post(url)) == (409, "DELIVERY_NOT_FAILED")
    (entry, *_) = (await client.get("/v1/audit-log", params={"action": "ALERT_DELIVERY_RESENT"})).json()[
        "data"
    ]
    assert entry["details"] == {"delivery_id": failed["id"], "destination": "localhost"}


async def test_ten_who_send_it_again_at_once_send_it_once(
    client, home, database, receiver, alert_on, deliver, tick
):
    _, url = await given_up(client, receiver, alert_on, deliver, tick)
    answers = await asyncio.gather(*(client.post(url) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [202, *[409] * 9]
    receiver.received.clear()
    receiver.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    assert await deliver() == [None]
    assert len(receiver.received) == 1


async def test_what_is_sent_again_has_to_be_ones_own_and_its_channel_has_to_be_there(
    client, make_home, receiver, alert_on, deliver, tick
):
    failed, url = await given_up(client, receiver, alert_on, deliver, tick)
    stranger = await make_home()
    assert code_of(await stranger.open(await stranger.make_key()).post(url)) == (404, "NOT_FOUND")
    other = await alert_on(await make_channel(client, url=receiver.url()))
    elsewhere = f"/v1/alerts/{other}/deliveries/{failed['id']}/resend"
    assert code_of(await client.post(elsewhere)) == (404, "NOT_FOUND")
    await client.patch(f"/v1/alerts/{failed['alert_id']}", json={"channels": []})
    assert (await client.delete(f"/v1/alert-channels/{failed['channel_id']}")).status_code == 204
    assert code_of(await client.post(url)) == (404, "NOT_FOUND")
