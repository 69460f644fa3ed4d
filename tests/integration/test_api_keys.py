"""API keys over HTTP: made, listed, changed, rotated and ended."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from cloudmetrics.accounts.access import service as access
from cloudmetrics.accounts.scopes import FULL, READ
from cloudmetrics.platform import clock
from cloudmetrics.platform.clock import iso
from tests.integration.conftest import alive, client_of, make_app, settings_for
from tests.waiting import PATIENCE

KEYS = "/v1/api-keys"
BAD = "INVALID_NETWORK"
# Where the clients of tests are.
LOCAL = ["11.0.0.0/8"]
ELSEWHERE = ["203.0.113.0/24"]


@pytest.fixture(scope="module")
async def second_worker(database_url, stores):
    """Another process of the service, as far as what it remembers is concerned."""
    app = make_app(settings_for(database_url, stores.redis_url))
    async with alive(app):
        yield app


async def make(client, **fields):
    response = await client.post(KEYS, json={"name": "Export", "preset": "FULL"} | fields)
    assert response.status_code == 201, response.text
    return response.json()["data"]


def body_of(key, **changes):
    fields = ("name", "scopes", "expires_at", "allowed_networks")
    return {name: key[name] for name in fields} | changes


async def status_with(app, key):
    async with client_of(app, key) as client:
        return (await client.get("/v1/workspace")).status_code


@pytest.mark.requirement("DF-4", "CM-4")
async def test_a_key_is_shown_once_and_then_told_by_its_ends(home, client):
    response = await client.post(KEYS, json={"name": "Export", "scopes": ["workspace:read"]})
    made = response.json()["data"]
    assert response.status_code == 201
    assert made["secret"].startswith("cm_live_")
    shown = (await client.get(response.headers["location"])).json()["data"]
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (shown["prefix"], shown["last_four"]) == (made["secret"][:8], made["secret"][-4:])
    assert (await client.get(KEYS)).json()["data"][-1] == shown
    assert made["secret"] not in (await client.get(KEYS)).text
    async with home.open(made["secret"]) as opened:
        assert (await opened.get("/v1/workspace")).status_code == 200
        assert (await opened.get("/v1/websites")).status_code == 403


@pytest.mark.requirement("CM-5")
async def test_presets_are_every_read_scope_and_all(client):
    assert (await make(client, preset="READ_ONLY"))["scopes"] == sorted(READ)
    assert (await make(client))["scopes"] == sorted(FULL)


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"scopes": ["metrics:read"], "preset": "FULL"}, "/scopes", "SCOPES_UNCLEAR"),
        ({}, "/scopes", "SCOPES_UNCLEAR"),
        ({"scopes": ["metrics:all"]}, "/scopes", "UNKNOWN_SCOPE"),
        ({"preset": "FULL", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at", "EXPIRY_PASSED"),
        ({"preset": "FULL", "expires_at": "2036-06-30T23:59:60Z"}, "/expires_at", "DATE_OUT_OF_RANGE"),
        ({"preset": "FULL", "expires_at": "9999-12-31T23:59:59-23:59"}, "/expires_at", "DATE_OUT_OF_RANGE"),
        ({"preset": "FULL", "allowed_networks": ["::/0", "10.0.0.1/8"]}, "/allowed_networks/1", BAD),
        ({"preset": "FULL", "allowed_networks": ["1.2.3.4/33"]}, "/allowed_networks/0", BAD),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_where_it_stands(client, fields, pointer, code):
    response = await client.post(KEYS, json={"name": "Export", **fields})
    assert response.status_code == 400
    (violation,) = response.json()["errors"]
    assert (violation["pointer"], violation["code"]) == (pointer, code)


@pytest.mark.requirement("CM-5", "PL-4")
async def test_nobody_can_give_a_key_what_they_lack(home):
    client = home.open(await home.make_key({"keys:admin", "metrics:read", "goals:full"}))
    for scopes in (["websites:read"], ["metrics:read", "goals:full", "events:write"]):
        response = await client.post(KEYS, json={"name": "More", "scopes": scopes})
        assert (response.status_code, response.json()["code"]) == (403, "SCOPE_NOT_HELD")
        assert response.json()["details"] == {"missing_scopes": [scopes[-1]]}
    response = await client.post(KEYS, json={"name": "Same", "scopes": ["metrics:read", "goals:full"]})
    assert response.status_code == 201


@pytest.mark.requirement("CM-5", "PL-4")
async def test_nobody_comes_by_more_through_somebody_elses_key(home, client):
    mighty = await make(client)
    weak = home.open(await home.make_key({"keys:admin"}))
    for response in (
        await weak.post(f"{KEYS}/{mighty['id']}/rotate", json={}),
        await weak.put(f"{KEYS}/{mighty['id']}", json=body_of(mighty, scopes=["keys:admin"])),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "SCOPE_NOT_HELD")
    # To end one is another matter: whoever manages keys may do that at any time.
    assert (await weak.delete(f"{KEYS}/{mighty['id']}")).status_code == 204


@pytest.mark.requirement("CM-12")
async def test_a_revoked_key_is_dead_within_a_second_in_every_worker(client, app, second_worker):
    made = await make(client)
    for worker in (app, second_worker):
        assert await status_with(worker, made["secret"]) == 200
    assert (await client.delete(f"{KEYS}/{made['id']}")).status_code == 204
    await asyncio.sleep(1)
    assert {await status_with(worker, made["secret"]) for worker in (app, second_worker)} == {401}
    # And it stays so: nobody remembers it anew.
    await asyncio.sleep(access.FRESH)
    assert {await status_with(worker, made["secret"]) for worker in (app, second_worker)} == {401}
    shown = (await client.get(f"{KEYS}/{made['id']}")).json()["data"]
    assert shown["status"] == "REVOKED"
    assert shown["revoked_at"] is not None
    assert (await client.delete(f"{KEYS}/{made['id']}")).status_code == 204


@pytest.mark.requirement("CM-12")
async def test_a_key_that_is_in_use_all_the_time_is_dead_within_a_second_of_its_revocation(client, app):
    """Also when look-ups run while the revocation is being committed."""
    made = await make(client)
    good: list[float] = []

    async def hammer():
        async with client_of(app, made["secret"]) as busy:
            while True:
                begun = time.monotonic()
                if (await busy.get("/v1/workspace")).status_code != 200:
                    return
                good.append(begun)

    hammering = [asyncio.ensure_future(hammer()) for _ in range(4)]
    await asyncio.sleep(0.2)
    await client.delete(f"{KEYS}/{made['id']}")
    revoked = time.monotonic()
    await asyncio.wait_for(asyncio.gather(*hammering), PATIENCE)
    assert max(good) - revoked < 1


@pytest.mark.requirement("CM-12")
async def test_a_key_ends_without_redis_as_quickly(client, database_url):
    app = make_app(settings_for(database_url, "redis://127.0.0.1:1/0"))
    async with alive(app):
        made = await make(client)
        assert await status_with(app, made["secret"]) == 200
        async with client_of(app, made["secret"]) as itself:
            assert (await itself.delete(f"{KEYS}/{made['id']}")).status_code == 204
        await asyncio.sleep(1)
        assert await status_with(app, made["secret"]) == 401


async def test_an_expired_key_is_refused_at_once_though_it_is_remembered(client, app, monkeypatch):
    soon = clock.now() + timedelta(minutes=10)
    made = await make(client, expires_at=iso(soon))
    assert await status_with(app, made["secret"]) == 200
    monkeypatch.setattr(clock, "now", lambda: soon)
    assert await status_with(app, made["secret"]) == 401
    assert (await client.get(f"{KEYS}/{made['id']}")).json()["data"]["status"] == "EXPIRED"
    listed = (await client.get(f"{KEYS}?status=EXPIRED")).json()["data"]
    assert [each["id"] for each in listed] == [made["id"]]
    response = await client.put(f"{KEYS}/{made['id']}", json=body_of(made, expires_at=None))
    assert (response.status_code, response.json()["code"]) == (409, "KEY_NOT_ACTIVE")


async def test_what_a_key_may_do_changes_within_a_second(home, client, second_worker):
    made = await make(client)
    assert await status_with(second_worker, made["secret"]) == 200
    changed = await client.put(
        f"{KEYS}/{made['id']}", json=body_of(made, name="Less", scopes=["metrics:read"])
    )
    assert changed.json()["data"] == {
        **{name: value for name, value in made.items() if name != "secret"},
        "name": "Less",
        "scopes": ["metrics:read"],
        "last_used_at": changed.json()["data"]["last_used_at"],
    }
    await asyncio.sleep(1)
    assert await status_with(second_worker, made["secret"]) == 403


@pytest.mark.requirement("DF-5")
async def test_a_key_works_only_from_its_networks(client, app):
    inside = await make(client, allowed_networks=[*ELSEWHERE, *LOCAL])
    outside = await make(client, allowed_networks=ELSEWHERE)
    assert await status_with(app, inside["secret"]) == 200
    async with client_of(app, outside["secret"], "192.0.2.7") as refused:
        response = await refused.get("/v1/workspace")
    assert (response.status_code, response.json()["code"]) == (403, "ADDRESS_NOT_ALLOWED")
    assert "192.0.2.7" in response.json()["detail"]


@pytest.mark.requirement("DF-5")
@pytest.mark.parametrize(
    ("address", "status"),
    [("203.0.113.9", 200), ("::ffff:203.0.113.9", 200), ("203.0.114.9", 403), ("x", 403)],
)
async def test_the_address_is_the_callers(client, app, address, status):
    made = await make(client, allowed_networks=["203.0.113.0/24", "2001:db8::/32"])
    async with client_of(app, made["secret"], address) as caller:
        assert (await caller.get("/v1/workspace")).status_code == status


@pytest.mark.requirement("CM-12")
async def test_a_rotated_key_lives_on_for_the_overlap(client, app, monkeypatch):
    old = await make(client, allowed_networks=LOCAL)
    response = await client.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_seconds": 60})
    assert response.status_code == 201
    new = response.json()["data"]
    assert response.headers["location"] == f"{KEYS}/{new['id']}"
    assert [new[name] for name in ("name", "scopes", "allowed_networks", "mode", "expires_at")] == [
        old[name] for name in ("name", "scopes", "allowed_networks", "mode", "expires_at")
    ]
    await asyncio.sleep(access.FRESH)
    assert {await status_with(app, key["secret"]) for key in (old, new)} == {200}
    shown = (await client.get(f"{KEYS}/{old['id']}")).json()["data"]
    assert (shown["rotated_to"], shown["status"]) == (new["id"], "ACTIVE")
    later = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await status_with(app, old["secret"]) == 401
    assert await status_with(app, new["secret"]) == 200


async def test_a_rotation_without_overlap_ends_the_old_key_at_once(client, app):
    old = await make(client)
    assert await status_with(app, old["secret"]) == 200
    new = (await client.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_seconds": 0})).json()["data"]
    await asyncio.sleep(1)
    assert [await status_with(app, key["secret"]) for key in (old, new)] == [401, 200]


async def test_the_overlap_prolongs_nothing(client):
    ends = iso((clock.now() + timedelta(hours=1)).replace(microsecond=0))
    old = await make(client, expires_at=ends)
    new = (await client.post(f"{KEYS}/{old['id']}/rotate", json={})).json()["data"]
    assert new["expires_at"] == ends
    assert (await client.get(f"{KEYS}/{old['id']}")).json()["data"]["expires_at"] == ends


async def test_a_key_is_rotated_once_however_many_try_at_the_same_time(client):
    old = await make(client)
    answers = await asyncio.gather(*(client.post(f"{KEYS}/{old['id']}/rotate", json={}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert len((await client.get(KEYS)).json()["data"]) == 3


async def test_a_revoked_key_is_neither_rotated_nor_changed(client):
    made = await make(client)
    await client.delete(f"{KEYS}/{made['id']}")
    for response in (
        await client.post(f"{KEYS}/{made['id']}/rotate", json={}),
        await client.put(f"{KEYS}/{made['id']}", json=body_of(made)),
    ):
        assert (response.status_code, response.json()["code"]) == (409, "KEY_NOT_ACTIVE")


@pytest.mark.requirement("B-4")
async def test_the_live_workspace_manages_the_keys_of_its_sandbox_and_never_the_other_way(home, client):
    test = await make(client, mode="TEST")
    assert test["secret"].startswith("cm_test_")
    assert [each["id"] for each in (await client.get(f"{KEYS}?mode=TEST")).json()["data"]] == [test["id"]]
    assert test["id"] not in (await client.get(KEYS)).text
    assert (await client.get(f"{KEYS}/{test['id']}")).json()["data"]["mode"] == "TEST"

    async with home.open(test["secret"]) as sandbox:
        assert (await make(sandbox))["mode"] == "TEST"
        for response in (
            await sandbox.post(KEYS, json={"name": "x", "preset": "FULL", "mode": "LIVE"}),
            await sandbox.get(f"{KEYS}?mode=LIVE"),
        ):
            assert (response.status_code, response.json()["code"]) == (403, "LIVE_CREDENTIAL_REQUIRED")
    rotated = (await client.post(f"{KEYS}/{test['id']}/rotate", json={})).json()["data"]
    assert rotated["secret"].startswith("cm_test_")
    assert (await client.delete(f"{KEYS}/{test['id']}")).status_code == 204


async def test_the_last_use_is_written_later_and_together(home, client, app, database_url):
    made = await make(client)
    assert made["last_used_at"] is None
    before = clock.now()
    async with home.open(made["secret"]) as used:
        for _ in range(5):
            await used.get("/v1/workspace")
    assert (await client.get(f"{KEYS}/{made['id']}")).json()["data"]["last_used_at"] is None
    other = make_app(settings_for(database_url, "redis://127.0.0.1:1/0"))
    async with alive(other):
        assert await status_with(other, made["secret"]) == 200
    # The process above has ended, and told before what it knew.
    shown = (await client.get(f"{KEYS}/{made['id']}")).json()["data"]["last_used_at"]
    assert iso(before) < shown < iso(clock.now())


async def test_lists_go_on_page_by_page(client):
    ids = [(await make(client, name=f"Key {number}"))["id"] for number in range(3)]
    listed, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"{KEYS}?limit=2" + (f"&cursor={cursor}" if cursor else ""))).json()
        listed += [each["id"] for each in page["data"]]
        cursor = page["pagination"]["next_cursor"]
    assert listed[-3:] == ids
    assert len(listed) == len(set(listed)) == 4


@pytest.mark.requirement("CM-12")
async def test_each_deed_stands_in_the_log_with_who_did_it(home, client):
    made = await make(client)
    await client.put(f"{KEYS}/{made['id']}", json=body_of(made, name="Other"))
    new = (await client.post(f"{KEYS}/{made['id']}/rotate", json={"overlap_seconds": 5})).json()["data"]
    await client.delete(f"{KEYS}/{made['id']}")
    entries = (await client.get(f"/v1/audit-log?subject_id={made['id']}")).json()["data"]
    assert [entry["action"] for entry in entries] == [
        "API_KEY_REVOKED", "API_KEY_ROTATED", "API_KEY_UPDATED", "API_KEY_CREATED",
    ]  # fmt: skip
    assert {entry["credential"]["kind"] for entry in entries} == {"API_KEY"}
    assert {entry["address"][:3] for entry in entries} == {"11."}
    assert entries[1]["details"] == {"rotated_to": new["id"], "overlap_seconds": 5}
    assert entries[2]["details"]["after"]["name"] == "Other"
    assert made["secret"] not in str(entries)


async def test_what_fails_leaves_no_trace_in_the_log(home, client, monkeypatch, database_url):
    made = await make(client)

    async def broken(*_):
        raise RuntimeError

    monkeypatch.setattr("cloudmetrics.accounts.access.service.note", broken)
    assert (await client.delete(f"{KEYS}/{made['id']}")).status_code == 500
    monkeypatch.undo()
    assert (await client.get(f"{KEYS}/{made['id']}")).json()["data"]["status"] == "ACTIVE"
    entries = (await client.get(f"/v1/audit-log?subject_id={made['id']}")).json()["data"]
    assert [entry["action"] for entry in entries] == ["API_KEY_CREATED"]


@pytest.mark.requirement("PL-12")
async def test_the_secret_is_nowhere_in_the_database(client, database_url):
    made = await make(client)
    with psycopg.connect(database_url) as everything:
        tables = everything.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            found = everything.execute(
                f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", [f"%{made['secret'][8:24]}%"]
            ).fetchone()
            assert found == (0,), table


async def test_a_key_that_never_was_is_not_found(client):
    for method in ("GET", "DELETE"):
        response = await client.request(method, f"{KEYS}/{uuid4()}")
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
