"""Limits over HTTP: which of them holds for whom, and what is told of it."""

import asyncio
import re
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import pytest

from cloudmetrics.accounts.api_keys.secrets import generate
from cloudmetrics.accounts.limits.service import set_limits
from cloudmetrics.accounts.plans import PLANS, InvalidLimit
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import NotFound
from tests.integration.conftest import alive, client_of, make_app, make_event, make_website, settings_for
from tests.integration.running import PROJECT, environment

LIMIT_HEADERS = (
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit-policy",
    "ratelimit",
)


@pytest.fixture
async def two_workers(database_url, stores):
    """Two instances of the service, as two workers are, on the same stores."""
    async with AsyncExitStack() as stack:
        apps = [make_app(settings_for(database_url, stores.redis_url)) for _ in range(2)]
        for app in apps:
            await stack.enter_async_context(alive(app))
        yield apps


async def get(client, times=1, path="/v1/workspace"):
    return [await client.get(path) for _ in range(times)]


@pytest.mark.requirement("CM-6", "D6-5")
async def test_two_hundred_calls_at_once_on_a_bucket_of_fifty_admit_fifty(make_home, database, two_workers):
    home = await make_home()
    await set_limits(database, home.workspace.id, {"requests": "50/hour"})
    key = await home.make_key()
    clients = [client_of(app, key) for app in two_workers]
    responses = await asyncio.gather(*(clients[n % 2].get("/v1/workspace") for n in range(200)))
    statuses = [response.status_code for response in responses]
    assert (statuses.count(200), statuses.count(429)) == (50, 150)
    for client in clients:
        await client.aclose()


@pytest.mark.requirement("CM-6")
@pytest.mark.parametrize(("plan", "limit", "seconds"), [("FREE", 100, 3600), ("PRO", 1_000, 3600),
    ("STARTER", 100, 60), ("GROWTH", 500, 60), ("ENTERPRISE", 10_000, 3600)])  # fmt: skip
async def test_a_key_has_the_bucket_of_its_plan(make_home, plan, limit, seconds):
    home = await make_home(plan=plan)
    response = await home.open(await home.make_key()).get("/v1/workspace")
    assert f'"credential";q={limit};w={seconds}' in response.headers["ratelimit-policy"]
    assert f'"credential";r={limit - 1};t=' in response.headers["ratelimit"]


@pytest.mark.requirement("CM-6", "DF-6", "D6-5")
async def test_a_used_up_bucket_says_which_when_and_how_to_get_more(make_home):
    home = await make_home(plan="FREE")
    client = home.open(await home.make_key())
    before = time.time()
    *admitted, refused = await get(client, 101)
    assert {response.status_code for response in admitted} == {200}
    assert [int(response.headers["x-ratelimit-remaining"]) for response in admitted] == [*range(99, -1, -1)]
    assert refused.status_code == 429
    problem = refused.json()
    assert problem["code"] == "RATE_LIMITED"
    assert problem["details"] == {"policy": "credential", "limit": 100, "window_seconds": 3600}
    wait = int(refused.headers["retry-after"])
    # A token of a hundred an hour comes back in 36 s; the test itself took some of that.
    assert 36 - (time.time() - before) <= wait + 1 <= 37
    assert problem["detail"].startswith("The 100 requests of this credential per hour are used up.")
    assert f"Try again in {wait} s. A larger plan allows more." in problem["detail"]
    assert refused.headers["x-ratelimit-limit"] == "100"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert 0 <= int(refused.headers["x-ratelimit-reset"]) - time.time() - wait + 1 <= 2
    assert f'"credential";r=0;t={wait}' in refused.headers["ratelimit"]


async def test_each_key_has_a_bucket_of_its_own(make_home, database):
    home = await make_home()
    await set_limits(database, home.workspace.id, {"requests": "1/hour"})
    one, other = home.open(await home.make_key()), home.open(await home.make_key())
    assert [response.status_code for response in await get(one, 2)] == [200, 429]
    assert [response.status_code for response in await get(other, 2)] == [200, 429]


@pytest.mark.requirement("D6-5")
async def test_all_keys_of_a_workspace_share_its_window(make_home, database):
    home, neighbour = await make_home(), await make_home()
    await set_limits(database, home.workspace.id, {"workspace": "3"})
    clients = [home.open(await home.make_key()) for _ in range(4)]
    statuses = [(await client.get("/v1/workspace")).status_code for client in clients]
    assert statuses == [200, 200, 200, 429]
    refused = await clients[0].get("/v1/workspace")
    assert refused.json()["details"]["policy"] == "workspace"
    assert 55 <= int(refused.headers["retry-after"]) <= 62
    # What was refused took nothing of the key's own bucket.
    assert '"credential";r=9999' in refused.headers["ratelimit"]
    # A noisy neighbour harms nobody.
    assert (await get(neighbour.open(await neighbour.make_key())))[0].status_code == 200


