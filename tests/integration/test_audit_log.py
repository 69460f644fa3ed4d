"""The audit log: read with filters, and changed by nobody."""

from datetime import timedelta

import psycopg
import pytest

from cloudmetrics.platform import clock
from cloudmetrics.platform.clock import iso
from tests.integration.billing import CSV, charge, focus

LOG = "/v1/audit-log"


@pytest.fixture
async def deeds(home, client):
    """Three keys were made by an owner, and one of them revoked by a key."""
    owner = await home.make_person("OWNER")
    made = [
        (await owner.client.post("/v1/api-keys", json={"name": str(number), "preset": "FULL"})).json()["data"]
        for number in range(3)
    ]
    await client.delete(f"/v1/api-keys/{made[0]['id']}")
    return owner, made


async def test_entries_tell_who_did_what_from_where_and_with_what(home, client, deeds):
    owner, made = deeds
    response = await client.get(f"{LOG}?limit=2")
    revoked, created = response.json()["data"]
    assert (revoked["action"], revoked["subject"]) == (
        "API_KEY_REVOKED",
        {"kind": "API_KEY", "id": made[0]["id"]},
    )
    assert revoked["user_id"] is None
    assert revoked["credential"]["kind"] == "API_KEY"
    assert (created["action"], created["user_id"]) == ("API_KEY_CREATED", owner.id)
    assert created["credential"]["kind"] == "OAUTH_TOKEN"
    assert created["address"].startswith("11.")
    assert created["details"]["name"] == "2"
    request = await client.get("/v1/workspace", headers={"X-Request-ID": "mine"})
    assert request.headers["x-request-id"] == "mine"
    await client.delete(f"/v1/api-keys/{made[1]['id']}", headers={"X-Request-ID": "traced"})
    assert (await client.get(f"{LOG}?limit=1")).json()["data"][0]["request_id"] == "traced"


async def test_filters_are_joined_by_and(client, deeds):
    owner, made = deeds

    async def found(**filters):
        response = await client.get(LOG, params=filters)
        assert response.status_code == 200, response.text
        return [(entry["action"], entry["subject"]["id"]) for entry in response.json()["data"]]

    # That the owner let a program in is the first.
    assert len(await found(user_id=owner.id)) == 4
    assert await found(action="API_KEY_REVOKED") == [("API_KEY_REVOKED", made[0]["id"])]
    assert await found(action="API_KEY_REVOKED", user_id=owner.id) == []
    assert len(await found(subject_id=made[0]["id"])) == 2
    (revoked, *_) = (await client.get(LOG)).json()["data"]
    used = revoked["credential"]["id"]
    assert await found(credential_id=used) == [("API_KEY_REVOKED", made[0]["id"])]
    moment = revoked["recorded_at"]
    assert await found(**{"from": moment}) == [("API_KEY_REVOKED", made[0]["id"])]
    assert ("API_KEY_REVOKED", made[0]["id"]) not in await found(to=moment)
    assert await found(to=iso(clock.now() - timedelta(days=1))) == []


async def test_pages_stay_put_while_entries_come_in(client, deeds):
    listed, cursor = [], None
    while True:
        parameters = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(LOG, params=parameters)).json()
        listed += [entry["id"] for entry in page["data"]]
        await client.post("/v1/api-keys", json={"name": "More", "preset": "FULL"})
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert listed == sorted(set(listed), reverse=True)
    # The workspace, the client's key, the owner's program and that it was let in, three keys, one revoked.
    assert len(listed) == 8


async def test_a_cursor_fits_only_the_filters_that_it_came_with(client, deeds):
    cursor = (await client.get(f"{LOG}?limit=1")).json()["pagination"]["next_cursor"]
    response = await client.get(LOG, params={"cursor": cursor, "action": "API_KEY_CREATED"})
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize("moment", ["2026-06-30T23:59:60Z", "9999-12-31T23:59:59-01:00"])
async def test_a_moment_that_does_not_exist_is_refused(client, moment):
    response = await client.get(LOG, params={"from": moment})
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "from"


@pytest.mark.requirement("PL-12")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET address = NULL",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "INSERT INTO audit_log SELECT * FROM audit_log"
        " ON CONFLICT (workspace_id, entry_id) DO UPDATE SET action = ''",
        "ALTER TABLE audit_log DISABLE ROW LEVEL SECURITY",
        "SELECT remove_tenant_rows('audit_log', 1)",
    ],
)
async def test_the_role_that_serves_can_only_add(home, client, database, deeds, statement):
    before = (await client.get(LOG)).json()["data"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with database.transaction(home.workspace.id) as transaction:
            await transaction.execute(statement)
    assert (await client.get(LOG)).json()["data"] == before


async def deeds_of(client, subject_id: str) -> list[tuple[str, str]]:
    """What was done to something, oldest first."""
    entries = (await client.get(LOG, params={"subject_id": subject_id})).json()["data"]
    return [(entry["action"], entry["subject"]["kind"]) for entry in reversed(entries)]


async def test_who_decides_what_may_be_spent_is_written_down(client):
    body = {"name": "Cloud", "amount": {"amount_minor": 100_000, "currency": "USD"}}
    made = await client.post("/v1/costs/budgets", json=body)
    url, budget = made.headers["location"], made.json()["data"]["id"]
    await client.put(url, json=body | {"name": "Clouds"})
    await client.patch(url, json={"amount": {"amount_minor": 200_000}})
    await client.delete(url)
    assert await deeds_of(client, budget) == [
        (action, "BUDGET")
        for action in ("BUDGET_CREATED", "BUDGET_UPDATED", "BUDGET_UPDATED", "BUDGET_DELETED")
    ]
    (entry, *_) = (await client.get(LOG, params={"action": "BUDGET_DELETED"})).json()["data"]
    assert entry["details"] == {"name": "Clouds", "amount": {"amount_minor": 200_000, "currency": "USD"}}


async def test_whose_costs_are_whose_and_which_bills_came_in_is_written_down(client, website_id):
    body = {"tag_key": "app", "tag_value": "shop", "website_id": website_id}
    made = await client.post("/v1/costs/allocations", json=body)
    assert (await client.post("/v1/costs/allocations", json=body)).status_code == 409
    await client.delete(made.headers["location"])
    assert await deeds_of(client, made.json()["data"]["id"]) == [
        ("ALLOCATION_CREATED", "ALLOCATION"),
        ("ALLOCATION_DELETED", "ALLOCATION"),
    ]
    sent = await client.post("/v1/costs/imports", content=focus(charge()), headers=CSV)
    assert sent.status_code == 202, sent.text
    assert await deeds_of(client, sent.json()["data"]["id"]) == [("COST_IMPORT_CREATED", "COST_IMPORT")]
