"""OAuth clients over the API: registered, changed, and ended."""

import asyncio
from uuid import uuid4

import pytest

from cloudmetrics.accounts.scopes import FULL

from .oauth import make_program

BODY = {
    "name": "Weekly Mailer",
    "kind": "CONFIDENTIAL",
    "grant_types": ["AUTHORIZATION_CODE"],
    "redirect_uris": ["https://mailer.example/callback"],
    "scopes": ["metrics:read"],
}


async def create(client, **changes):
    return await client.post("/v1/oauth-clients", json=BODY | changes)


async def test_a_secret_is_shown_once(client):
    made = await create(client)
    assert made.status_code == 201
    data = made.json()["data"]
    assert data["secret"].startswith("cm_secret_")

    found = await client.get(made.headers["location"])
    listed = await client.get("/v1/oauth-clients")

    assert found.json()["data"] == {key: value for key, value in data.items() if key != "secret"}
    assert listed.json()["data"] == [found.json()["data"]]
    assert data["secret"] not in found.text + listed.text


async def test_a_public_client_has_no_secret(client):
    data = (await create(client, kind="PUBLIC")).json()["data"]
    assert data["secret"] is None
    refused = await client.post(f"/v1/oauth-clients/{data['id']}/rotate-secret", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "CLIENT_HAS_NO_SECRET")


@pytest.mark.parametrize(
    "uri",
    [
        "https://mailer.example",
        "https://mailer.example/",
        "https://mailer.example:8443/cb?from=cloudmetrics",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:7000/cb",
        "http://[::1]:7000/cb",
        "http://localhost:3000/cb",
    ],
)
async def test_an_address_that_a_code_may_be_sent_to(client, uri):
    assert (await create(client, redirect_uris=[uri])).status_code == 201


@pytest.mark.parametrize(
    "uri",
    [
        "http://mailer.example/cb",
        "https://mailer.example/cb#fragment",
        "https://mailer.example/cb#",
        "https://anna@mailer.example/cb",
        "https://mailer.example@evil.example/cb",
        "https://*.mailer.example/cb",
        "https://Mailer.example/cb",
        "HTTPS://mailer.example/cb",
        "https://mailer.example\\@evil.example/cb",
        "https://mailer.example/c b",
        "https://mailer.example/cb\n",
        "https://mailer.example/é",
        "https:mailer.example/cb",
        "https:///cb",
        "//mailer.example/cb",
        "/cb",
        "mailer.example/cb",
        "http://127.0.0.2/cb",
        "http://0.0.0.0/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "myapp:/cb",
        "com.example.app:/cb",
        "https://mailer.example/" + "x" * 500,
    ],
)
async def test_an_address_that_no_code_may_be_sent_to(client, uri):
    response = await create(client, redirect_uris=["https://mailer.example/", uri])

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == ["/redirect_uris/1"]


async def test_an_app_may_have_a_scheme_of_its_own(client):
    uris = ["com.example.app:/done"]
    assert (await create(client, kind="PUBLIC", redirect_uris=uris)).status_code == 201
    for bad in ("javascript:alert(1)", "myapp:/cb", "com.example.app:done", "com.example.app"):
        assert (await create(client, kind="PUBLIC", redirect_uris=[bad])).status_code == 400


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "PUBLIC", "grant_types": ["CLIENT_CREDENTIALS"]}, "/grant_types"),
        ({"redirect_uris": []}, "/redirect_uris"),
        ({"scopes": ["metrics:read", "every:thing"]}, "/scopes"),
        ({"scopes": []}, "/scopes"),
        ({"grant_types": []}, "/grant_types"),
        ({"grant_types": ["IMPLICIT"]}, "/grant_types/0"),
        ({"name": " "}, "/name"),
        ({"secret": "mine"}, "/secret"),
    ],
)
async def test_what_cannot_be_a_client_is_refused_where_it_is_wrong(client, change, pointer):
    response = await create(client, **change)
    assert response.status_code == 400
    assert pointer in [error["pointer"] for error in response.json()["errors"]]


async def test_nobody_gives_a_client_more_than_they_have(home):
    narrow = home.open(await home.make_key({"keys:admin", "metrics:read", "websites:full"}))

    assert (await create(narrow, scopes=["websites:read", "metrics:read"])).status_code == 201
    refused = await create(narrow, scopes=["metrics:read", "team:admin"])

    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_NOT_HELD")
    assert refused.json()["details"]["missing_scopes"] == ["team:admin"]


