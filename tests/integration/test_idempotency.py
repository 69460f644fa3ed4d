"""Idempotency-Key: what has a key is done once, whoever repeats it, and answered as at first."""

import asyncio
import json
import sys
from datetime import timedelta
from uuid import uuid4

import httpx
import psycopg
import pytest

from cloudmetrics.gateway.exchanges import jobs, store
from cloudmetrics.platform import clock

from .conftest import make_website
from .test_goals import EVENT, code_of

pytestmark = pytest.mark.requirement("PL-9")


def website(**fields) -> dict:
    return {"name": "Shop", "domain": f"{uuid4().hex}.example.com"} | fields


def keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid4())}


async def count_websites(client: httpx.AsyncClient) -> int:
    return len((await client.get("/v1/websites")).json()["data"])


def without_trace(response: httpx.Response) -> dict[str, str]:
    """The headers that belong to the answer, not to the exchange."""
    own = ("content-type", "content-length", "location", "etag", "cache-control")
    return {name: value for name, value in response.headers.items() if name in own}


async def test_a_repeated_request_is_answered_byte_for_byte_and_done_once(client):
    headers, body = keyed(), website(name="Läden 🙂")
    first = await client.post("/v1/websites", json=body, headers=headers)
    again = await client.post("/v1/websites", json=body, headers=headers)

    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert without_trace(again) == without_trace(first)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await count_websites(client) == 1


async def test_fifty_at_once_make_one(client):
    headers, body = keyed(), website()

    async def insist() -> httpx.Response:
        while True:
            response = await client.post("/v1/websites", json=body, headers=headers)
            if response.status_code != 409:
                return response
            assert code_of(response) == (409, "IDEMPOTENCY_KEY_IN_USE")
            assert response.headers["retry-after"] == "1"
            await asyncio.sleep(0.02)

    answers = await asyncio.gather(*(insist() for _ in range(50)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await count_websites(client) == 1


@pytest.mark.parametrize("change", ["body", "query", "path", "method"])
async def test_another_request_with_the_key_is_refused(client, website_id, change):
    headers, body = keyed(), {"website_id": website_id, "name": "Goal", "condition": EVENT}
    assert (await client.post("/v1/goals", json=body, headers=headers)).status_code == 201
    other = {
        "body": ("POST", "/v1/goals", body | {"name": "Goal "}),
        "query": ("POST", "/api/v1/goals", body),
        "path": ("POST", "/v1/websites", website()),
        "method": ("DELETE", f"/v1/websites/{website_id}", None),
    }[change]
    response = await client.request(other[0], other[1], json=other[2], headers=headers)
    assert code_of(response) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await client.get(f"/v1/websites/{website_id}")).status_code == 200


async def test_a_refusal_leaves_the_key_free(client):
    headers, body = keyed(), website()
    taken = await make_website(client, domain=body["domain"])
    # Refused by the handler, by the contract, and before anybody looked at it.
    assert code_of(await client.post("/v1/websites", json=body, headers=headers)) == (409, "DOMAIN_TAKEN")
    assert (await client.post("/v1/websites", json={}, headers=headers)).status_code == 400
    strange = await client.post("/v1/websites", json=body, headers=headers | {"API-Key": "cm_live_no"})
    assert strange.status_code == 401
    await client.delete(f"/v1/websites/{taken}")

    made = await client.post("/v1/websites", json=body, headers=headers)
    assert made.status_code == 201
    assert "idempotency-replayed" not in made.headers


async def test_a_failure_undoes_everything_and_leaves_the_key_free(client, monkeypatch):
    headers, body = keyed(), website()
    with monkeypatch.context() as patch:
        patch.setattr(store.queries, "keep", "SELECT 1 / 0")
        failed = await client.post("/v1/websites", json=body, headers=headers)
    assert failed.status_code == 500
    assert await count_websites(client) == 0
    assert (await client.post("/v1/websites", json=body, headers=headers)).status_code == 201


async def test_a_secret_that_is_shown_once_is_shown_again_and_kept_sealed(client, home, database_url):
    headers, body = keyed(), {"name": "export", "scopes": ["events:read"], "allowed_networks": []}
    first = await client.post("/v1/api-keys", json=body, headers=headers)
    again = await client.post("/v1/api-keys", json=body, headers=headers)
    assert again.content == first.content
    secret = first.json()["data"]["secret"]
    assert secret.startswith("cm_live_")
    with psycopg.connect(database_url) as everything:
        rows = everything.execute(
            "SELECT answer, key_digest FROM kept_answers WHERE workspace_id = %s", [home.workspace.id]
        ).fetchall()
    assert len(rows) == 1
    assert secret.encode() not in b"".join(map(bytes, rows[0]))


async def test_keys_belong_to_whoever_chose_them(home):
    key = keyed()
    ways = [
        home.open(await home.make_key()),
        home.open(await home.make_key()),
        home.open(await home.make_key(mode="test")),
        (await home.make_person()).client,
    ]
    made = [await each.post("/v1/websites", json=website(), headers=key) for each in ways]
    assert [answer.status_code for answer in made] == [201] * 4
    assert len({answer.json()["data"]["id"] for answer in made}) == 4


@pytest.mark.parametrize(
    ("key", "is_good"),
    [
        ("!", True),
        ("x" * 255, True),
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', True),
        ("'; DROP TABLE kept_answers; --".replace(" ", ""), True),
        ("", False),
        ("x" * 256, False),
        ("two words", False),
        ("tab\tbed", False),
        ("é".encode(), False),
        (b"\xff\x00", False),
    ],
)
async def test_keys_are_visible_ascii(client, key, is_good):
    body = website()
    answers = [
        await client.post("/v1/websites", json=body, headers={"Idempotency-Key": key}) for _ in range(2)
    ]
    if is_good:
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].content == answers[1].content
    else:
        assert [answer.status_code for answer in answers] == [400, 400]
        assert answers[0].json()["errors"][0]["parameter"] == "Idempotency-Key"


