"""Batches: several requests in one, each judged like any other, and all or none where that is asked for."""

import asyncio
from uuid import uuid4

import httpx
import orjson
import pytest

from .conftest import make_website
from .test_goals import EVENT, PAGE, code_of, make_goal

pytestmark = pytest.mark.requirement("DF-13")


def website(**fields) -> dict:
    body = {"name": "Shop", "domain": f"{uuid4().hex}.example.com"} | fields
    return {"method": "POST", "path": "/v1/websites", "body": body}


def goal(website_id: str, **fields) -> dict:
    body = {"website_id": website_id, "name": "Goal", "condition": EVENT} | fields
    return {"method": "POST", "path": "/v1/goals", "body": body}


async def run(client: httpx.AsyncClient, *requests: dict, headers=None, **fields) -> httpx.Response:
    return await client.post("/v1/batch", json={"requests": requests} | fields, headers=headers or {})


async def answers(client: httpx.AsyncClient, *requests: dict, **fields) -> list[dict]:
    response = await run(client, *requests, **fields)
    assert response.status_code == 200, response.text
    data: list[dict] = response.json()["data"]["answers"]
    return data


async def names(client: httpx.AsyncClient, path: str) -> list[str]:
    return [each["name"] for each in (await client.get(path)).json()["data"]]


async def test_each_request_is_answered_as_if_it_came_alone(client, website_id):
    goal_id = await make_goal(client, website_id)
    alone = await client.get(f"/v1/goals/{goal_id}")
    found = await answers(
        client,
        {"id": "read", "method": "GET", "path": f"/v1/goals/{goal_id}"},
        {"method": "GET", "path": f"/v1/goals/{goal_id}", "if_none_match": alone.headers["etag"]},
        {"method": "PATCH", "path": f"/api/v1/goals/{goal_id}", "body": {"name": "New"}},
        {"method": "GET", "path": "/v1/goals?limit=1"},
        {"method": "PUT", "path": f"/v1/goals/{goal_id}", "body": {"name": "x"}},
        {"method": "DELETE", "path": f"/v1/goals/{goal_id}", "if_match": alone.headers["etag"]},
        {"method": "GET", "path": f"/v1/goals/{uuid4()}"},
        {"method": "GET", "path": "/v1/nothing"},
        {"method": "PATCH", "path": "/v1/goals"},
        {"method": "POST", "path": "/v1/goals"},
        {"method": "DELETE", "path": f"/v1/goals/{goal_id}"},
    )
    assert [each["status"] for each in found] == [200, 304, 200, 200, 400, 412, 404, 404, 405, 400, 204]
    assert (found[0]["id"], found[1]["id"]) == ("read", None)
    assert found[0]["body"] == alone.json()
    assert found[0]["headers"]["etag"] == alone.headers["etag"]
    assert found[3]["body"]["data"][0]["name"] == "New"
    assert found[4]["body"]["errors"][0]["pointer"] == "/condition"
    assert found[5]["body"]["code"] == "PRECONDITION_FAILED"
    assert found[10]["body"] is None


async def test_one_that_is_refused_leaves_the_others(client, website_id):
    taken = website()
    found = await answers(client, taken, taken, website())
    assert [each["status"] for each in found] == [201, 409, 201]
    assert found[1]["body"]["code"] == "DOMAIN_TAKEN"
    assert found[0]["headers"]["location"] == f"/v1/websites/{found[0]['body']['data']['id']}"
    assert len(await names(client, "/v1/websites")) == 3


async def test_an_atomic_batch_is_done_as_a_whole(client):
    made = (await answers(client, website(name="A")))[0]["body"]["data"]["id"]
    found = await answers(
        client,
        goal(made, name="One"),
        {"method": "GET", "path": "/v1/goals"},
        {"method": "DELETE", "path": f"/v1/websites/{made}"},
        {"method": "GET", "path": f"/v1/websites/{made}/visitors"},
        atomic=False,
    )
    assert [each["status"] for each in found][:3] == [201, 200, 204]
    found = await answers(
        client, website(name="B"), website(name="C"), {"method": "GET", "path": "/v1/websites"}, atomic=True
    )
    # Each sees what those before it did.
    assert [each["name"] for each in found[2]["body"]["data"]] == ["B", "C"]
    assert await names(client, "/v1/websites") == ["B", "C"]


@pytest.mark.parametrize("keyed", [False, True])
async def test_an_atomic_batch_that_fails_is_undone_as_a_whole(client, website_id, keyed):
    headers = {"Idempotency-Key": "whole"} if keyed else {}
    lost = {"method": "GET", "path": f"/v1/goals/{uuid4()}"}
    response = await run(client, website(), goal(website_id), lost, website(), atomic=True, headers=headers)
    assert code_of(response) == (422, "BATCH_UNDONE")
    details = response.json()["details"]
    assert (details["index"], details["status"], details["problem"]["code"]) == (2, 404, "NOT_FOUND")
    assert (await names(client, "/v1/websites"), await names(client, "/v1/goals")) == (["Shop"], [])
    # A refusal leaves the key free.
    assert (await run(client, website(), atomic=True, headers=headers)).status_code == 200


