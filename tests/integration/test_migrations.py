"""Bringing a database to the present schema."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from cloudmetrics.platform.database import Database
from cloudmetrics.platform.migrations import (
    FOLDER,
    MigrationChanged,
    migrate,
    migration_files,
    missing_migrations,
)
from tests.conftest import administration, with_database
from tests.integration.recounting import differences, rollup_sizes


@pytest.fixture
def empty_database(stores) -> Iterator[str]:
    name = f"empty_{uuid4().hex}"
    with administration(stores.database_url) as execute:
        execute(f'CREATE DATABASE "{name}"')
    yield with_database(stores.database_url, name)
    with administration(stores.database_url) as execute:
        execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_all_are_applied_in_order_and_only_once(empty_database):
    names = [path.name for path in migration_files(FOLDER)]
    assert names
    assert await migrate(empty_database) == names
    assert await migrate(empty_database) == []
    database = Database(empty_database)
    assert await missing_migrations(database) == []
    await database.close()


async def test_several_at_once_apply_each_only_once(empty_database):
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    assert sorted(applied, key=len) == [[], [], [], [path.name for path in migration_files(FOLDER)]]


async def test_what_is_missing_is_named(fresh_database):
    with psycopg.connect(fresh_database) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE name LIKE '0002%'")
    database = Database(fresh_database)
    assert await missing_migrations(database) == ["0002_analytics.sql"]
    await database.close()


async def test_in_an_empty_database_all_are_missing(empty_database, migrated_template):
    database = Database(empty_database)
    assert await missing_migrations(database) == [path.name for path in migration_files(FOLDER)]
    await database.close()


async def test_one_that_fails_is_undone_whole_and_can_be_mended(empty_database, tmp_path):
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE good (id int);")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE half (id int); SELECT 1/0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(empty_database, tmp_path)
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE half (id int);")
    assert await migrate(empty_database, tmp_path) == ["0002_bad.sql"]


async def test_one_that_changed_after_it_was_applied_is_refused(empty_database, tmp_path):
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE good (id int);")
    await migrate(empty_database, tmp_path)
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE better (id int);")
    with pytest.raises(MigrationChanged, match=r"0001_good\.sql"):
        await migrate(empty_database, tmp_path)


@pytest.mark.requirement("B-15")
def test_none_uses_what_a_distributed_postgresql_refuses():
    # The queue's tables are not distributed, but stay on the coordinator.
    for path in set(migration_files(FOLDER)) - {FOLDER / "0020_jobs.sql"}:
        text = path.read_text().upper()
        for refused in (
            "CREATE TRIGGER",
            "SET_CONFIG(",
            "SERIAL",
            "GENERATED ALWAYS AS IDENTITY",
            "SKIP LOCKED",
        ):
            assert refused not in text, f"{path.name} uses {refused}"


@pytest.fixture
def owned_database(stores) -> Iterator[tuple[str, str]]:
    """A database whose owner may only make roles: its URL for them, and for a superuser."""
    name = f"owner_{uuid4().hex}"
    with administration(stores.database_url) as execute:
        execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD 'x'")
        # Another database of the server made the role, so its maker has to share it.
        execute(f"GRANT cloudmetrics_api TO {name}")
        execute(f"CREATE DATABASE {name} OWNER {name}")
    parts = psycopg.conninfo.conninfo_to_dict(with_database(stores.database_url, name))
    url = psycopg.conninfo.make_conninfo("", **(parts | {"user": name, "password": "x"}))
    yield url, with_database(stores.database_url, name)
    with administration(stores.database_url) as execute:
        execute(f"DROP DATABASE {name} WITH (FORCE)")
        execute(f"DROP ROLE {name}")


async def test_an_ordinary_owner_of_a_database_can_migrate_and_serve(owned_database):
    url, _ = owned_database
    assert await migrate(url)
    database = Database(url)
    assert await database.read_directory("SELECT current_user AS name") == [{"name": "cloudmetrics_api"}]
    await database.close()


HISTORY = """
INSERT INTO workspaces
SELECT id, 'W', 'FREE', 'UTC', 'USD', id, NULL, now() FROM unnest(%(ids)s::uuid[]) AS id;
INSERT INTO websites (workspace_id, website_id, name, domain, timezone, currency, created_at, updated_at)
SELECT id, gen_random_uuid(), 'S', zone, zone, 'USD', now(), now()
FROM unnest(%(ids)s::uuid[]) AS id, unnest(ARRAY['america/lima', 'asia/tokyo']) AS zone;
INSERT INTO events (
    workspace_id, event_id, website_id, visitor_id, name, occurred_at, received_at,
    url, source, device, revenue_minor
)
SELECT
    workspace_id, left(domain, 4) || number, website_id, 'v' || number %% 7,
    CASE WHEN number %% 5 = 0 THEN 'signup' ELSE 'pageview' END,
    timestamptz '2026-10-30 00:00Z' + number / 20 * interval '20 hours' + number %% 20 * interval '2 minutes',
    now(), '/page/' || number %% 3,
    nullif(left('ab', number %% 3), ''), chr(109 + number %% 2), CASE WHEN number %% 4 = 0 THEN number END
FROM websites, generate_series(1, 80) AS number;
"""


async def test_rollups_begin_with_all_events_that_are_stored_already(owned_database, tmp_path):
    """Of all tenants, although the owner is under their policies."""
    url, almighty = owned_database
    files = migration_files(FOLDER)
    for path in files[:2]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    await migrate(url, tmp_path)
    ids = [uuid4(), uuid4()]
    async with await psycopg.AsyncConnection.connect(almighty, autocommit=True) as connection:
        await psycopg.AsyncClientCursor(connection).execute(HISTORY, {"ids": ids})
    assert (await migrate(url))[0] == "0003_rollups.sql"
    for workspace_id in ids:
        assert all(rollup_sizes(almighty, workspace_id).values())
        assert differences(almighty, workspace_id) == {}
