"""API1, broken object level authorization: what belongs to another workspace is not there.

Tries every operation with an id in its URL on a foreign id and on one that never
was, and wants the same answer; foreign ids in bodies and filters; foreign
cursors; and the live workspace's things with a key of its sandbox. Afterwards
the victim has all that it had.
"""

import pytest

from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.owasp.operations import BY_ID, SAMPLES

WITH_IDS = [sample for sample in SAMPLES if "{" in sample.path]

pytestmark = pytest.mark.requirement("D6-7", "CM-14")


@pytest.fixture
async def victim(make_home):
    """A workspace with one of each, and the ids of these."""
    home = await make_home()
    client = home.open(await home.make_key())
    website = await make_website(client, currency="EUR")
    await send_events(client, make_event(website, id="secret-event", visitor_id="secret-visitor"))
    created = await client.post("/v1/goals", json=BY_ID["create-goal"].body | {"website_id": website})
    assert created.status_code == 201, created.text
    goal = created.json()["data"]["id"]
    ids = {"website_id": website, "goal_id": goal, "event_id": "secret-event", "visitor_id": "secret-visitor"}
    return client, ids


def without_trace(response):
    problem = response.json()
    return {name: value for name, value in problem.items() if name not in ("trace_id", "instance")}


@pytest.mark.parametrize("sample", WITH_IDS, ids=lambda sample: sample.id)
async def test_a_foreign_id_is_as_good_as_none(client, victim, sample):
    owner, ids = victim
    foreign = await client.request(sample.method, sample.url(**ids), json=sample.body)
    never = await client.request(sample.method, sample.url(), json=sample.body)
    assert foreign.status_code == never.status_code == 404, (foreign.text, never.text)
    assert without_trace(foreign) == without_trace(never)
    for path in ("/v1/websites/{website_id}", "/v1/goals/{goal_id}", "/v1/events/{event_id}"):
        assert (await owner.get(path.format_map(ids))).status_code == 200


async def test_lists_and_numbers_show_only_ones_own(client, victim):
    for path in ("/v1/websites", "/v1/events", "/v1/goals"):
        assert (await client.get(path)).json()["data"] == []
    for path in ("/v1/metrics", "/v1/events", "/v1/goals"):
        answer = await client.get(path, params={"website_id": victim[1]["website_id"]})
        assert answer.status_code in (400, 404), path
        assert "secret" not in answer.text


async def test_a_foreign_website_takes_no_events(client, victim):
    owner, ids = victim
    data = await send_events(client, make_event(ids["website_id"], id="intruder"))
    assert (data["rejected"], data["receipts"][0]["code"]) == (1, "UNKNOWN_WEBSITE")
    # The same id is free there, and does not tell that it is taken here.
    own = await make_website(client)
    assert (await send_events(client, make_event(own, id="secret-event")))["accepted"] == 1
    assert [event["id"] for event in (await owner.get("/v1/events")).json()["data"]] == ["secret-event"]


async def test_a_foreign_cursor_leads_nowhere(client, victim):
    owner, _ = victim
    await make_website(owner)
    page = (await owner.get("/v1/websites", params={"limit": 1})).json()
    stolen = {"limit": 1, "cursor": page["pagination"]["next_cursor"]}
    answer = await client.get("/v1/websites", params=stolen)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR")


async def test_the_sandbox_reaches_nothing_of_its_workspace(home, client):
    website = await make_website(client)
    sandbox = home.open(await home.make_key(mode="test"))
    assert (await sandbox.get(f"/v1/websites/{website}")).status_code == 404
    assert (await sandbox.delete(f"/v1/websites/{website}")).status_code == 404
    assert (await client.get(f"/v1/websites/{website}")).status_code == 200