async def test_a_batch_with_a_key_is_done_once(client, website_id):
    body = [website(), website(domain="bad domain"), goal(website_id)]
    headers = {"Idempotency-Key": "all-of-them"}
    first = await run(client, *body, headers=headers)
    again = await run(client, *body, headers=headers)
    assert [each["status"] for each in first.json()["data"]["answers"]] == [201, 400, 201]
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert (len(await names(client, "/v1/websites")), len(await names(client, "/v1/goals"))) == (2, 1)
    assert code_of(await run(client, website(), headers=headers)) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_requests_have_keys_of_their_own(client):
    one = website() | {"idempotency_key": "one"}
    first, second = await answers(client, one, one)
    assert first["body"] == second["body"]
    assert second["headers"]["idempotency-replayed"] == "true"
    # Alone or in a batch, and with more around it, it is the same request.
    headers = {"Idempotency-Key": "one", "Content-Type": "application/json"}
    alone = await client.post("/v1/websites", content=orjson.dumps(one["body"]), headers=headers)
    assert alone.json() == first["body"]
    (third,) = await answers(client, one, atomic=True)
    assert third["body"] == first["body"]
    assert len(await names(client, "/v1/websites")) == 1


async def test_each_needs_its_own_scope(home):
    admin = home.open(await home.make_key())
    website_id = await make_website(admin)
    reader = home.open(await home.make_key(["websites:read"]))
    found = await answers(
        reader,
        {"method": "GET", "path": "/v1/websites"},
        {"method": "DELETE", "path": f"/v1/websites/{website_id}"},
        {"method": "GET", "path": "/v1/goals"},
    )
    assert [each["status"] for each in found] == [200, 403, 403]
    assert found[1]["body"]["details"] == {"missing_scopes": ["websites:full"]}
    undone = await run(reader, {"method": "GET", "path": "/v1/goals"}, atomic=True)
    assert undone.json()["details"]["status"] == 403


async def test_each_counts_in_the_limits_and_the_batch_does_not(make_home):
    home = await make_home(plan="FREE")
    client = home.open(await home.make_key())
    read = {"method": "GET", "path": "/v1/websites"}
    response = await run(client, *[read] * 20)
    assert response.headers["x-ratelimit-remaining"] == "80"
    for _ in range(4):
        response = await run(client, *[read] * 20)
        assert {each["status"] for each in response.json()["data"]["answers"]} == {200}
    (refused,) = await answers(client, read)
    assert (refused["status"], refused["body"]["code"]) == (429, "RATE_LIMITED")
    assert int(refused["headers"]["retry-after"]) > 0
    assert code_of(await run(client, read, atomic=True)) == (422, "BATCH_UNDONE")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/batch"),
        ("POST", "/v1/events"),
        ("GET", "/v1/websites/{website_id}/events/export"),
        ("GET", "/v1/websites/{website_id}/visitors/anna/export"),
        ("POST", "/v1/costs/imports"),
    ],
)
@pytest.mark.parametrize("atomic", [False, True])
async def test_what_cannot_be_undone_or_told_is_not_let_in(client, website_id, method, path, atomic):
    body = {"requests": [{"method": "GET", "path": "/v1/workspace"}]}
    asked = {"method": method, "path": path.format(website_id=website_id), "body": body}
    response = await run(client, asked, atomic=atomic)
    found = response.json()["details"]["problem"] if atomic else response.json()["data"]["answers"][0]["body"]
    assert (found["status"], found["code"]) == (400, "NOT_IN_BATCH")


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"method": "GET", "path": "/v1/goals"}] * 21,
        [{"method": "TRACE", "path": "/v1/goals"}],
        [{"method": "GET", "path": "https://other.example/v1/goals"}],
        [{"method": "GET", "path": "/docs"}],
        [{"method": "GET", "path": "/v1/goals é"}],
        [{"method": "GET", "path": "/v1/\r\nX: y"}],
        [{"method": "GET", "path": "/v1/goals", "headers": {"API-Key": "x"}}],
        [{"method": "GET", "path": "/v1/goals", "if_none_match": "é\n"}],
    ],
)
async def test_a_batch_that_makes_no_sense_is_refused_as_a_whole(client, requests):
    assert (await client.post("/v1/batch", json={"requests": requests})).status_code == 400


@pytest.mark.parametrize(
    "path", ["/v1/../v1/goals", "/v1/goals/%2e%2e", "/v1/goals//", "/v1/%00", "/v1/goals?x=%ff"]
)
async def test_odd_paths_are_nothing_worse_in_a_batch_than_alone(client, path):
    alone = await client.get(path)
    (found,) = await answers(client, {"method": "GET", "path": path})
    if path != "/v1/../v1/goals":  # which clients make shorter themselves
        assert found["status"] == alone.status_code
    assert found["status"] in (400, 404)


async def test_nobody_gets_further_with_a_batch_than_without_a_credential(stranger):
    response = await run(stranger, {"method": "GET", "path": "/v1/workspace"})
    assert response.status_code == 401


async def test_atomic_batches_at_the_same_moment_lose_nothing(client, website_id):
    """Each changes the same two goals, and adds one."""
    goals = [await make_goal(client, website_id) for _ in range(2)]

    async def change(number: int) -> httpx.Response:
        patches = [
            {"method": "PATCH", "path": f"/v1/goals/{each}", "body": {"name": f"By {number}"}}
            for each in goals
        ]
        while True:
            response = await run(
                client, *patches, goal(website_id, condition=PAGE, name=str(number)), atomic=True
            )
            if response.status_code != 503:
                return response

    found = await asyncio.gather(*(change(number) for number in range(6)))
    assert {response.status_code for response in found} == {200}
    listed = await names(client, "/v1/goals")
    assert sorted(listed[2:]) == [str(number) for number in range(6)]
    assert listed[0] == listed[1]
