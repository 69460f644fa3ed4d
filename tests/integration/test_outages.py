"""PostgreSQL and Redis go away and come back; the service goes on."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
import redis

from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.scopes import FULL
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import Plan
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.embedded import Stores, child_user
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.processes import Child
from cloudmetrics.platform.signing import Keyring
from tests.integration.conftest import (
    SECRET,
    alive,
    client_of,
    make_app,
    make_event,
    make_website,
    send_events,
    settings_for,
)

pytestmark = pytest.mark.requirement("PL-18", "D6-11")


@dataclass
class Machine:
    """A service on stores of its own, which can be stopped."""

    client: httpx.AsyncClient
    website_id: str
    postgres: Child
    redis: Child
    stores: Stores

    async def start(self, child: Child) -> None:
        child.start()
        await asyncio.to_thread(child.await_ready)

    async def ready(self) -> tuple[int, dict]:
        response = await self.client.get("/readyz")
        return response.status_code, response.json()["checks"]


@pytest.fixture(scope="module")
async def machine() -> AsyncIterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-tests-") as name:
        folder = Path(name).resolve()  # noqa: ASYNC240
        stores = Stores(folder, durable=False, user=child_user(folder))
        stores.prepare()
        postgres, redis = stores.postgres(), stores.redis()
        try:
            for child in (postgres, redis):
                child.start()
                await asyncio.to_thread(child.await_ready)
            await migrate(stores.database_url)
            async with service_on(stores, await make_key(stores)) as client:
                yield Machine(client, await make_website(client), postgres, redis, stores)
        finally:
            for child in (redis, postgres):
                await asyncio.to_thread(child.stop)
            stores.clean_up()


async def make_key(stores: Stores, plan: Plan = "ENTERPRISE") -> str:
    database = Database(stores.database_url)
    workspace = await workspaces.create_workspace(database, name="W", plan=plan)
    _, key = await api_keys.create_key(database, Keyring(SECRET), workspace, name="k", scopes=FULL)
    await database.close()
    return key


@asynccontextmanager
async def service_on(stores: Stores, key: str) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(settings_for(stores.database_url, stores.redis_url))
    async with alive(app), client_of(app, key) as client:
        yield client


async def test_while_postgresql_is_away_requests_are_told_and_afterwards_answered(machine):
    client = machine.client
    # All connections of the pool have been used.
    await asyncio.gather(*(client.get("/v1/workspace") for _ in range(20)))
    await asyncio.to_thread(machine.postgres.stop)
    for path in ("/v1/workspace", "/v1/websites", "/v1/metrics"):
        response = await client.get(path)
        assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert response.headers["retry-after"] == "2"
    response = await client.post("/v1/events", json={"events": [make_event(machine.website_id)]})
    assert response.status_code == 503
    status, checks = await machine.ready()
    assert (status, checks["redis"]) == (503, "ok")
    assert "cannot be reached" in checks["postgresql"]
    assert (await client.get("/healthz")).status_code == 200
    await machine.start(machine.postgres)
    responses = await asyncio.gather(*(client.get("/v1/workspace") for _ in range(20)))
    assert {response.status_code for response in responses} == {200}
    assert (await machine.ready())[0] == 200


async def test_a_restart_of_postgresql_between_requests_goes_unnoticed(machine):
    await asyncio.gather(*(machine.client.get("/v1/workspace") for _ in range(20)))
    await asyncio.to_thread(machine.postgres.stop)
    await machine.start(machine.postgres)
    assert (await machine.client.get("/v1/metrics")).status_code == 200
    assert (await send_events(machine.client, make_event(machine.website_id)))["accepted"] == 1


async def test_a_restart_under_load_answers_200_or_503_and_loses_no_accepted_event(machine):
    accepted: set[str] = set()
    statuses: set[int] = set()
    done = asyncio.Event()

    async def send(prefix: int) -> None:
        number = 0
        while not done.is_set():
            number += 1
            event = make_event(machine.website_id, id=f"{prefix}-{number}")
            response = await machine.client.post("/v1/events", json={"events": [event]})
            statuses.add(response.status_code)
            if response.status_code == 200:
                accepted.add(event["id"])
            await asyncio.sleep(0.001)

    senders = [asyncio.ensure_future(send(prefix)) for prefix in range(6)]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(machine.postgres.stop)
    await asyncio.sleep(0.3)
    await machine.start(machine.postgres)
    before = len(accepted)
    await asyncio.sleep(0.5)
    done.set()
    await asyncio.gather(*senders)
    assert statuses == {200, 503}
    assert len(accepted) > before > 0
    with psycopg.connect(machine.stores.database_url) as connection:
        stored = {row[0] for row in connection.execute("SELECT event_id FROM events").fetchall()}
    assert accepted <= stored


async def test_without_redis_requests_succeed_and_its_return_is_noticed(machine):
    client = machine.client
    assert (await client.get("/v1/workspace")).status_code == 200
    await asyncio.to_thread(machine.redis.stop)
    responses = await asyncio.gather(*(client.get("/v1/workspace") for _ in range(30)))
    assert {response.status_code for response in responses} == {200}
    assert (await send_events(client, make_event(machine.website_id)))["accepted"] == 1
    status, checks = await machine.ready()
    assert (status, checks["postgresql"], checks["migrations"]) == (503, "ok", "ok")
    assert "cannot be reached" in checks["redis"]
    await machine.start(machine.redis)
    assert (await machine.ready())[0] == 200
    await asyncio.sleep(1.1)
    assert (await client.get("/v1/workspace")).status_code == 200


@pytest.mark.slow
async def test_a_postgresql_that_hangs_is_given_up(machine, monkeypatch):
    """Stopped but not ended, it takes connections and statements and never answers."""
    monkeypatch.setattr("cloudmetrics.platform.connection.ANSWER_SECONDS", 0.5)
    process = machine.postgres.process
    assert process is not None
    processes = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for each in processes:
        each.suspend()
    try:
        responses = await asyncio.gather(*(machine.client.get("/v1/workspace") for _ in range(8)))
        assert {response.status_code for response in responses} == {503}
    finally:
        for each in processes:
            each.resume()
    assert (await machine.client.get("/v1/workspace")).status_code == 200
    assert (await send_events(machine.client, make_event(machine.website_id)))["accepted"] == 1


async def test_a_redis_that_hangs_costs_half_a_second_once(machine):
    """Stopped but not ended, it takes connections and never answers."""
    process = machine.redis.process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        begun = time.perf_counter()
        responses = [await machine.client.get("/v1/workspace") for _ in range(50)]
        assert {response.status_code for response in responses} == {200}
        # If each of them waited, it would be 25 s.
        assert time.perf_counter() - begun < 12
    finally:
        os.kill(process.pid, signal.SIGCONT)
    await asyncio.sleep(1.1)


async def test_a_missing_migration_is_named(machine):
    with psycopg.connect(machine.stores.database_url, autocommit=True) as connection:
        row = connection.execute("SELECT * FROM schema_migrations WHERE name LIKE '0002%'").fetchone()
        connection.execute("DELETE FROM schema_migrations WHERE name LIKE '0002%'")
        status, checks = await machine.ready()
        connection.execute("INSERT INTO schema_migrations VALUES (%s, %s, %s)", row)
    assert status == 503
    assert checks["migrations"] == "not applied: 0002_analytics.sql"


async def test_a_redis_that_is_killed_under_load_costs_no_request(machine, caplog):
    """What is in flight at that moment is counted by the worker alone, and answered like all else."""
    statuses: list[int] = []
    done = asyncio.Event()

    async def call() -> None:
        while not done.is_set():
            response = await machine.client.get("/v1/workspace")
            statuses.append(response.status_code)
            assert response.headers["ratelimit"]
            await asyncio.sleep(0.01)

    await machine.client.get("/v1/workspace")
    caplog.clear()
    callers = [asyncio.ensure_future(call()) for _ in range(8)]
    await asyncio.sleep(0.3)
    assert machine.redis.process is not None
    os.kill(machine.redis.process.pid, signal.SIGKILL)
    await asyncio.to_thread(machine.redis.stop)
    await asyncio.sleep(0.3)
    await machine.start(machine.redis)
    await asyncio.sleep(1.3)
    done.set()
    await asyncio.gather(*callers)
    assert set(statuses) == {200}
    assert len(statuses) > 100
    told = [
        record.message for record in caplog.records if record.name.startswith("cloudmetrics.gateway.limits")
    ]
    assert told == [
        "limits are counted by each worker alone, since Redis cannot be reached",
        "limits are counted by all workers together again",
    ]


async def test_a_redis_that_is_full_costs_no_request(machine):
    with redis.Redis.from_url(machine.stores.redis_url) as store:
        store.config_set("maxmemory", 1)
        try:
            responses = [await machine.client.get("/v1/workspace") for _ in range(5)]
        finally:
            store.config_set("maxmemory", 0)
    assert {response.status_code for response in responses} == {200}
    await asyncio.sleep(1.1)


async def test_without_redis_each_worker_gives_out_its_share(machine):
    poor = await make_key(machine.stores, "FREE")
    settings = replace(settings_for(machine.stores.database_url, machine.stores.redis_url), workers=4)
    app = make_app(settings)
    async with alive(app), client_of(app, poor) as client:
        assert (await client.get("/v1/workspace")).headers["x-ratelimit-remaining"] == "99"
        await asyncio.to_thread(machine.redis.stop)
        statuses = [(await client.get("/v1/workspace")).status_code for _ in range(30)]
        assert (statuses.count(200), statuses.count(429)) == (25, 5)
        await machine.start(machine.redis)
        await asyncio.sleep(1.1)
        assert (await client.get("/v1/workspace")).status_code == 200