async def test_nobody_takes_over_a_client_that_may_do_more_than_they(home, client, stranger):
    program = await make_program(client, stranger, grant_types=["CLIENT_CREDENTIALS"], scopes=["team:admin"])
    narrow = home.open(await home.make_key({"keys:admin"}))

    refused = await narrow.post(f"/v1/oauth-clients/{program.id}/rotate-secret", json={})

    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_NOT_HELD")
    assert refused.json()["details"]["missing_scopes"] == ["team:admin"]


async def test_the_old_secret_lives_on_for_as_long_as_was_chosen(client, stranger):
    program = await make_program(client, stranger, grant_types=["CLIENT_CREDENTIALS"])
    rotate = f"/v1/oauth-clients/{program.id}/rotate-secret"

    second = (await client.post(rotate, json={"overlap_seconds": 60})).json()["data"]["secret"]
    assert (await program.own_token()).status_code == 200
    assert (await program.own_token(auth=(program.id, second))).status_code == 200

    third = (await client.post(rotate, json={})).json()["data"]["secret"]
    assert (await program.own_token()).status_code == 401
    assert (await program.own_token(auth=(program.id, second))).status_code == 401
    assert (await program.own_token(auth=(program.id, third))).status_code == 200


async def test_what_is_taken_from_a_client_is_gone_within_a_second(client, stranger):
    program = await make_program(
        client, stranger, grant_types=["CLIENT_CREDENTIALS"], scopes=["metrics:read", "websites:read"]
    )
    token = (await program.own_token()).json()["access_token"]
    assert (await program.call(token)).status_code == 200
    changed = {key: value for key, value in BODY.items() if key != "kind"}

    body = changed | {"grant_types": ["CLIENT_CREDENTIALS"], "scopes": ["metrics:read"]}
    assert (await client.put(f"/v1/oauth-clients/{program.id}", json=body)).status_code == 200
    await asyncio.sleep(1.1)
    assert (await program.call(token)).status_code == 403

    body = changed | {"grant_types": ["AUTHORIZATION_CODE"]}
    assert (await client.put(f"/v1/oauth-clients/{program.id}", json=body)).status_code == 200
    await asyncio.sleep(1.1)
    assert (await program.call(token)).status_code == 401


async def test_a_deleted_client_is_dead_with_all_its_tokens(client, stranger):
    program = await make_program(
        client, stranger, grant_types=["CLIENT_CREDENTIALS"], scopes=["websites:read"]
    )
    token = (await program.own_token()).json()["access_token"]
    assert (await program.call(token)).status_code == 200

    assert (await client.delete(f"/v1/oauth-clients/{program.id}")).status_code == 204

    assert (await client.delete(f"/v1/oauth-clients/{program.id}")).status_code == 404
    assert (await client.get(f"/v1/oauth-clients/{program.id}")).status_code == 404
    assert (await program.own_token()).status_code == 401
    await asyncio.sleep(1.1)
    assert (await program.call(token)).status_code == 401


async def test_another_workspaces_client_is_not_there(client, stranger, make_home):
    other = await make_home()
    foreign = other.open(await other.make_key())
    program = await make_program(client, stranger)
    body = {key: value for key, value in BODY.items() if key != "kind"}

    for client_id in (program.id, str(uuid4())):
        address = f"/v1/oauth-clients/{client_id}"
        assert (await foreign.get(address)).status_code == 404
        assert (await foreign.put(address, json=body)).status_code == 404
        assert (await foreign.delete(address)).status_code == 404
        assert (await foreign.post(f"{address}/rotate-secret", json={})).status_code == 404
    assert (await foreign.get("/v1/oauth-clients")).json()["data"] == []
    assert (await client.get(f"/v1/oauth-clients/{program.id}")).status_code == 200


async def test_clients_are_listed_page_by_page(client):
    names = [f"client {number}" for number in range(5)]
    for name in names:
        assert (await create(client, name=name)).status_code == 201
    found, cursor = [], None
    while True:
        page = (
            await client.get(
                "/v1/oauth-clients", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
            )
        ).json()
        found += [each["name"] for each in page["data"]]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert found == names


async def test_a_client_of_a_test_key_acts_in_the_sandbox(home, stranger):
    sandbox = home.open(await home.make_key(FULL, mode="test"))
    program = await make_program(
        sandbox, stranger, grant_types=["CLIENT_CREDENTIALS"], scopes=["workspace:read"]
    )

    token = (await program.own_token()).json()["access_token"]

    there = (await program.call(token, "/v1/workspace")).json()["data"]["id"]
    assert there == str(home.workspace.sandbox_id)
