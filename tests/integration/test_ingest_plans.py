"""The statements of ingest find everything by indexes, also where they were planned for empty tables."""

import re
from uuid import uuid4

import psycopg
import pytest

from cloudmetrics.analytics.events import store as events
from cloudmetrics.analytics.rollups import store as rollups
from cloudmetrics.platform.database import LASTING_PLANS, ROLE
from cloudmetrics.platform.prepared import Prepared

STATEMENTS = {
    statement.name: statement
    for module in (events, rollups)
    for statement in vars(module).values()
    if isinstance(statement, Prepared)
}


def plan_of(connection: psycopg.Connection, statement: Prepared) -> str:
    connection.execute(statement.definition)
    parameters = dict.fromkeys(re.findall(r"%\((\w+)\)s", statement.execution))
    rows = psycopg.ClientCursor(connection).execute(f"EXPLAIN {statement.execution}", parameters).fetchall()
    return "\n".join(row[0] for row in rows)


@pytest.fixture
def connection(fresh_database):
    """A session like those of the service, in a database where nothing was ever stored or analyzed."""
    with psycopg.connect(fresh_database) as connection:
        connection.execute(f"SET ROLE {ROLE}")
        connection.execute(f"SET app.workspace_id = '{uuid4()}'")
        connection.execute(LASTING_PLANS)
        yield connection


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_table_is_walked_through(connection, name):
    plan = plan_of(connection, STATEMENTS[name])
    # A website has at most one row here, and they are few.
    assert set(re.findall(r"Seq Scan on (\w+)", plan)) <= {"rollup_builds"}
    assert "Hash" not in plan


def test_a_visitors_days_and_visits_are_found_by_the_visitor(connection):
    plan = plan_of(connection, STATEMENTS["touched"])
    assert "using visitor_days_of_visitor on visitor_days other" in plan
    assert len(re.findall(r"using visits_pkey on visits", plan)) == 2
    # Three times a day, and twice a visit: nothing that knows the visitor is read without it.
    conditions = re.findall(r"on (?:visitor_days|visits)\b.*\n\s+Index Cond: (.*)", plan)
    assert len(conditions) == 5
    assert all("event.visitor_id" in condition for condition in conditions)
