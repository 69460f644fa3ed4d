"""Goals over HTTP: made, changed, deleted."""

import asyncio
from uuid import UUID, uuid4

import pytest

from tests.integration.conftest import make_event, make_website, send_events

pytestmark = pytest.mark.requirement("DF-2")

EVENT = {"kind": "EVENT", "event_name": "purchase"}
PAGE = {"kind": "PAGE", "path_pattern": "/docs/*"}


async def make_goal(client, website_id: str, condition: dict | None = None, **fields) -> str:
    body = {"website_id": website_id, "name": "Goal", "condition": condition or EVENT} | fields
    response = await client.post("/v1/goals", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]["id"]


def at_least(amount_minor: int, currency: str = "USD") -> dict:
    return {"minimum_revenue": {"amount_minor": amount_minor, "currency": currency}}


def code_of(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def pointers(response) -> dict[str, str]:
    assert code_of(response) == (400, "INVALID_REQUEST")
    return {violation["pointer"]: violation["code"] for violation in response.json()["errors"]}


@pytest.mark.parametrize("condition", [EVENT, PAGE, EVENT | at_least(0), PAGE | at_least(10**12)])
async def test_a_created_goal_is_where_its_location_says(client, website_id, condition):
    body = {"website_id": website_id, "name": " Goal 🙂 ", "condition": condition}
    created = await client.post("/v1/goals", json=body)
    assert created.status_code == 201
    goal = created.json()["data"]
    assert UUID(goal["id"]).version == 7
    assert goal["condition"] == {"minimum_revenue": None} | condition
    assert (goal["name"], goal["website_id"]) == (" Goal 🙂 ", website_id)
    assert created.headers["location"] == f"/v1/goals/{goal['id']}"
    assert (await client.get(created.headers["location"])).json() == {"data": goal, "meta": {}}
    # What was answered may be sent back as it is.
    again = await client.put(
        created.headers["location"], json={key: goal[key] for key in ("name", "condition")}
    )
    assert again.json()["data"] == goal | {"updated_at": again.json()["data"]["updated_at"]}


async def test_an_update_replaces_name_and_condition(client, website_id):
    goal_id = await make_goal(client, website_id, EVENT | at_least(5))
    response = await client.put(f"/v1/goals/{goal_id}", json={"name": "Reader", "condition": PAGE})
    assert response.status_code == 200
    goal = response.json()["data"]
    assert (goal["name"], goal["condition"]) == ("Reader", PAGE | {"minimum_revenue": None})
    assert goal["updated_at"] > goal["created_at"]
    assert (await client.get(f"/v1/goals/{goal_id}")).json()["data"] == goal


async def test_a_deleted_goal_is_gone_and_its_events_stay(client, website_id):
    await send_events(client, make_event(website_id, id="e", name="purchase"))
    goal_id = await make_goal(client, website_id)
    response = await client.delete(f"/v1/goals/{goal_id}")
    assert (response.status_code, response.content) == (204, b"")
    await assert_gone(client, goal_id)
    assert (await client.get("/v1/events/e")).status_code == 200


async def test_a_deleted_website_takes_its_goals_along(client, website_id):
    goal_id = await make_goal(client, website_id)
    await client.delete(f"/v1/websites/{website_id}")
    await assert_gone(client, goal_id)
    response = await client.get("/v1/goals", params={"website_id": website_id})
    assert code_of(response) == (404, "NOT_FOUND")


async def assert_gone(client, goal_id: str) -> None:
    url = f"/v1/goals/{goal_id}"
    body = {"name": "Goal", "condition": EVENT}
    for response in (
        await client.get(url),
        await client.get(f"{url}/completions"),
        await client.put(url, json=body),
        await client.delete(url),
    ):
        assert code_of(response) == (404, "NOT_FOUND")
    assert (await client.get("/v1/goals")).json()["data"] == []


@pytest.mark.requirement("PL-5")
async def test_another_tenants_goal_looks_like_none_at_all(client, make_home):
    other = await make_home()
    other_client = other.open(await other.make_key())
    website_id = await make_website(other_client)
    foreign = await make_goal(other_client, website_id)
    await assert_gone(client, foreign)
    assert (await other_client.get(f"/v1/goals/{foreign}")).status_code == 200
    for unknown in (website_id, str(uuid4())):
        body = {"website_id": unknown, "name": "Goal", "condition": EVENT}
        assert code_of(await client.post("/v1/goals", json=body)) == (404, "NOT_FOUND")
        assert code_of(await client.get("/v1/goals", params={"website_id": unknown})) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("condition", "pointer", "code"),
    [
        ({}, "/condition/kind", "REQUIRED"),
        ({"kind": "CLICK"}, "/condition/kind", "ENUM"),
        ({"kind": "EVENT"}, "/condition/event_name", "REQUIRED"),
        (EVENT | {"event_name": ""}, "/condition/event_name", "TOO_SHORT"),
        (EVENT | {"event_name": "x" * 101}, "/condition/event_name", "TOO_LONG"),
        (EVENT | {"path_pattern": "/"}, "/condition/path_pattern", "UNKNOWN_FIELD"),
        (PAGE | {"path_pattern": "docs"}, "/condition/path_pattern", "PATTERN"),
        (PAGE | {"path_pattern": "/" + "*a" * 100}, "/condition/path_pattern", "TOO_LONG"),
        (EVENT | at_least(-1), "/condition/minimum_revenue/amount_minor", "TOO_SMALL"),
        (EVENT | at_least(1, "EUR"), "/condition/minimum_revenue/currency", "CURRENCY_MISMATCH"),
    ],
)
async def test_a_condition_that_is_none_creates_nothing(client, website_id, condition, pointer, code):
    body = {"website_id": website_id, "name": "Goal", "condition": condition}
    assert pointers(await client.post("/v1/goals", json=body)).get(pointer) == code
    assert (await client.get("/v1/goals")).json()["data"] == []
    goal_id = await make_goal(client, website_id)
    del body["website_id"]
    assert pointers(await client.put(f"/v1/goals/{goal_id}", json=body)).get(pointer) == code
    assert (await client.get(f"/v1/goals/{goal_id}")).json()["data"]["condition"]["event_name"] == "purchase"


