"""Workspaces over HTTP: their settings, and how they end and come back."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import GRACE
from cloudmetrics.platform import clock
from cloudmetrics.platform.clock import iso
from tests.integration.conftest import client_of, make_event, make_website, send_events
from tests.integration.people import token_of
from tests.integration.test_isolation import contents

SETTINGS = {
    "name": "Acme",
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "cors_origins": ["https://app.example.com", "http://localhost:3000"],
    "allowed_networks": ["11.0.0.0/8", "2001:db8::/32"],
}


def code_of(response):
    return response.status_code, response.json()["code"]


async def test_settings_are_replaced_in_the_sandbox_as_well(home, client):
    response = await client.put("/v1/workspace", json=SETTINGS)
    assert response.status_code == 200
    changed = response.json()["data"]
    assert {name: changed[name] for name in SETTINGS} == SETTINGS
    assert (await client.get("/v1/workspace")).json()["data"] == changed
    sandbox = home.open(await home.make_key(mode="test"))
    twin = (await sandbox.get("/v1/workspace")).json()["data"]
    assert twin == changed | {"id": str(home.workspace.sandbox_id), "is_sandbox": True}
    assert code_of(await sandbox.put("/v1/workspace", json=SETTINGS)) == (403, "LIVE_CREDENTIAL_REQUIRED")


async def test_the_plan_is_not_the_callers_to_change(client):
    plan = (await client.get("/v1/workspace")).json()["data"]["plan"]
    response = await client.put("/v1/workspace", json=SETTINGS | {"plan": "GROWTH"})
    assert code_of(response) == (400, "INVALID_REQUEST")
    assert (await client.get("/v1/workspace")).json()["data"]["plan"] == plan != "GROWTH"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("timezone", "Europe/Atlantis"),
        ("currency", "euro"),
        ("cors_origins", ["https://app.example.com/"]),
        ("cors_origins", ["*"]),
        ("cors_origins", ["null"]),
        ("allowed_networks", ["11.0.0.1/8"]),
        ("allowed_networks", ["localhost"]),
    ],
)
async def test_settings_that_make_no_sense_change_nothing(client, field, value):
    before = (await client.get("/v1/workspace")).json()
    response = await client.put("/v1/workspace", json=SETTINGS | {field: value})
    assert code_of(response) == (400, "INVALID_REQUEST")
    assert response.json()["errors"][0]["pointer"].startswith(f"/{field}")
    assert (await client.get("/v1/workspace")).json() == before


@pytest.mark.requirement("DF-5")
async def test_nobody_shuts_out_themselves(client):
    response = await client.put("/v1/workspace", json=SETTINGS | {"allowed_networks": ["203.0.113.0/24"]})
    assert code_of(response) == (409, "WOULD_LOCK_OUT")
    assert "from 11." in response.json()["detail"]


@pytest.mark.requirement("DF-5")
async def test_the_networks_of_a_workspace_bind_all_its_keys_within_a_second(home, client, app):
    async def from_afar(key):
        async with client_of(app, key, "203.0.113.9") as caller:
            return (await caller.get("/v1/workspace")).status_code

    keys = [await home.make_key(), await home.make_key(mode="test")]
    assert [await from_afar(key) for key in keys] == [200, 200]
    await client.put("/v1/workspace", json=SETTINGS)
    await asyncio.sleep(1)
    assert [await from_afar(key) for key in keys] == [403, 403]
    assert (await client.get("/v1/workspace")).status_code == 200


async def test_a_key_reaches_its_own_workspace_only(client, home):
    listed = (await client.get("/v1/workspaces")).json()
    assert [(each["id"], each["role"]) for each in listed["data"]] == [(str(home.workspace.id), None)]
    assert code_of(await client.post("/v1/workspaces", json={"name": "More"})) == (403, "PERSON_REQUIRED")
    assert code_of(await client.delete(f"/v1/workspaces/{home.workspace.id}")) == (403, "OWNER_REQUIRED")


async def test_a_person_makes_workspaces_and_owns_them(home):
    person = await home.make_person("EDITOR")
    assert code_of(await person.client.post("/v1/workspaces", json={"name": "Mine"})) == (
        403,
        "INSUFFICIENT_SCOPE",
    )
    person = await home.make_person("ADMIN")
    response = await person.client.post("/v1/workspaces", json={"name": " Mine "})
    assert response.status_code == 201
    made = response.json()["data"]
    assert (made["name"], made["plan"], made["timezone"], made["currency"], made["role"]) == (
        "Mine", "FREE", "UTC", "USD", "OWNER",
    )  # fmt: skip
    assert (await person.client.get(response.headers["location"])).json()["data"] == made
    listed = (await person.client.get("/v1/workspaces?limit=1")).json()
    assert [each["role"] for each in listed["data"]] == ["ADMIN"]
    rest = (await person.client.get(f"/v1/workspaces?cursor={listed['pagination']['next_cursor']}")).json()
    assert rest["data"] == [made]
    assert rest["pagination"]["has_more"] is False
    # The token's scopes hold in the workspace that it works in, not in every one that it sees.
    assert code_of(await person.client.put(f"/v1/workspaces/{made['id']}", json=SETTINGS)) == (
        404,
        "NOT_FOUND",
    )


async def test_a_person_can_be_a_member_of_only_so_many(home, monkeypatch):
    monkeypatch.setattr(workspaces, "MOST_WORKSPACES", 2)
    person = await home.make_person("OWNER")
    assert (await person.client.post("/v1/workspaces", json={"name": "Two"})).status_code == 201
    response = await person.client.post("/v1/workspaces", json={"name": "Three"})
    assert code_of(response) == (409, "WORKSPACE_LIMIT_REACHED")


@pytest.fixture
async def closed(home, client):
    """An owner, a key and a key of the sandbox, of a workspace that has just been deleted."""
    owner = await home.make_person("OWNER")
    test = home.open(await home.make_key(mode="test"))
    await send_events(client, make_event(await make_website(client)))
    for caller in (client, test):
        assert (await caller.get("/v1/workspace")).status_code == 200
    for _ in range(2):
        assert (await owner.client.delete(f"/v1/workspaces/{home.workspace.id}")).status_code == 204
    await asyncio.sleep(1)
    return owner, test


async def test_a_deleted_workspace_opens_for_no_key_and_can_be_restored(home, client, closed):
    owner, test = closed
    for caller in (client, test):
        assert (await caller.get("/v1/workspace")).status_code == 401
    shown = (await owner.client.get(f"/v1/workspaces/{home.workspace.id}")).json()["data"]
    assert shown["removed_after"] > shown["deleted_at"] > shown["created_at"]
    assert [each["id"] for each in (await owner.client.get("/v1/workspaces")).json()["data"]] == [shown["id"]]
    assert code_of(await owner.client.get("/v1/websites")) == (403, "INSUFFICIENT_SCOPE")

    restored = await owner.client.post(f"/v1/workspaces/{home.workspace.id}/restore")
    assert restored.json()["data"] == shown | {"deleted_at": None, "removed_after": None}
    await asyncio.sleep(1)
    for caller in (client, test):
        assert (await caller.get("/v1/workspace")).status_code == 200
    assert len((await client.get("/v1/websites")).json()["data"]) == 1
    again = await owner.client.post(f"/v1/workspaces/{home.workspace.id}/restore")
    assert again.json() == restored.json()


@pytest.mark.parametrize("role", ["ADMIN", "EDITOR", "VIEWER"])
async def test_only_an_owner_deletes_or_restores(home, role):
    person = await home.make_person(role)
    for method, path in (("DELETE", ""), ("POST", "/restore")):
        response = await person.client.request(method, f"/v1/workspaces/{home.workspace.id}{path}")
        assert response.status_code == 403
        assert response.json()["code"] in ("OWNER_REQUIRED", "INSUFFICIENT_SCOPE")


async def remove_all_that_is_due(database):
    for workspace_id in await workspaces.removals_due(database):
        await workspaces.remove(database, workspace_id)


def end_grace(database_url, home):
    """As if the days had gone by."""
    owners = [home.workspace.id, home.workspace.sandbox_id]
    with psycopg.connect(database_url) as everything:
        everything.execute(
            "UPDATE deleted_workspaces SET remove_after = now() - interval '1 s'"
            " WHERE workspace_id = ANY (%s)",
            [owners],
        )


async def test_within_the_grace_nothing_is_removed(home, closed, database, database_url):
    before = contents(database_url, home)
    await remove_all_that_is_due(database)
    assert contents(database_url, home) == before
    for owner in (home.workspace.id, home.workspace.sandbox_id, uuid4()):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await workspaces.remove(database, owner)
    assert contents(database_url, home) == before


async def test_after_the_grace_nothing_is_left(make_home, home, closed, database, database_url, monkeypatch):
    other = await make_home()
    await make_website(other.open(await other.make_key()))
    untouched = contents(database_url, other)
    assert sum(map(bool, contents(database_url, home).values())) >= 8
    end_grace(database_url, home)
    owner, _ = closed
    restored = await owner.client.post(f"/v1/workspaces/{home.workspace.id}/restore")
    assert code_of(restored) == (404, "NOT_FOUND")

    monkeypatch.setattr(workspaces, "ROWS_AT_ONCE", 1)
    await remove_all_that_is_due(database)

    assert {name: rows for name, rows in contents(database_url, home).items() if rows} == {}
    assert contents(database_url, other) == untouched
    assert home.workspace.id not in await workspaces.removals_due(database)


async def test_a_removal_that_was_cut_short_is_taken_up_again(
    home, closed, database, database_url, monkeypatch
):
    end_grace(database_url, home)
    remove_rows, left = workspaces.store.remove_rows, [3]

    async def dying(*arguments):
        if left[0] == 0:
            raise ConnectionError
        left[0] -= 1
        return await remove_rows(*arguments)

    monkeypatch.setattr(workspaces.store, "remove_rows", dying)
    with pytest.raises(ConnectionError):
        await workspaces.remove(database, home.workspace.id)
    monkeypatch.undo()
    assert home.workspace.id in await workspaces.removals_due(database)
    await remove_all_that_is_due(database)
    assert {name: rows for name, rows in contents(database_url, home).items() if rows} == {}


async def test_requests_that_are_counted_during_a_removal_go_too(
    home, closed, database, database_url, monkeypatch
):
    end_grace(database_url, home)
    remove_rows, counted = workspaces.store.remove_rows, []

    async def while_others_count(connection, workspace_id, table, most):
        if table == "workspaces" and not counted:
            counted.append(table)
            with psycopg.connect(database_url) as everything:
                everything.execute(
                    "INSERT INTO request_usage VALUES (%s, current_date, 'get-usage', %s, 200, 'API_KEY', 1)",
                    [workspace_id, uuid4()],
                )
        return await remove_rows(connection, workspace_id, table, most)

    monkeypatch.setattr(workspaces.store, "remove_rows", while_others_count)
    await workspaces.remove(database, home.workspace.id)

    assert counted
    assert home.workspace.id not in await workspaces.removals_due(database)


async def test_the_owners_hear_that_a_workspace_was_deleted(home, closed, mails):
    owner, _ = closed
    (mail,) = await mails(owner.user.email)
    assert home.workspace.name in mail.subject
    assert iso(clock.now() + GRACE - timedelta(days=1))[:8] <= mail.text[mail.text.index("Until") + 6 :][:8]


async def test_deleting_and_restoring_at_the_same_time_leave_it_whole(home, client):
    owner = await home.make_person("OWNER")
    path = f"/v1/workspaces/{home.workspace.id}"
    answers = await asyncio.gather(
        *(owner.client.delete(path) for _ in range(4)),
        *(owner.client.post(f"{path}/restore") for _ in range(4)),
    )
    assert {answer.status_code for answer in answers} == {200, 204}
    assert (await owner.client.post(f"{path}/restore")).status_code == 200
    await asyncio.sleep(1)
    assert (await client.get("/v1/workspace")).status_code == 200


async def test_a_member_of_two_workspaces_chooses_between_them(home, make_home, database, keyring):
    person = await home.make_person("OWNER")
    made = (await person.client.post("/v1/workspaces", json={"name": "Second"})).json()["data"]
    there = home.open(await token_of(database, keyring, person.user.id, UUID(made["id"])))
    assert (await there.put(f"/v1/workspaces/{made['id']}", json=SETTINGS)).status_code == 200
    assert (await there.delete(f"/v1/workspaces/{home.workspace.id}")).status_code == 404
    assert (await there.delete(f"/v1/workspaces/{made['id']}")).status_code == 204


async def test_each_deed_stands_in_the_log(home, client):
    owner = await home.make_person("OWNER")
    await client.put("/v1/workspace", json=SETTINGS)
    path = f"/v1/workspaces/{home.workspace.id}"
    await owner.client.delete(path)
    await owner.client.post(f"{path}/restore")
    await asyncio.sleep(1)
    entries = (await client.get(f"/v1/audit-log?subject_id={home.workspace.id}")).json()["data"]
    assert [entry["action"] for entry in entries] == [
        "WORKSPACE_RESTORED", "WORKSPACE_DELETED", "WORKSPACE_UPDATED", "WORKSPACE_CREATED",
    ]  # fmt: skip
    assert [entry["user_id"] for entry in entries] == [owner.id, owner.id, None, None]
    assert entries[2]["details"]["after"] == SETTINGS
    assert entries[2]["details"]["before"]["name"] == "Home"
