"""Undo: what was deleted can be restored for 30 days, and is gone for good then."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

# Whatever runs jobs has all of them registered.
import cloudmetrics.worker  # noqa: F401
from cloudmetrics.accounts.trash import jobs as trash
from cloudmetrics.accounts.trash.models import GRACE
from cloudmetrics.analytics.websites import store as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.jobs import JobContext
from cloudmetrics.platform.jobs.registry import REGISTRY, Services
from tests.integration.conftest import make_event, make_website, send_events, settings_for
from tests.integration.test_goals import EVENT, code_of, make_goal
from tests.integration.working import jobs_of, working
from tests.waiting import eventually

QUERIES = [
    ("GET", "/v1/websites/{website_id}"),
    ("GET", "/v1/websites/{website_id}/visitors"),
    ("GET", "/v1/websites/{website_id}/visitors/anna"),
    ("GET", "/v1/websites/{website_id}/events/export"),
    ("GET", "/v1/metrics?website_id={website_id}"),
    ("GET", "/v1/revenue?website_id={website_id}&dimension=source"),
    ("GET", "/v1/events?website_id={website_id}"),
    ("GET", "/v1/goals?website_id={website_id}"),
    ("GET", "/v1/goals/{goal_id}"),
    ("GET", "/v1/goals/{goal_id}/completions"),
    ("GET", "/v1/events/e1"),
]


async def ids(client, url: str) -> list[str]:
    response = await client.get(url)
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["data"]]


@pytest.fixture
async def shop(client) -> dict[str, str]:
    """A website with events and a goal; and what its addresses need."""
    website_id = await make_website(client, domain="shop.example.com")
    await send_events(
        client, make_event(website_id, id="e1"), make_event(website_id, id="e2", name="purchase")
    )
    return {"website_id": website_id, "goal_id": await make_goal(client, website_id)}


async def answers(client, shop: dict[str, str]) -> list[tuple[int, object]]:
    """What is answered of a website wherever it shows, but for the lines of an export."""
    found = []
    for method, url in QUERIES:
        response = await client.request(method, url.format(**shop))
        found.append((response.status_code, response.text))
    return found


async def test_a_website_comes_back_as_it_was(client, shop):
    url = f"/v1/websites/{shop['website_id']}"
    before = await answers(client, shop)
    assert {status for status, _ in before} == {200}

    assert (await client.delete(url)).status_code == 204
    assert {status for status, _ in await answers(client, shop)} == {404}
    assert await ids(client, "/v1/websites") == []
    listed = (await client.get("/v1/websites?status=DELETED")).json()["data"]
    assert [each["id"] for each in listed] == [shop["website_id"]]
    assert listed[0]["deleted_at"] < listed[0]["removed_after"]

    restored = await client.post(f"{url}/restore")
    assert restored.status_code == 200
    assert restored.json()["data"]["deleted_at"] is None
    assert await answers(client, shop) == before
    assert await ids(client, "/v1/websites?status=DELETED") == []
    # Twice is as good as once.
    assert (await client.post(f"{url}/restore")).json() == restored.json()


async def test_what_is_sent_to_a_deleted_website_is_refused(client, shop):
    url = f"/v1/websites/{shop['website_id']}"
    await client.delete(url)
    receipts = await send_events(client, make_event(shop["website_id"], id="e3"))
    assert [(each["status"], each["code"]) for each in receipts["receipts"]] == [
        ("REJECTED", "UNKNOWN_WEBSITE")
    ]
    await client.post(f"{url}/restore")
    assert await ids(client, f"/v1/events?website_id={shop['website_id']}") == ["e2", "e1"]
    receipts = await send_events(client, make_event(shop["website_id"], id="e3"))
    assert receipts["receipts"][0]["status"] == "ACCEPTED"


async def test_a_domain_that_was_taken_meanwhile_stands_against_it(client, shop):
    url = f"/v1/websites/{shop['website_id']}"
    await client.delete(url)
    other = await make_website(client, domain="shop.example.com")
    refused = await client.post(f"{url}/restore")
    assert code_of(refused) == (409, "DOMAIN_TAKEN")
    assert await ids(client, "/v1/websites") == [other]
    # Nothing was done, so it still can be restored once the domain is free.
    await client.delete(f"/v1/websites/{other}")
    assert (await client.post(f"{url}/restore")).status_code == 200


async def test_a_goal_comes_back_alone(client, shop):
    url = f"/v1/goals/{shop['goal_id']}"
    before = (await client.get(url)).json()["data"]
    completed = (await client.get(f"{url}/completions")).json()
    await client.delete(url)
    assert code_of(await client.put(url, json={"name": "Goal", "condition": EVENT})) == (404, "NOT_FOUND")
    assert (await client.get("/v1/websites?expand=goals")).json()["data"][0]["goals"] == []
    assert await ids(client, "/v1/goals") == []
    (deleted,) = (await client.get("/v1/goals?status=DELETED")).json()["data"]
    assert {**deleted, "deleted_at": None, "removed_after": None} == before
    assert (await client.post(f"{url}/restore")).json()["data"] == before
    assert (await client.get(f"{url}/completions")).json() == completed


async def test_what_was_deleted_by_itself_stays_deleted(client, shop):
    website, goal = f"/v1/websites/{shop['website_id']}", f"/v1/goals/{shop['goal_id']}"
    kept = await make_goal(client, shop["website_id"])
    await client.delete(goal)
    await client.delete(website)
    assert await ids(client, "/v1/goals?status=DELETED") == []
    assert code_of(await client.post(f"{goal}/restore")) == (404, "NOT_FOUND")
    await client.post(f"{website}/restore")
    assert await ids(client, "/v1/goals") == [kept]
    assert await ids(client, "/v1/goals?status=DELETED") == [shop["goal_id"]]
    assert (await client.post(f"{goal}/restore")).status_code == 200


async def test_deeds_and_their_undoing_stand_in_the_audit_log(client, shop):
    for url in (f"/v1/goals/{shop['goal_id']}", f"/v1/websites/{shop['website_id']}"):
        await client.delete(url)
        await client.post(f"{url}/restore")
        await client.post(f"{url}/restore")
    entries = (await client.get("/v1/audit-log?sort=recorded_at:asc&fields=action,subject,details")).json()[
        "data"
    ]
    told = [each for each in entries if each["subject"]["kind"] in ("GOAL", "WEBSITE")]
    assert [each["action"] for each in told] == [
        "GOAL_DELETED", "GOAL_RESTORED", "WEBSITE_DELETED", "WEBSITE_RESTORED"
    ]  # fmt: skip
    assert told[0]["details"] == {"name": "Goal"}


@pytest.mark.requirement("CM-5", "PL-5")
@pytest.mark.parametrize("kind", ["goal", "website"])
async def test_only_who_may_delete_may_restore(home, client, make_home, shop, kind):
    url = f"/v1/{kind}s/{shop[f'{kind}_id']}"
    await client.delete(url)
    reader = home.open(await home.make_key([f"{kind}s:read"]))
    assert code_of(await reader.post(f"{url}/restore")) == (403, "INSUFFICIENT_SCOPE")
    stranger = (await make_home()).open(await (other := await make_home()).make_key())
    assert code_of(await stranger.post(f"{url}/restore")) == (404, "NOT_FOUND")
    assert await ids(other.open(await other.make_key()), f"/v1/{kind}s?status=DELETED") == []
    editor = home.open(await home.make_key([f"{kind}s:full"]))
    assert (await editor.post(f"{url}/restore")).status_code == 200


async def test_of_several_that_restore_at_once_all_see_it_live(client, shop):
    url = f"/v1/websites/{shop['website_id']}"
    await client.delete(url)
    restored = await asyncio.gather(*(client.post(f"{url}/restore") for _ in range(6)))
    assert {each.status_code for each in restored} == {200}
    assert len(await ids(client, "/v1/audit-log?action=WEBSITE_RESTORED")) == 1


async def test_a_visitor_is_erased_from_a_deleted_website_too(client, shop):
    url = f"/v1/websites/{shop['website_id']}"
    await client.delete(url)
    erased = await client.delete(f"{url}/visitors/anna")
    assert erased.json()["data"]["removed"]["events"] == 2
    await client.post(f"{url}/restore")
    assert await ids(client, f"/v1/events?website_id={shop['website_id']}") == []
    assert code_of(await client.delete(f"/v1/websites/{uuid4()}/visitors/anna")) == (404, "NOT_FOUND")


async def remains(database, home, shop: dict[str, str]) -> dict[str, int]:
    """How many rows each table has of the website."""
    tenant = Tenant(database, home.workspace.id)
    counts = {}
    for table in await websites.tables_of_websites(database):
        (row,) = await tenant.read(
            f"SELECT count(*) AS rows FROM {table} WHERE website_id = %(id)s",
            {"id": UUID(shop["website_id"])},
        )
        counts[table] = row["rows"]
    return {table: count for table, count in counts.items() if count}


async def run_purge(context, home, kind: str, thing_id: str) -> None:
    await trash.purge(context, workspace_id=home.workspace.id, kind=kind, thing_id=thing_id)


@pytest.fixture
def job_context(database, database_url, keyring, stores) -> JobContext:
    settings = settings_for(database_url, stores.redis_url)
    return JobContext(Services(database, None, keyring, settings), 0)


@pytest.fixture
def later(monkeypatch):
    """Moves the time of the whole service."""

    def move(by: timedelta) -> None:
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + by)

    return move


async def test_after_thirty_days_a_website_is_removed_with_all_that_it_had(
    client, home, database, job_context, shop, later, website_id
):
    await send_events(client, make_event(website_id, id="other"))
    url = f"/v1/websites/{shop['website_id']}"
    assert {"events", "visits", "visitor_days", "goals", "websites"} <= set(
        await remains(database, home, shop)
    )
    await client.delete(url)
    later(GRACE - timedelta(minutes=1))
    await run_purge(job_context, home, "WEBSITE", shop["website_id"])
    assert "events" in await remains(database, home, shop)
    assert (await client.post(f"{url}/restore")).status_code == 200
    await client.delete(url)

    later(GRACE)
    assert code_of(await client.post(f"{url}/restore")) == (404, "NOT_FOUND")
    await run_purge(job_context, home, "WEBSITE", shop["website_id"])
    assert await remains(database, home, shop) == {}
    assert await ids(client, "/v1/websites?status=DELETED") == []
    assert code_of(await client.post(f"{url}/restore")) == (404, "NOT_FOUND")
    # Twice does no harm, and nobody else lost anything.
    await run_purge(job_context, home, "WEBSITE", shop["website_id"])
    assert (await client.get("/v1/events/other")).status_code == 200


async def test_half_removed_it_stays_away_wherever_the_clock_goes(
    client, home, database, job_context, shop, later, monkeypatch
):
    await client.delete(f"/v1/websites/{shop['website_id']}")
    remove = websites.remove_rows

    async def broken(tenant, website_id, table, most):
        if table == "visits":
            raise RuntimeError("the power went")
        return await remove(tenant, website_id, table, most)

    with monkeypatch.context() as patch:
        patch.setattr(websites, "remove_rows", broken)
        real = clock.now
        patch.setattr(clock, "now", lambda: real() + GRACE)
        with pytest.raises(RuntimeError):
            await run_purge(job_context, home, "WEBSITE", shop["website_id"])
    assert "visits" in await remains(database, home, shop)
    assert code_of(await client.post(f"/v1/websites/{shop['website_id']}/restore")) == (404, "NOT_FOUND")
    assert code_of(await client.delete(f"/v1/websites/{shop['website_id']}/visitors/anna")) == (
        404,
        "NOT_FOUND",
    )
    await run_purge(job_context, home, "WEBSITE", shop["website_id"])
    assert await remains(database, home, shop) == {}


@pytest.mark.parametrize("kind", ["GOAL", "DASHBOARD", "FUNNEL"])
async def test_after_thirty_days_other_things_go_too(client, home, database, job_context, shop, later, kind):
    name = kind.lower()
    condition = {"kind": "EVENT", "event_name": "signup"}
    bodies = {
        "GOAL": {"website_id": shop["website_id"], "name": "Goal", "condition": condition},
        "DASHBOARD": {"name": "Weekly"},
        "FUNNEL": {
            "website_id": shop["website_id"],
            "name": "Buying",
            "steps": [condition, EVENT],
            "window_hours": 24,
        },
    }
    made = await client.post(f"/v1/{name}s", json=bodies[kind])
    assert made.status_code == 201, made.text
    thing_id = made.json()["data"]["id"]
    await client.delete(f"/v1/{name}s/{thing_id}")
    later(GRACE)
    assert code_of(await client.post(f"/v1/{name}s/{thing_id}/restore")) == (404, "NOT_FOUND")
    await run_purge(job_context, home, kind, thing_id)
    rows = await Tenant(database, home.workspace.id).read(
        f"SELECT FROM {name}s WHERE {name}_id = %(id)s", {"id": UUID(thing_id)}
    )
    assert rows == []


async def test_what_is_due_is_found_by_the_clock_of_its_workspace(client, home, database, job_context, shop):
    from cloudmetrics.accounts.trash import store

    await client.delete(f"/v1/goals/{shop['goal_id']}")
    ours = (home.workspace.id, "GOAL", UUID(shop["goal_id"]))
    assert ours not in await store.due(database, clock.now())
    assert ours in await store.due(database, clock.now() + GRACE)
    async with database.transaction(home.workspace.id) as transaction:
        await transaction.execute(
            "INSERT INTO test_clocks (workspace_id, ahead) VALUES (%(id)s, interval '31 days')",
            {"id": home.workspace.id},
        )
    assert ours in await store.due(database, clock.now())


async def test_the_worker_empties_the_trash(client, home, database, database_url, stores, job_context, shop):
    tenant = Tenant(database, home.workspace.id)
    await client.delete(f"/v1/goals/{shop['goal_id']}")
    async with tenant.transaction() as transaction:
        await transaction.execute(
            "UPDATE trash SET remove_after = now() WHERE workspace_id = %(id)s", {"id": home.workspace.id}
        )

    async def is_gone() -> bool:
        rows = await tenant.read("SELECT FROM goals WHERE goal_id = %(id)s", {"id": UUID(shop["goal_id"])})
        return rows == []

    await trash.look(job_context)
    settings = settings_for(database_url, stores.redis_url)
    async with working(settings, jobs_of(REGISTRY["trash.purge"])):
        await eventually(is_gone)
    assert await ids(client, "/v1/goals?status=DELETED") == []