async def test_a_key_that_is_sent_twice_in_one_request_is_refused(client):
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    response = await client.post("/v1/websites", json=website(), headers=[*client.headers.items(), *twice])
    assert response.status_code == 400


async def test_a_deleted_thing_is_deleted_again(client, website_id):
    headers = keyed()
    first = await client.delete(f"/v1/websites/{website_id}", headers=headers)
    again = await client.delete(f"/v1/websites/{website_id}", headers=headers)
    assert (first.status_code, again.status_code) == (204, 204)
    assert again.headers["idempotency-replayed"] == "true"
    assert (await client.delete(f"/v1/websites/{website_id}")).status_code == 404


async def test_what_can_be_repeated_anyway_needs_no_key(client, website_id):
    """The header is of no importance there, and one key may go with anything."""
    headers = keyed("k")
    question = {"metrics": ["visitors"], "website_ids": [website_id]}
    for answer in [await client.get("/v1/websites", headers=headers) for _ in range(2)]:
        assert answer.status_code == 200
        assert "idempotency-replayed" not in answer.headers
    assert (await client.post("/v1/metrics/query", json=question, headers=headers)).status_code != 422


async def test_kept_answers_are_forgotten_after_a_day_and_not_before(client, home, database, database_url):
    old, young = keyed(), keyed()
    body = website()
    assert (await client.post("/v1/websites", json=body, headers=old)).status_code == 201
    with psycopg.connect(database_url) as everything:
        everything.execute(
            "UPDATE kept_answers SET answered_at = answered_at - interval '26 hours' WHERE workspace_id = %s",
            [home.workspace.id],
        )
    assert (await client.post("/v1/websites", json=website(), headers=young)).status_code == 201
    # Even a job with the wrong idea of the time removes nothing that is younger than a day.
    await store.forget(database, clock.now() + timedelta(days=1), jobs.MOST)

    with psycopg.connect(database_url) as everything:
        rows = everything.execute(
            "SELECT answered_at FROM kept_answers WHERE workspace_id = %s", [home.workspace.id]
        ).fetchall()
    assert len(rows) == 1
    assert code_of(await client.post("/v1/websites", json=body, headers=old)) == (409, "DOMAIN_TAKEN")


@pytest.mark.requirement("PL-18")
async def test_whenever_the_process_is_killed_the_retry_finds_one_effect_and_one_answer(
    home, database_url, stores
):
    api_key = await home.make_key()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.dying", database_url, stores.redis_url, api_key,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0
    steps = [json.loads(line) for line in said.splitlines() if line.startswith(b'{"message"')]
    assert len(steps) == 3 * steps[0]["of"] > 20

    for step in steps:
        first, second = step["retries"]
        where = f"{step['way']} message {step['message']} of {step['of']}"
        assert step["dead"], where
        assert (first["status"], second["status"]) == (201, 201), where
        assert first["made"] == second["made"] == 1, where
        assert first["body"] == second["body"], where
        assert second["replayed"] == "true", where
        is_stored = step["message"] == step["of"] and step["way"] == "after"
        # Only the COMMIT makes it so; whether a COMMIT that was merely sent arrived is anybody's guess.
        if not (step["message"] == step["of"] and step["way"] == "sent"):
            assert (first["replayed"] == "true") == is_stored, where
