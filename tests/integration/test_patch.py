"""PATCH: a JSON merge patch changes what it names, and nothing else."""

import asyncio

import pytest

from .test_goals import EVENT, at_least, code_of, make_goal, pointers


async def goal_at(client, url: str) -> dict:
    return (await client.get(url)).json()["data"]


@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
async def test_what_is_not_named_stays(client, website_id, media_type):
    url = f"/v1/goals/{await make_goal(client, website_id, EVENT | at_least(5))}"
    before = await goal_at(client, url)
    response = await client.patch(url, content=b'{"name": "New"}', headers={"Content-Type": media_type})
    assert response.status_code == 200, response.text
    after = response.json()["data"]
    assert after == before | {"name": "New", "updated_at": after["updated_at"]}
    assert after == await goal_at(client, url)
    assert response.headers["etag"] == (await client.get(url)).headers["etag"]


async def test_objects_are_changed_field_by_field_and_null_takes_away(client, website_id):
    url = f"/v1/goals/{await make_goal(client, website_id, EVENT | at_least(5))}"
    await client.patch(url, json={"condition": at_least(7)})
    assert (await goal_at(client, url))["condition"] == EVENT | at_least(7)
    await client.patch(url, json={"condition": {"minimum_revenue": None}})
    assert (await goal_at(client, url))["condition"] == EVENT | {"minimum_revenue": None}
    other = {"kind": "PAGE", "event_name": None, "path_pattern": "/a"}
    assert (await client.patch(url, json={"condition": other})).status_code == 200
    assert (await goal_at(client, url))["condition"] == {
        "kind": "PAGE", "path_pattern": "/a", "minimum_revenue": None,
    }  # fmt: skip


async def test_nothing_changes_where_nothing_is_named(client, website_id):
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    response = await client.patch(url, json={})
    assert response.status_code == 200
    assert response.json()["data"]["name"] == "Goal"


async def test_null_is_kept_where_the_field_may_be_null(client):
    key = {"name": "k", "scopes": ["events:read"], "expires_at": "2099-01-01T00:00:00Z"}
    made = await client.post("/v1/api-keys", json=key)
    url = made.headers["location"]
    response = await client.patch(url, json={"expires_at": None})
    assert response.status_code == 200, response.text
    assert response.json()["data"]["expires_at"] is None


@pytest.mark.parametrize(
    ("patch", "found"),
    [
        ({"name": None}, {"/name": "TYPE"}),
        ({"id": "x"}, {"/id": "UNKNOWN_FIELD"}),
        ({"name": ""}, {"/name": "PATTERN"}),
        # Sound as a patch, but not what would become of the goal.
        ({"condition": {"event_name": None}}, {"/condition/event_name": "REQUIRED"}),
        ({"condition": {"path_pattern": "/a"}}, {"/condition/path_pattern": "UNKNOWN_FIELD"}),
    ],
)
async def test_a_patch_that_leads_nowhere_sound_is_refused(client, website_id, patch, found):
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    before = await goal_at(client, url)
    assert pointers(await client.patch(url, json=patch)) == found
    assert await goal_at(client, url) == before


async def test_changes_of_different_fields_at_the_same_moment_both_stand(client, website_id):
    for _ in range(5):
        url = f"/v1/goals/{await make_goal(client, website_id)}"
        answers = await asyncio.gather(
            client.patch(url, json={"name": "New"}), client.patch(url, json={"condition": at_least(3)})
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        goal = await goal_at(client, url)
        assert (goal["name"], goal["condition"]) == ("New", EVENT | at_least(3))


async def test_a_patch_has_its_conditions_and_keys_like_any_change(client, website_id):
    url = f"/v1/goals/{await make_goal(client, website_id)}"
    seen = (await client.get(url)).headers["etag"]
    request = {"json": {"name": "New"}, "headers": {"If-Match": seen, "Idempotency-Key": "p"}}
    first, again = await client.patch(url, **request), await client.patch(url, **request)
    assert (first.status_code, first.content) == (200, again.content)
    assert again.headers["idempotency-replayed"] == "true"
    late = await client.patch(url, json={"name": "Late"}, headers={"If-Match": seen})
    assert code_of(late) == (412, "PRECONDITION_FAILED")


async def test_who_may_not_read_what_is_not_there_cannot_change_it(client, home):
    reader = home.open(await home.make_key(["goals:read"]))
    url = "/v1/goals/0192f3b1-1d02-7c55-8a41-6b0f3e9d7c20"
    assert (await client.patch(url, json={})).status_code == 404
    assert (await reader.patch(url, json={})).status_code == 403


REPORT = {"name": "Weekly", "period": "PREVIOUS_WEEK", "schedule": {"cron": "0 8 * * 1"}}
MOBILE = {"operator": "IS", "dimension": "device", "value": "mobile"}
GLANCE = {"title": "At a glance", "question": {"metrics": ["visitors"], "filter": MOBILE}}


async def test_a_report_is_changed_field_by_field(client):
    made = await client.post("/v1/reports", json=REPORT | {"sections": [GLANCE]})
    assert made.status_code == 201, made.text
    url, before = made.headers["location"], made.json()["data"]
    patch = {"schedule": {"cron": "30 7 * * 1"}, "recipients": ["mia@example.com"]}
    response = await client.patch(url, json=patch)
    assert response.status_code == 200, response.text
    after = response.json()["data"]
    assert after["schedule"] == {"cron": "30 7 * * 1", "timezone": "UTC"}
    assert after["next_run_at"].endswith("T07:30:00Z")
    changed = ("schedule", "recipients", "next_run_at", "updated_at")
    assert after == before | {name: after[name] for name in changed}
    assert (await client.get(url)).json()["data"] == after
    by_hand = (await client.patch(url, json={"schedule": None})).json()["data"]
    assert (by_hand["schedule"], by_hand["next_run_at"]) == (None, None)
    key = {"Idempotency-Key": "report"}
    assert (await client.patch(url, json={"name": "A"}, headers=key)).status_code == 200
    other = await client.patch(url, json={"name": "B"}, headers=key)
    assert code_of(other) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_report_can_turn_to_a_dashboard_and_back(client):
    made = await client.post("/v1/reports", json=REPORT | {"sections": [GLANCE]})
    url = made.headers["location"]
    dashboard = (await client.post("/v1/dashboards", json={"name": "Shop"})).json()["data"]["id"]
    refused = await client.patch(url, json={"dashboard_id": dashboard})
    assert refused.status_code == 400
    response = await client.patch(url, json={"dashboard_id": dashboard, "sections": None})
    assert response.status_code == 200, response.text
    assert (response.json()["data"]["dashboard_id"], response.json()["data"]["sections"]) == (dashboard, [])
    assert (await client.patch(url, json={"name": "Other"})).json()["data"]["dashboard_id"] == dashboard
    back = await client.patch(url, json={"dashboard_id": None, "sections": [GLANCE]})
    assert back.status_code == 200, back.text
    assert back.json()["data"]["dashboard_id"] is None