async def test_a_number_of_the_workspace_stands_in_place_of_the_plans(make_home, database):
    home = await make_home(plan="FREE")
    await set_limits(database, home.workspace.id, {"requests": "5000/minute", "workspace": "7000"})
    policy = (await get(home.open(await home.make_key())))[0].headers["ratelimit-policy"]
    assert policy == '"workspace";q=7000;w=60, "credential";q=5000;w=60'


@pytest.mark.requirement("D6-5", "PL-13")
async def test_bad_credentials_use_up_the_window_of_their_address(app, home):
    address = "198.51.100.7"
    async with client_of(app, generate("live"), address) as bad, client_of(app, None, address) as none:
        statuses = []
        for client in (bad, none):
            statuses += [response.status_code for response in await get(client, 51)]
        assert (statuses.count(401), statuses.count(429)) == (100, 2)
        refused = await none.get("/v1/websites")
    assert refused.json()["details"] == {"policy": "address", "limit": 100, "window_seconds": 60}
    assert 1 <= int(refused.headers["retry-after"]) <= 62
    # Good credentials from the same address, and bad ones from another, are not touched.
    async with client_of(app, await home.make_key(), address) as good:
        assert (await good.get("/v1/workspace")).status_code == 200
    async with client_of(app, None, "198.51.100.8") as other:
        assert (await other.get("/v1/workspace")).status_code == 401


async def test_a_key_from_the_wrong_place_uses_up_the_window_of_its_address(client, app):
    body = {"name": "Office", "preset": "FULL", "allowed_networks": ["203.0.113.0/24"]}
    key = (await client.post("/v1/api-keys", json=body)).json()["data"]["secret"]
    async with client_of(app, key, "198.51.100.20") as outside:
        statuses = [response.status_code for response in await get(outside, 101)]
    assert (statuses.count(403), statuses.count(429)) == (100, 1)
    async with client_of(app, key, "203.0.113.20") as inside:
        assert (await inside.get("/v1/workspace")).status_code == 200


async def test_all_addresses_of_an_ipv6_network_are_one(app):
    for number in range(100):
        async with client_of(app, None, f"2001:db8:1:2:{number:x}::1") as client:
            assert (await client.get("/v1/workspace")).status_code == 401
    async with client_of(app, None, "2001:db8:1:2:ffff::1") as client:
        assert (await client.get("/v1/workspace")).status_code == 429
    async with client_of(app, None, "2001:db8:1:3::1") as client:
        assert (await client.get("/v1/workspace")).status_code == 401


async def test_an_address_that_was_made_up_is_not_believed(app):
    """Without trusted proxies, what X-Forwarded-For says changes nothing."""
    async with client_of(app, None, "198.51.100.9") as client:
        statuses = [
            (await client.get("/v1/workspace", headers={"X-Forwarded-For": f"203.0.113.{n}"})).status_code
            for n in range(101)
        ]
    assert (statuses.count(401), statuses.count(429)) == (100, 1)


async def test_behind_a_trusted_proxy_each_client_is_counted_for_itself(database_url, stores):
    settings = settings_for(database_url, stores.redis_url)
    app = make_app(replace(settings, trusted_proxies=(ip_network("192.0.2.0/24"),)))
    async with alive(app), client_of(app, None, "192.0.2.1") as proxy:
        for number in range(102):
            sent = {"X-Forwarded-For": f"9.9.9.{number}, 203.0.113.77"}
            response = await proxy.get("/v1/workspace", headers=sent)
            assert response.status_code == (401 if number < 100 else 429)
        sent = {"X-Forwarded-For": "203.0.113.78"}
        assert (await proxy.get("/v1/workspace", headers=sent)).status_code == 401


