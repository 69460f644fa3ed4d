"""Connections to PostgreSQL: waits that end, reads that nobody waits for, and connections that die."""

import asyncio
from uuid import uuid4

import psycopg
import pytest

from cloudmetrics.platform.database import HEAVY, Database
from cloudmetrics.platform.errors import QueryTooSlow, Unavailable
from tests.integration.test_database import running


async def test_a_cancelled_read_leaves_the_pool_whole(database_url):
    database = Database(database_url, pool_size=1)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await database.read_directory("SELECT pg_sleep(5)")
    assert await database.read_directory("SELECT 2 AS two") == [{"two": 2}]
    assert await running(database_url, "%pg_sleep%") == 0
    await database.close()


async def test_more_callers_than_connections_take_turns(database_url):
    database = Database(database_url, pool_size=2)
    answers = await asyncio.gather(
        *(database.read_directory("SELECT pg_backend_pid() AS pid") for _ in range(50))
    )
    assert len({rows[0]["pid"] for rows in answers}) <= 2
    await database.close()


async def test_who_waits_too_long_for_a_connection_is_told(database_url, monkeypatch):
    monkeypatch.setattr("cloudmetrics.platform.database.WAIT_SECONDS", 0.1)
    database = Database(database_url, pool_size=1)
    async with database.transaction(uuid4()):
        with pytest.raises(Unavailable, match="busy"):
            await database.read_directory("SELECT 1")
    assert await database.read_directory("SELECT 2 AS two") == [{"two": 2}]
    await database.close()


async def test_a_statement_that_takes_too_long_is_ended(database):
    async with database.transaction(uuid4()) as transaction:
        (row,) = await transaction.fetch("SHOW statement_timeout")
        assert row["statement_timeout"] == "15s"

    async def dawdle() -> None:
        async with database.transaction(uuid4()) as transaction:
            await transaction.execute("SET LOCAL statement_timeout = '50ms'")
            await transaction.fetch("SELECT pg_sleep(5)")

    with pytest.raises(Unavailable, match="within"):
        await dawdle()


async def test_a_read_with_a_time_limit_is_given_up_as_too_slow(database_url):
    """The question is to blame, not the database; and its limit is forgotten with it."""
    database = Database(database_url, pool_size=1)
    with pytest.raises(QueryTooSlow, match=r"more than 0\.05 s"):
        await database.read(uuid4(), "SELECT pg_sleep(5)", seconds=0.05)
    assert await running(database_url, "%pg_sleep%") == 0
    assert await database.read(uuid4(), "SELECT 2 AS two", seconds=5, settings=HEAVY) == [{"two": 2}]
    settings = "SELECT current_setting('statement_timeout') AS t, current_setting('enable_nestloop') AS n"
    assert await database.read_directory(settings) == [{"t": "15s", "n": "on"}]
    await database.close()


async def test_a_read_that_nobody_waits_for_is_ended_in_postgresql(database, database_url):
    reading = asyncio.create_task(database.read(uuid4(), "SELECT pg_sleep(30)", seconds=30))
    async with asyncio.timeout(10):
        while await running(database_url, "%pg_sleep%") == 0:
            await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await running(database_url, "%pg_sleep%") == 0


@pytest.mark.requirement("D6-11")
async def test_connections_that_died_unnoticed_are_replaced(database_url):
    database = Database(database_url, pool_size=3)

    async def pids() -> set[int]:
        read = database.read_directory("SELECT pg_backend_pid() AS pid, pg_sleep(0.05)")
        again = database.read_directory("SELECT pg_backend_pid() AS pid, pg_sleep(0.05)")
        return {rows[0]["pid"] for rows in await asyncio.gather(read, again)}

    for attempt in range(2):
        dying = await pids()
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as admin:
            for pid in dying:
                await admin.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])
        if attempt == 0:
            assert not dying & await pids()
        else:
            async with database.transaction(uuid4()) as transaction:
                (row,) = await transaction.fetch("SELECT pg_backend_pid() AS pid")
                assert row["pid"] not in dying
    await database.close()


@pytest.mark.requirement("D6-11")
async def test_a_connection_that_dies_within_a_transaction_is_an_absence(database_url):
    database = Database(database_url, pool_size=1)

    async def die() -> None:
        async with database.transaction(uuid4()) as transaction:
            (row,) = await transaction.fetch("SELECT pg_backend_pid() AS pid")
            async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as admin:
                await admin.execute("SELECT pg_terminate_backend(%s, 1000)", [row["pid"]])
            await transaction.fetch("SELECT 1")

    with pytest.raises(Unavailable):
        await die()
    assert await database.read_directory("SELECT 2 AS two") == [{"two": 2}]
    await database.close()


@pytest.mark.parametrize("url", ["postgresql://postgres@127.0.0.1:1/x", "postgresql://x@/x?host=/nowhere"])
async def test_a_database_that_is_not_there_is_an_absence(url):
    database = Database(url)
    with pytest.raises(Unavailable):
        await database.ping()
    with pytest.raises(Unavailable):
        async with database.transaction(uuid4()):
            pass
