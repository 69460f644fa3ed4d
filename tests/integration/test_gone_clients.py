"""Whoever no longer waits for an answer leaves nothing running behind, on a real server."""

import asyncio
import json
import socket
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.integration.conftest import SECRET, make_event, send_events
from tests.integration.running import running as serving
from tests.integration.test_database import running

pytestmark = pytest.mark.slow

QUESTIONS = "%site AS NOT MATERIALIZED%"


@pytest.mark.requirement("DF-14")
async def test_a_question_whose_client_went_away_is_ended(
    client, home, website_id, database_url, stores, tmp_path
):
    """The question waits for a lock that never comes free, so that only its end can end it."""
    await send_events(client, make_event(website_id))
    settings = {"DATABASE_URL": database_url, "REDIS_URL": stores.redis_url, "DEMO": 0}
    settings["CLOUDMETRICS_SECRET_KEY"] = SECRET.decode()
    body = json.dumps(
        {"metrics": ["visits"], "dimensions": ["entry_page"], "website_id": website_id}
    ).encode()
    head = (
        f"POST /v1/metrics/query HTTP/1.1\r\nHost: localhost\r\nAPI-Key: {await home.make_key()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with serving(tmp_path / "data", **settings) as service:
        async with await psycopg.AsyncConnection.connect(database_url) as admin:
            await admin.execute("LOCK TABLE visits IN ACCESS EXCLUSIVE MODE")
            with socket.create_connection(("127.0.0.1", urlsplit(service.url).port)) as asking:
                asking.sendall(head.encode() + body)
                await until_running(database_url, 1)
            await until_running(database_url, 0)


async def until_running(database_url: str, count: int) -> None:
    # Well below the time limit of a question.
    async with asyncio.timeout(7):
        while await running(database_url, QUESTIONS) != count:
            await asyncio.sleep(0.05)
