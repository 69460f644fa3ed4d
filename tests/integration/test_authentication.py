"""Who may call, over HTTP."""

import asyncio
import time
from datetime import timedelta

import httpx
import pytest

from cloudmetrics.accounts.api_keys.secrets import generate
from cloudmetrics.gateway import authentication
from cloudmetrics.platform import clock
from tests.integration.conftest import client_of


def without_ids(problem: dict) -> dict:
    return {key: value for key, value in problem.items() if key != "trace_id"}


@pytest.mark.requirement("CM-5")
async def test_full_includes_read(home):
    client = home.open(await home.make_key({"websites:full"}))
    assert (await client.get("/v1/websites")).status_code == 200


@pytest.mark.requirement("CM-4", "DF-4")
@pytest.mark.parametrize(
    "header", ["API-Key: {}", "api-key: {}", "Authorization: Bearer {}", "authorization: bearer {}"]
)
async def test_a_key_is_taken_from_either_header(home, stranger, header):
    name, _, value = header.format(await home.make_key()).partition(": ")
    response = await stranger.get("/v1/workspace", headers={name: value})
    assert response.status_code == 200
    assert response.json()["data"]["id"] == str(home.workspace.id)


async def test_one_good_credential_of_two_is_enough(home, stranger):
    headers = {"API-Key": "rubbish", "Authorization": f"Bearer {await home.make_key()}"}
    assert (await stranger.get("/v1/workspace", headers=headers)).status_code == 200


MALFORMED = [
    b"",
    b" ",
    b"rubbish",
    b"cm_live_",
    b"cm_live_" + b"0" * 36,
    b"cm_live_" + b"0" * 35,
    b"cm_live_" + b"0" * 5000,
    b"cm_prod_" + b"0" * 36,
    b"\xff\xfe",
    b"cm_live_\xc3\xa9" + b"0" * 34,
    b"' OR 1=1 --",
    b"null",
    b"Bearer cm_live_x",
    b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
]


@pytest.mark.requirement("CM-12")
@pytest.mark.parametrize("scheme", [(b"API-Key", b""), (b"Authorization", b"Bearer ")])
async def test_bad_keys_of_every_kind_look_the_same(stranger, scheme):
    name, prefix = scheme
    unknown = generate("live").encode()
    answers = []
    for key in [unknown, unknown[:-1] + b"!", *MALFORMED]:
        response = await stranger.get("/v1/workspace", headers=[(name, prefix + key)])
        assert response.status_code == 401, key
        answers.append((without_ids(response.json()), response.headers["www-authenticate"]))
    assert all(answer == answers[0] for answer in answers)


async def test_other_schemes_are_no_credential(home, stranger):
    key = await home.make_key()
    for value in (f"Basic {key}", key, f"Token {key}"):
        response = await stranger.get("/v1/workspace", headers={"Authorization": value})
        assert response.status_code == 401


@pytest.mark.requirement("B-4")
async def test_a_test_key_sees_only_the_sandbox(home, client):
    sandbox = home.open(await home.make_key(mode="test"))
    live_id = (await client.post("/v1/websites", json={"name": "L", "domain": "l.example"})).json()["data"][
        "id"
    ]
    assert (await sandbox.get("/v1/workspace")).json()["data"]["id"] == str(home.workspace.sandbox_id)
    assert (await sandbox.get("/v1/websites")).json()["data"] == []
    assert (await sandbox.get(f"/v1/websites/{live_id}")).status_code == 404
    # The same domain is free there.
    assert (await sandbox.post("/v1/websites", json={"name": "L", "domain": "l.example"})).status_code == 201


async def test_many_requests_at_once_are_answered(home):
    client = home.open(await home.make_key())
    responses = await asyncio.gather(*(client.get("/v1/workspace") for _ in range(100)))
    assert {response.status_code for response in responses} == {200}


async def test_a_head_request_has_no_body(client: httpx.AsyncClient):
    response = await client.head("/v1/workspace")
    assert (response.status_code, response.content) == (200, b"")


BODIES = [b"x" * 60_000, "cm_live_ключ".encode(), b"cm_live_" + b"0" * 36 + b", cm_live_" + b"0" * 36]


@pytest.mark.requirement("CM-12")
async def test_two_credentials_at_once_are_judged_like_one(home, stranger):
    bad = [(b"API-Key", b"rubbish"), (b"Authorization", b"Bearer rubbish")]
    response = await stranger.get("/v1/workspace", headers=bad)
    assert (response.status_code, response.json()["code"]) == (401, "UNAUTHORIZED")
    good = (await home.make_key()).encode()
    # The same header twice is one value with a comma in it, and so is no key.
    response = await stranger.get("/v1/workspace", headers=[(b"API-Key", good), (b"API-Key", good)])
    assert response.status_code == 401


@pytest.mark.requirement("CM-12")
async def test_bad_keys_of_every_kind_take_the_same_time(home, client, app, monkeypatch):
    """Whether a key never was, was revoked, has expired or cannot even be one: as long as any look-up."""
    monkeypatch.setattr(authentication, "REFUSAL_SECONDS", 0.5)
    revoked = (await client.post("/v1/api-keys", json={"name": "k", "preset": "FULL"})).json()["data"]
    await client.delete(f"/v1/api-keys/{revoked['id']}")
    expired = await home.make_key(expires_at=clock.now() - timedelta(days=1))
    keys = [generate("live").encode(), revoked["secret"].encode(), expired.encode(), *MALFORMED[1:], *BODIES]

    async def refused(key: bytes) -> tuple[int, str]:
        begun = time.monotonic()
        # Strangers are limited by their address.
        async with client_of(app) as stranger:
            response = await stranger.get("/v1/workspace", headers=[(b"API-Key", key)])
        assert time.monotonic() - begun >= 0.5, key
        return response.status_code, str(without_ids(response.json()))

    ((status, _),) = set(await asyncio.gather(*map(refused, keys)))
    assert status == 401