@pytest.mark.requirement("CM-6")
async def test_every_answer_tells_how_the_caller_stands(home, stranger):
    client, blind = home.open(await home.make_key()), home.open(await home.make_key(set()))
    answers = [
        await client.get("/v1/workspace"),
        await client.head("/v1/workspace"),
        await client.get("/v1/metrics?nonsense=1"),
        await client.get(f"/v1/goals/{uuid4()}"),
        await client.post("/v1/websites", content=b"{"),
        await blind.get("/v1/workspace"),
        await stranger.get("/v1/workspace"),
        await client.post("/v1/events", json={"events": []}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 404, 415, 403, 401, 400]
    for answer in answers:
        assert all(answer.headers.get_list(name) for name in LIMIT_HEADERS), answer.status_code
        policies, limits = answer.headers["ratelimit-policy"], answer.headers["ratelimit"]
        assert re.fullmatch(r'"[a-z]+";q=\d+;w=\d+(, "[a-z]+";q=\d+;w=\d+)*', policies)
        assert re.fullmatch(r'"[a-z]+";r=\d+;t=\d+(, "[a-z]+";r=\d+;t=\d+)*', limits)


async def test_what_is_no_operation_is_not_counted(client):
    for path in ("/healthz", "/docs", "/v1/nothing"):
        assert "ratelimit" not in (await client.get(path)).headers


async def test_limits_come_before_the_scope_and_the_body(make_home, database):
    home = await make_home()
    await set_limits(database, home.workspace.id, {"requests": "1/hour"})
    client = home.open(await home.make_key({"metrics:read"}))
    assert (await client.post("/v1/websites", content=b"{")).status_code == 403
    assert (await client.post("/v1/websites", content=b"{")).status_code == 429


async def test_requests_with_events_have_a_window_of_their_own(make_home, database):
    home = await make_home()
    client = home.open(await home.make_key())
    website = await make_website(client)
    await set_limits(database, home.workspace.id, {"requests": "1/hour", "ingest": "2"})
    fresh = home.open(await home.make_key())
    batch = {"events": [make_event(website)]}
    assert [(await fresh.post("/v1/events", json=batch)).status_code for _ in range(3)] == [200, 200, 429]
    assert [response.status_code for response in await get(fresh, 2)] == [200, 429]


async def test_limits_can_be_turned_off(database_url, stores, make_home, database):
    home = await make_home()
    await set_limits(database, home.workspace.id, {"requests": "1/hour"})
    app = make_app(replace(settings_for(database_url, stores.redis_url), rate_limits=False))
    async with alive(app), client_of(app, await home.make_key()) as client:
        responses = await get(client, 5)
    assert {response.status_code for response in responses} == {200}
    assert "ratelimit" not in responses[0].headers


@pytest.mark.requirement("D6-5")
def test_the_guide_tells_the_plans_as_they_are():
    guide = (Path(__file__).parents[2] / "docs/guides/limits.md").read_text(encoding="utf-8")
    units = {60: "minute", 3600: "hour"}
    for plan, allowance in PLANS.items():
        rate = f"{allowance.requests.limit:,} per {units[allowance.requests.seconds]}"
        row = [plan, rate, f"{allowance.workspace:,}", f"{allowance.ingest:,}", f"{allowance.events:,}"]
        assert f"| {' | '.join(row)} |" in guide


async def test_an_operator_grants_limits_and_takes_them_back(database, make_home):
    home = await make_home()
    granted = await set_limits(database, home.workspace.id, {"requests": "7/minute", "agent": "3"})
    assert granted == {"requests": [7, 60], "agent": 3}
    assert await set_limits(database, home.workspace.id, {"agent": "plan"}) == {"requests": [7, 60]}
    for wrong in ({"agent": "none"}, {"nothing": "plan"}):
        with pytest.raises(InvalidLimit):
            await set_limits(database, home.workspace.id, wrong)
    with pytest.raises(NotFound):
        await set_limits(database, uuid4(), {"agent": "3"})


@pytest.mark.slow
def test_limits_are_granted_by_a_command(database_url, stores, tmp_path):
    command = [sys.executable, "-m", "cloudmetrics", "limits", "--workspace"]
    environ = environment(DATABASE_URL=database_url, REDIS_URL=stores.redis_url, DATA_DIR=tmp_path / "data",
                          CLOUDMETRICS_SECRET_KEY="a secret key of the tests, 32 bytes or more")  # fmt: skip
    workspace = asyncio.run(made(database_url))

    def run(*arguments):
        return subprocess.run([*command, *arguments], env=environ, cwd=PROJECT, capture_output=True,
                              text=True, timeout=30, check=False)  # fmt: skip

    granted = run(workspace, "requests=5000/minute", "agent=20")
    assert granted.returncode == 0, granted.stderr
    assert "agent 20, requests 5000/60 s" in granted.stdout
    assert "none, those of its plan hold" in run(workspace, "requests=plan", "agent=plan").stdout
    for wrong in ([workspace, "agent=many"], [str(uuid4())], ["home"]):
        refused = run(*wrong)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("cloudmetrics: ")


async def made(database_url):
    database = Database(database_url)
    workspace = await workspaces.create_workspace(database, name="Granted")
    await database.close()
    return str(workspace.id)
