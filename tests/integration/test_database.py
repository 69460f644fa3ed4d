"""The fence around each tenant's rows, and a pool that heals."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from cloudmetrics.accounts.oauth_clients import service as clients
from cloudmetrics.accounts.scopes import FULL
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant

NAMES = "SELECT name FROM workspaces"
ADD_WEBSITE = "INSERT INTO websites VALUES (%(w)s, gen_random_uuid(), 'x', 'x', 'UTC', 'USD', now(), now())"
ADD_EVENT = """
INSERT INTO events (workspace_id, event_id, website_id, visitor_id, name, occurred_at, received_at)
VALUES (%(w)s, 'e', gen_random_uuid(), 'v', 'pageview', now(), now())
"""
# Looked up before the tenant is known; they hold no data of a tenant. The list should not grow.
DIRECTORY = {
    "access_changes",
    "alert_workspaces",
    "browser_sessions",
    "credentials",
    "deleted_workspaces",
    "invitation_tokens",
    "job_effects",
    "oauth_codes",
    "oauth_grants",
    "oauth_refresh_tokens",
    "oauth_revoked_tokens",
    "procrastinate_events",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_workers",
    "recovery_codes",
    "retained_websites",
    "report_dues",
    "schema_migrations",
    "second_factors",
    "test_clocks",
    "trash",
    "user_tokens",
    "user_workspaces",
    "users",
}
# Everybody may look these up, and only their own workspace changes them.
OPEN_TO_READ = {"oauth_clients"}
fenced = pytest.mark.requirement("PL-4", "PL-5")


async def running(database_url: str, pattern: str) -> int:
    """How many other sessions are busy with such a statement; only the mighty may see that."""
    async with await psycopg.AsyncConnection.connect(database_url) as admin:
        cursor = await admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE %s AND state <> 'idle' AND pid <> pg_backend_pid()",
            [pattern],
        )
        ((busy,),) = await cursor.fetchall()
        return busy


@pytest.fixture
async def two(database):
    """The workspaces of two tenants, with a website and an event in each."""
    made = []
    for name in ("one", "two"):
        workspace = await workspaces.create_workspace(database, name=name)
        async with database.transaction(workspace.id) as transaction:
            await transaction.execute(ADD_WEBSITE, {"w": workspace.id})
            await transaction.execute(ADD_EVENT, {"w": workspace.id})
        made.append(workspace)
    return made


async def tenant_tables(database: Database) -> list[str]:
    rows = await database.read_directory(
        "SELECT table_name FROM information_schema.columns"
        " WHERE column_name = 'workspace_id' AND table_schema = 'public' ORDER BY 1"
    )
    return [row["table_name"] for row in rows if row["table_name"] not in DIRECTORY | OPEN_TO_READ]


@fenced
async def test_every_table_is_fenced_except_the_directory(database):
    rows = await database.read_directory(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS fenced FROM pg_class"
        " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    assert {row["relname"] for row in rows if not row["fenced"]} == DIRECTORY
    assert {row["relname"] for row in rows if row["fenced"]} == {
        *await tenant_tables(database),
        *OPEN_TO_READ,
    }


@fenced
async def test_an_oauth_client_is_changed_by_its_own_workspace_only(database, keyring, two):
    owner, other = two
    made = await clients.create(
        Caller(Tenant(database, owner.id), keyring, FULL),
        name="Mailer",
        kind="PUBLIC",
        grant_types=["AUTHORIZATION_CODE"],
        redirect_uris=["https://mailer.example/"],
        scopes=["metrics:read"],
    )
    rename = "UPDATE oauth_clients SET name = 'Mine' WHERE client_id = %(id)s RETURNING name"
    copy = (
        "INSERT INTO oauth_clients SELECT gen_random_uuid(), workspace_id, name, kind, grant_types,"
        " redirect_uris, scopes, NULL, NULL, NULL, now(), now(), NULL FROM oauth_clients"
        " WHERE client_id = %(id)s"
    )
    async with database.transaction(other.id) as transaction:
        assert await transaction.fetch(rename, {"id": made.id}) == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with database.transaction(other.id) as transaction:
            await transaction.execute(copy, {"id": made.id})
    async with database.transaction(owner.id) as transaction:
        assert await transaction.fetch(rename, {"id": made.id}) == [{"name": "Mine"}]


@fenced
async def test_the_key_of_every_tenant_table_begins_with_the_workspace(database):
    rows = await database.read_directory(
        "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
        " WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace"
    )
    # A program is known by its id alone, before anybody says whose it is.
    tables = set(await tenant_tables(database)) - {"oauth_clients"}
    assert {row["attname"] for row in rows if row["relname"] in tables} == {"workspace_id"}


@fenced
async def test_the_api_can_neither_own_nor_bypass(database):
    (row,) = await database.read_directory(
        "SELECT current_user AS name, rolsuper OR rolbypassrls AS mighty,"
        " (SELECT count(*) FROM pg_class WHERE relowner = r.oid) AS owned"
        " FROM pg_roles r WHERE rolname = current_user"
    )
    assert row == {"name": "cloudmetrics_api", "mighty": False, "owned": 0}


@fenced
async def test_a_query_without_a_tenant_sees_nothing(database, two):
    tables = await tenant_tables(database)
    assert len(tables) >= 5
    for table in tables:
        assert await database.read_directory(f"SELECT * FROM {table}") == []


@fenced
async def test_a_session_that_never_named_a_tenant_gets_an_error(database_url, two):
    """Even without the service's own connection settings there is nothing to see."""
    async with await psycopg.AsyncConnection.connect(database_url, options="-c role=cloudmetrics_api") as raw:
        with pytest.raises(psycopg.errors.UndefinedObject):
            await raw.execute(NAMES)


