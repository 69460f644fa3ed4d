"""What monitoring sees of the queue of background jobs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from cloudmetrics.app import create_app
from cloudmetrics.platform import clock
from cloudmetrics.platform.database import NOBODY, Database
from tests.integration.conftest import alive, client_of, settings_for
from tests.integration.working import enqueue


@pytest.fixture
async def queue(fresh_database) -> AsyncIterator[Database]:
    database = Database(fresh_database)
    yield database
    await database.close()


@pytest.fixture
async def watched_queue(fresh_database, stores):
    """A service over the queue that tells how it stands, and the token for that."""
    token = "a token of the operator's monitoring, long enough"
    settings = replace(settings_for(fresh_database, stores.redis_url), metrics_token=token.encode())
    app = create_app(settings)
    async with alive(app), client_of(app) as client:
        yield client, {"Authorization": f"Bearer {token}"}


@pytest.mark.requirement("PL-18")
async def test_monitoring_sees_depth_age_and_failures_of_the_queue(queue, watched_queue):
    client, token = watched_queue
    for number in range(3):
        await enqueue(queue, "note", number=number)
    await enqueue(queue, "note", number=4, run_at=clock.now() + timedelta(hours=1))
    async with queue.transaction(NOBODY) as transaction:
        await transaction.execute(
            "UPDATE procrastinate_jobs SET status = 'failed' WHERE args ->> 'number' = '0'"
        )
        await transaction.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() - interval '90 seconds'"
            " WHERE args ->> 'number' = '1'"
        )
    response = await client.get("/metrics", headers=token)
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = dict(line.rsplit(" ", 1) for line in response.text.splitlines() if not line.startswith("#"))
    age = float(lines.pop("cloudmetrics_jobs_oldest_wait_seconds"))
    assert 90 <= age < 600
    assert lines == {
        'cloudmetrics_jobs{state="waiting"}': "2",
        'cloudmetrics_jobs{state="scheduled"}': "1",
        'cloudmetrics_jobs{state="running"}': "0",
        'cloudmetrics_jobs{state="failed"}': "1",
    }


async def test_nobody_else_sees_the_queue(watched_queue, stranger):
    client, _ = watched_queue
    for headers in ({}, {"Authorization": "Bearer another"}, {"API-Key": "cm_live_x"}):
        answer = await client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "cloudmetrics_jobs" not in answer.text
    # Where no token is set there is nothing to see.
    assert (await stranger.get("/metrics")).status_code == 404
