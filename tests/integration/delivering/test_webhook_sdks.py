"""What an alert's signed webhook really brings is what every SDK takes for genuine."""

import time
from dataclasses import replace

import pytest

from tests.integration.delivering.conftest import SECRET, make_channel
from tests.integration.receiving import Received
from tests.sdk.running import RUNNERS, Runner, running

pytestmark = [pytest.mark.slow, pytest.mark.requirement("PL-14", "CM-10")]
EITHER = ("x-signature", "webhook-signature")


@pytest.fixture(scope="module", params=RUNNERS)
def runner(request, tools):
    with running(request.param) as started:
        yield started


def verified(runner: Runner, got: Received, secret: str, without: str = "") -> dict:
    headers = {name: value for name, value in got.headers.items() if name != without}
    told = {"body": got.body.decode(), "headers": headers, "secret": secret, "now": int(time.time())}
    return runner.ask({"do": "verify", "with": told})


@pytest.mark.parametrize("chosen", [{}, {"secret": SECRET}], ids=["ours", "own"])
async def test_it_is_verified_by_either_signature(
    runner,
    client,
    receiver,
    alert_on,
    deliver,
    tick,
    chosen,
):
    channel = await make_channel(client, url=receiver.url(), **chosen)
    alert_id = await alert_on(channel)
    await tick(times=3)
    assert await deliver() == [None]

    (got,) = receiver.received
    for without in ("", *EITHER):
        event = verified(runner, got, channel["secret"], without)["gives"]
        assert (event["type"], event["data"]["alert"]["id"]) == ("alert.fired", alert_id)
    forged = replace(got, body=got.body.replace(b"alert.fired", b"alert.found"))
    assert verified(runner, forged, channel["secret"])["fails"]["kind"] == "SIGNATURE_INVALID"


async def test_a_secret_that_only_begins_like_standard_webhooks_still_signs(
    runner,
    client,
    receiver,
    alert_on,
    deliver,
    tick,
):
    channel = await make_channel(client, url=receiver.url(), secret="whsec_these-are-my-own-words")
    await alert_on(channel)
    await tick(times=3)
    assert await deliver() == [None]

    (got,) = receiver.received
    assert "webhook-signature" not in got.headers
    assert "gives" in verified(runner, got, channel["secret"])