@fenced
async def test_a_tenant_sees_only_its_own_rows(database, two):
    for table in await tenant_tables(database):
        rows = await database.read(two[0].id, f"SELECT workspace_id FROM {table}")
        assert {row["workspace_id"] for row in rows} <= {two[0].id}
    assert await database.read(two[0].id, NAMES) == [{"name": "one"}]
    assert len(await database.read(two[0].id, "SELECT * FROM events")) == 1


@fenced
async def test_another_tenants_row_cannot_be_asked_for_by_id(database, two):
    parameters = {"id": two[1].id}
    assert await database.read(two[0].id, f"{NAMES} WHERE workspace_id = %(id)s", parameters) == []


@fenced
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE websites SET name = 'stolen' RETURNING workspace_id",
        "UPDATE workspaces SET name = 'stolen' RETURNING workspace_id",
    ],
)
async def test_an_update_without_a_where_stays_within_the_tenant(database, two, statement):
    async with database.transaction(two[0].id) as transaction:
        changed = await transaction.fetch(statement)
    assert {row["workspace_id"] for row in changed} == {two[0].id}
    assert await database.read(two[1].id, "SELECT name FROM websites") == [{"name": "x"}]
    assert await database.read(two[1].id, NAMES) == [{"name": "two"}]


@fenced
@pytest.mark.parametrize(
    "statement",
    [
        ADD_WEBSITE,
        "UPDATE websites SET workspace_id = %(w)s",
        ADD_EVENT,
    ],
)
async def test_a_row_cannot_be_given_to_another_tenant(database, two, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with database.transaction(two[0].id) as transaction:
            await transaction.execute(statement, {"w": two[1].id})


@fenced
async def test_without_a_tenant_nothing_can_be_added(database):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with database.transaction(UUID(int=0)) as transaction:
            await transaction.execute(ADD_WEBSITE, {"w": uuid4()})
    with pytest.raises(psycopg.errors.CheckViolation):
        async with database.transaction(UUID(int=0)) as transaction:
            await transaction.execute(
                "INSERT INTO workspaces VALUES (%(nil)s, '', 'FREE', 'UTC', 'USD', %(nil)s, NULL, now())",
                {"nil": UUID(int=0)},
            )


@fenced
async def test_a_connection_forgets_its_tenant(database_url, two):
    database = Database(database_url, pool_size=1)
    async with database.transaction(two[0].id) as transaction:
        assert len(await transaction.fetch(NAMES)) == 1
    assert await database.read_directory(NAMES) == []
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(two[0].id):
            raise ZeroDivisionError
    assert await database.read_directory(NAMES) == []
    await database.close()


@fenced
async def test_the_tenant_is_formatted_from_its_number_alone(database, two):
    class Hostile(UUID):
        def __str__(self) -> str:
            return f"{two[1].id}'; --"

    assert await database.read(Hostile(int=two[0].id.int), NAMES) == [{"name": "one"}]


async def test_values_come_back_as_what_they_are(database):
    values = {
        "uuid": uuid4(),
        "date": date(2026, 11, 3),
        "time": datetime(2026, 11, 3, 10, tzinfo=UTC),
        "text": 'it\'s 100% \\ "quoted"; DROP TABLE events; -- ümläut 🙂',
        "number": 2**62,
        "nothing": None,
        "many": ["a'b", "c"],
    }
    sql = (
        "SELECT %(uuid)s::uuid AS uuid, %(date)s::date AS date, %(time)s::timestamptz AS time,"
        " %(text)s::text AS text, %(number)s::bigint AS number, %(nothing)s::text AS nothing,"
        " %(many)s::text[] AS many"
    )
    assert await database.read(uuid4(), sql, values) == [values]
    async with database.transaction(uuid4()) as transaction:
        assert await transaction.fetch(sql, values) == [values]
        assert await transaction.fetch_one(sql, values) == values


async def test_a_read_cannot_write(database, two):
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await database.read(two[0].id, "UPDATE websites SET name = 'y' RETURNING 1")


async def test_a_failed_read_leaves_no_open_transaction(database_url):
    database = Database(database_url, pool_size=1)
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await database.read_directory("SELECT 1/0")
        assert await database.read_directory("SELECT 2 AS two") == [{"two": 2}]
    await database.close()


async def test_a_transaction_is_undone_when_its_block_raises(database, two):
    async def fail() -> None:
        async with database.transaction(two[0].id) as transaction:
            await transaction.execute("UPDATE websites SET name = 'y'")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await database.read(two[0].id, "SELECT name FROM websites") == [{"name": "x"}]


async def test_a_swallowed_error_does_not_pass_for_a_commit(database, two):
    async def swallow() -> None:
        async with database.transaction(two[0].id) as transaction:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await transaction.execute("SELECT 1/0")

    with pytest.raises(RuntimeError, match="swallowed"):
        await swallow()
