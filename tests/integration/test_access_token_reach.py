"""What an access token opens: its person's workspaces, as far as they reach at the moment."""

import asyncio

import pytest

from .oauth import give_password, make_program
from .test_access_tokens import tokens_of


async def test_a_demoted_person_takes_the_tokens_along(signed_in, client, stranger, person, home):
    program = await make_program(client, stranger, scopes=["websites:full", "team:read"])
    tokens = await tokens_of(signed_in, program, home.workspace.id, scope="websites:full")
    auth = {"Authorization": f"Bearer {tokens['access_token']}"}
    body = {"name": "W", "domain": "w.example"}
    assert (await stranger.post("/v1/websites", json=body, headers=auth)).status_code == 201

    await person.become(home.workspace.id, "VIEWER")
    await asyncio.sleep(1.1)

    assert (await stranger.post("/v1/websites", json=body, headers=auth)).status_code == 403
    assert (await program.call(tokens["access_token"])).status_code == 200
    await person.become(home.workspace.id, "EDITOR")
    await asyncio.sleep(1.1)
    body["domain"] = "w2.example"
    assert (await stranger.post("/v1/websites", json=body, headers=auth)).status_code == 201


async def test_a_removed_person_takes_the_tokens_along(signed_in, program, person, home):
    tokens = await tokens_of(signed_in, program, home.workspace.id)
    assert (await program.call(tokens["access_token"])).status_code == 200

    await person.become(home.workspace.id, "")
    await asyncio.sleep(1.1)

    assert (await program.call(tokens["access_token"])).status_code == 401
    assert (await program.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_new_password_ends_what_was_allowed_before(signed_in, program, person, home):
    tokens = await tokens_of(signed_in, program, home.workspace.id)
    assert (await program.call(tokens["access_token"])).status_code == 200

    await give_password(person)
    await asyncio.sleep(1.1)

    assert (await program.call(tokens["access_token"])).status_code == 401
    assert (await program.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await signed_in.http.get("/account")).status_code == 303


@pytest.mark.requirement("PL-5")
async def test_a_token_acts_in_the_workspace_that_the_header_names(
    signed_in, program, person, home, make_home
):
    second = await make_home(name="Second")
    await person.join(second.workspace.id, "VIEWER")
    tokens = await tokens_of(
        signed_in, program, home.workspace.id, second.workspace.id, scope="websites:full"
    )
    token, first = tokens["access_token"], tokens["workspace_ids"][0]
    made = await program.http.post(
        "/v1/websites",
        json={"name": "W", "domain": "w.example"},
        headers={"Authorization": f"Bearer {token}", "X-Tenant-Id": str(home.workspace.id)},
    )
    assert made.status_code == 201

    here = await program.call(token, **{"X-Tenant-Id": str(home.workspace.id)})
    there = await program.call(token, **{"X-Tenant-Id": str(second.workspace.id).upper()})
    default = await program.call(token)

    assert [each["domain"] for each in here.json()["data"]] == ["w.example"]
    assert there.json()["data"] == []
    assert default.json() == (here if first == str(home.workspace.id) else there).json()
    refused = await program.http.post(
        "/v1/websites",
        json={"name": "W", "domain": "w.example"},
        headers={"Authorization": f"Bearer {token}", "X-Tenant-Id": str(second.workspace.id)},
    )
    assert refused.status_code == 403
    assert refused.json()["code"] == "INSUFFICIENT_SCOPE"


async def test_a_program_is_told_when_the_person_left_one_of_two_workspaces(
    signed_in, program, person, home, make_home
):
    second = await make_home()
    await person.join(second.workspace.id)
    token = (await tokens_of(signed_in, program, home.workspace.id, second.workspace.id))["access_token"]

    await person.become(home.workspace.id, "")

    gone = await program.call(token, **{"X-Tenant-Id": str(home.workspace.id)})
    still = await program.call(token, **{"X-Tenant-Id": str(second.workspace.id)})
    assert (gone.status_code, still.status_code) == (403, 200)


async def test_a_program_is_let_into_a_workspace_that_it_makes_for_its_person(home, make_home, stranger):
    foreign = await make_home()
    person = await home.make_person("OWNER")

    made = (await person.client.post("/v1/workspaces", json={"name": "New"})).json()["data"]
    listed = [each["id"] for each in (await person.client.get("/v1/workspaces")).json()["data"]]
    await asyncio.sleep(1.1)
    there = await person.client.get("/v1/workspace", headers={"X-Tenant-Id": made["id"]})
    elsewhere = await person.client.get("/v1/workspace", headers={"X-Tenant-Id": str(foreign.workspace.id)})

    assert made["id"] in listed
    assert there.json()["data"]["id"] == made["id"]
    assert elsewhere.status_code == 403


async def test_a_token_is_held_to_its_workspaces_limits_networks_and_origins(home):
    person = await home.make_person("OWNER")
    settings = {"name": "H", "timezone": "UTC", "currency": "USD", "allowed_networks": []}
    origins = settings | {"cors_origins": ["https://app.example"]}
    assert (await person.client.put("/v1/workspace", json=origins)).status_code == 200
    await asyncio.sleep(1.1)

    listed = await person.client.get("/v1/websites", headers={"Origin": "https://app.example"})
    other = await person.client.get("/v1/websites", headers={"Origin": "https://evil.example"})

    assert listed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in other.headers
    assert int(listed.headers["x-ratelimit-limit"]) <= 300
    outsider = home.open(await home.make_key())
    bound = origins | {"allowed_networks": ["203.0.113.0/24", outsider._transport.client[0]]}
    assert (await outsider.put("/v1/workspace", json=bound)).status_code == 200
    await asyncio.sleep(1.1)
    refused = await person.client.get("/v1/websites")
    assert (refused.status_code, refused.json()["code"]) == (403, "ADDRESS_NOT_ALLOWED")