@pytest.mark.requirement("PL-12")
@pytest.mark.parametrize("body", [{}, [], None, {"name": " "}, {"plan": "PRO"}, {"website_id": "shop"}])
async def test_a_body_that_breaks_the_schema_is_refused(client, website_id, body):
    if isinstance(body, dict) and body:
        body = {"website_id": website_id, "name": "Goal", "condition": EVENT} | body
    assert code_of(await client.post("/v1/goals", json=body)) == (400, "INVALID_REQUEST")


@pytest.mark.requirement("CM-7", "DF-8", "DF-11")
async def test_a_list_is_stable_while_goals_come_and_go(client, website_id):
    other = await make_website(client)
    ids = [await make_goal(client, website_id) for _ in range(5)]
    elsewhere = await make_goal(client, other)
    first = await client.get("/v1/goals", params={"website_id": website_id, "limit": 2})
    assert [goal["id"] for goal in first.json()["data"]] == ids[:2]
    await client.delete(f"/v1/goals/{ids[0]}")
    await client.delete(f"/v1/goals/{ids[3]}")
    late = await make_goal(client, website_id)
    rest = await client.get(first.links["next"]["url"])
    assert [goal["id"] for goal in rest.json()["data"]] == [ids[2], ids[4]]
    cursor = rest.json()["pagination"]["next_cursor"]
    last = await client.get("/v1/goals", params={"website_id": website_id, "cursor": cursor})
    assert [goal["id"] for goal in last.json()["data"]] == [late]
    assert last.json()["pagination"] == {"next_cursor": None, "has_more": False}
    assert code_of(await client.get("/v1/goals", params={"cursor": cursor})) == (400, "INVALID_CURSOR")
    everywhere = (await client.get("/v1/goals")).json()["data"]
    assert [goal["id"] for goal in everywhere] == [ids[1], ids[2], ids[4], elsewhere, late]


@pytest.mark.requirement("CM-5")
async def test_goals_are_read_and_changed_with_the_scopes_for_it(home, client, website_id):
    goal_id = await make_goal(client, website_id)
    reader = home.open(await home.make_key(["goals:read"]))
    editor = home.open(await home.make_key(["goals:full"]))
    nobody = home.open(await home.make_key(["metrics:read", "websites:full", "events:read"]))
    url = f"/v1/goals/{goal_id}"
    body = {"name": "Goal", "condition": EVENT}
    changes = [
        ("POST", "/v1/goals", body | {"website_id": website_id}),
        ("PUT", url, body),
        ("DELETE", url, None),
    ]
    for path in ("/v1/goals", url, f"{url}/completions"):
        assert (await reader.get(path)).status_code == (await editor.get(path)).status_code == 200
        assert code_of(await nobody.get(path)) == (403, "INSUFFICIENT_SCOPE")
    for method, path, sent in changes:
        for asker in (reader, nobody):
            refused = await asker.request(method, path, json=sent)
            assert code_of(refused) == (403, "INSUFFICIENT_SCOPE")
    answers = [(await editor.request(method, path, json=sent)).status_code for method, path, sent in changes]
    assert answers == [201, 200, 204]


async def test_of_several_deletions_at_once_one_finds_the_goal(client, website_id):
    goal_id = await make_goal(client, website_id)
    answers = await asyncio.gather(*(client.delete(f"/v1/goals/{goal_id}") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 5
