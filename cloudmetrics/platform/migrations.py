"""Brings a database to the present schema: migrations/*.sql, in order, each once."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import psycopg

from cloudmetrics.platform.database import NOBODY, ROLE, Database

FOLDER = Path(__file__).parents[2] / "migrations"
# Any number will do, as long as every process takes the same one.
LOCK = 7_313_842_119

# Another database of the same server may make the role at the same moment.
MAKE_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
        CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role(current_user, '{ROLE}', 'SET') THEN
        GRANT {ROLE} TO CURRENT_USER;
    END IF;
END $$;
"""

MAKE_RECORD = f"""
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON schema_migrations TO {ROLE};
"""


class MigrationChanged(Exception):
    """A migration differs from what was applied under its name; write a new one instead."""


async def migrate(url: str, folder: Path = FOLDER) -> list[str]:
    """Applies what is missing and returns the names. Safe to run from several places at once.

    The URL's user has to own the database and be allowed to make a role. Each
    migration is a transaction of its own. Raises MigrationChanged.
    """
    applied: list[str] = []
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        # An owner who is no superuser is under the policies too, and they want a tenant.
        await connection.execute(f"SET app.workspace_id = '{NOBODY}'")
        await connection.execute(MAKE_ROLE)
        await connection.execute(MAKE_RECORD)
        cursor = await connection.execute("SELECT name, digest FROM schema_migrations")
        done: dict[str, str] = dict(await cursor.fetchall())
        for path in migration_files(folder):
            text = path.read_bytes()
            digest = sha256(text).hexdigest()
            if path.name in done:
                if done[path.name] != digest:
                    raise MigrationChanged(f"{path} was changed after it had been applied; write a new one.")
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute(
                    "INSERT INTO schema_migrations (name, digest) VALUES (%s, %s)", [path.name, digest]
                )
            applied.append(path.name)
    return applied


async def missing_migrations(database: Database) -> list[str]:
    """The migrations that the database does not have yet. Raises Unavailable."""
    try:
        rows = await database.read_directory("SELECT name FROM schema_migrations")
    except psycopg.errors.UndefinedTable:
        rows = []
    done = {row["name"] for row in rows}
    return [path.name for path in migration_files(FOLDER) if path.name not in done]


def migration_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sql"))
