"""Whether the data set is what the service would have made of its events: a sample goes both ways."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg.rows import dict_row

from bench.dataset import TABLES, Dataset, draw
from bench.product import add_workspace
from bench.servers import Server

# Visitors are taken whole, since visits and days belong to them.
SAMPLE = "SELECT * FROM events WHERE workspace_id = %s AND right(visitor_id, 1) = '7'"
COPIED = """
INSERT INTO events
SELECT (jsonb_populate_record(event, jsonb_build_object('workspace_id', %s::text, 'website_id', %s::text))).*
FROM events AS event
WHERE workspace_id = %s AND right(visitor_id, 1) = '7'
"""
SENT = "url source medium campaign device browser system country properties visitor_id name".split()  # noqa: SIM905


def compare(server: Server, data: Dataset) -> int:
    """The number of events in the sample; raises AssertionError where the two ways differ."""
    url, tenant = data.product.environ["DATABASE_URL"], data.tenants[-1]
    ways = [(*asyncio.run(add_workspace(url, f"Sample {number}", websites=1)),) for number in range(2)]
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        websites = [
            connection.execute("SELECT website_id FROM websites WHERE workspace_id = %s", [way[0]]).fetchone()
            for way in ways
        ]
        sent, drawn = (str(row["website_id"]) for row in websites if row)
        events = connection.execute(SAMPLE, [tenant.workspace_id]).fetchall()
        # Out of order, so that more is mended than at the end of the time.
        events.sort(key=lambda event: str(event["event_id"]))
        send(server, ways[0][1], sent, events)
        connection.execute(COPIED, [ways[1][0], drawn, tenant.workspace_id])
        draw(psycopg.ClientCursor(connection), UUID(ways[1][0]), UUID(drawn))
        for table in list(TABLES)[1:]:
            columns = [
                column.name
                for column in connection.execute(f"SELECT * FROM {table} LIMIT 0").description or ()
            ]
            names = ", ".join(name for name in columns if name not in ("workspace_id", "website_id"))
            empty = " AND visitors <> 0" if table.startswith("daily") else ""
            one, other = (
                f"SELECT {names} FROM {table} WHERE website_id = '{website}'{empty}"
                for website in (sent, drawn)
            )
            for left, right in ((one, other), (other, one)):
                row = connection.execute(f"({left}) EXCEPT ALL ({right}) LIMIT 1").fetchone()
                assert row is None, (table, row)
    return len(events)


def send(server: Server, key: str, website_id: str, events: list[dict[str, Any]]) -> None:
    with httpx.Client(
        base_url=f"http://127.0.0.1:{server.port}", headers={"API-Key": key}, timeout=60
    ) as client:
        for start in range(0, len(events), 500):
            batch = [event_of(row, website_id) for row in events[start : start + 500]]
            receipts = client.post("/v1/events", json={"events": batch}).json()
            assert receipts["data"]["accepted"] == len(batch), receipts


def event_of(row: dict[str, Any], website_id: str) -> dict[str, Any]:
    event = {name: row[name] for name in SENT if row[name] is not None}
    event |= {"id": row["event_id"], "website_id": website_id, "timestamp": row["occurred_at"].isoformat()}
    if row["revenue_minor"] is not None:
        event["revenue"] = {"amount_minor": row["revenue_minor"], "currency": "USD"}
    return event
