"""The events of the largest workspace in DuckDB, which answers questions from them."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psycopg

from bench.dataset import DAYS, Dataset

COLUMNS = (
    "visitor_id, event_id, name, occurred_at, page, revenue_minor,"
    " source, medium, campaign, device, browser, system, country"
)
TRAITS = ("source", "medium", "campaign", "device", "browser", "system", "country")
ROUNDS = 3
# A visitor's day belongs to its first touch, which has to be found among the events first.
TOUCHED = f"""
CREATE VIEW touched AS
SELECT
    day, visitor_id, count(*) AS events, count(*) FILTER (WHERE name = 'pageview') AS pageviews,
    sum(revenue_minor) AS revenue,
    {", ".join(f"arg_min({name}, (occurred_at, event_id)) AS {name}" for name in TRAITS)}
FROM events
GROUP BY day, visitor_id
"""


class Duck:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def measure(self, sql: str) -> float:
        """The median of how long a question takes, in milliseconds."""
        taken = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            self._connection.execute(sql).fetchall()
            taken.append(1000 * (time.perf_counter() - started))
        return statistics.median(taken)


@contextmanager
def duck(data: Dataset) -> Iterator[Duck]:
    """The events of 30 days of the first workspace, in memory, for the time of the block."""
    tenant = data.tenants[0]
    events = (
        f"COPY (SELECT {COLUMNS} FROM events WHERE workspace_id = '{tenant.workspace_id}')"
        " TO STDOUT (FORMAT csv, HEADER)"
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "events.csv"
        with psycopg.connect(data.product.environ["DATABASE_URL"]) as source, path.open("wb") as file:
            source.execute("SET timezone = 'UTC'")
            with source.cursor().copy(events) as copy:
                for block in copy:
                    file.write(block)
        connection.execute("SET threads = 2; SET timezone = 'UTC'")
        connection.execute(
            "CREATE TABLE events AS SELECT *, occurred_at::date AS day"
            f" FROM read_csv('{path}', header = true)"
            f" WHERE occurred_at::date > DATE '{data.end.date()}' - {DAYS}"
        )
        connection.execute(TOUCHED)
        yield Duck(connection)
