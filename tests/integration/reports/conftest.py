"""What tests of reports share: a report, its runs, and the work of a worker."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import NOBODY
from cloudmetrics.platform.jobs.registry import JobContext, Services
from cloudmetrics.reports.runs import jobs
from tests.integration.conftest import (
    BASE_URL,
    SECRET,
    make_event,
    make_website,
    send_events,
)

PAID = {"revenue": {"amount_minor": 990, "currency": "USD"}}
GLANCE = {"title": "At a glance", "question": {"metrics": ["visitors", "revenue"]}}
SOURCES = {"title": "Where from", "question": {"metrics": ["visitors"], "dimensions": ["source"]}}


def wish(**fields) -> dict:
    return {"name": "Weekly traffic", "period": "LAST_7_DAYS", "sections": [GLANCE, SOURCES]} | fields


async def make_report(client, **fields) -> dict:
    body = {name: value for name, value in wish(**fields).items() if value is not None}
    response = await client.post("/v1/reports", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]


@pytest.fixture
def settings(database_url, stores, tmp_path) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=stores.redis_url,
        secret_key=SECRET,
        base_url=BASE_URL,
        data_dir=tmp_path,
    )


@pytest.fixture
def context(database, keyring, settings) -> JobContext:
    return JobContext(Services(database, None, keyring, settings), 1)


@pytest.fixture
async def sandbox(home):
    return home.open(await home.make_key(mode="test"))


async def waiting(database, name: str, workspace_id: UUID) -> list[dict]:
    """The arguments of the jobs of a workspace that wait."""
    rows = await database.read_directory(
        "SELECT args FROM procrastinate_jobs WHERE task_name = %(name)s AND args ->> 'workspace_id' = %(id)s"
        " ORDER BY id",
        {"name": name, "id": str(workspace_id)},
    )
    return [row["args"] for row in rows]


async def work(context, workspace_id: UUID) -> None:
    """Runs all jobs of reports that wait in a workspace, as a worker would."""
    for name, function in (("reports.run", jobs.run), ("reports.send", jobs.send)):
        for arguments in await waiting(context.database, name, workspace_id):
            await function(context, **arguments | {"workspace_id": workspace_id})
        async with context.database.transaction(NOBODY) as transaction:
            await transaction.execute(
                "DELETE FROM procrastinate_jobs WHERE task_name = %(name)s"
                " AND args ->> 'workspace_id' = %(id)s",
                {"name": name, "id": str(workspace_id)},
            )


async def run_now(client, report: dict) -> str:
    response = await client.post(f"/v1/reports/{report['id']}/runs")
    assert response.status_code == 201, response.text
    assert response.headers["location"].endswith(f"/runs/{response.json()['data']['id']}")
    return response.json()["data"]["id"]


async def runs_of(client, report: dict) -> list[dict]:
    return (await client.get(f"/v1/reports/{report['id']}/runs")).json()["data"]


async def download(client, report: dict, run: str, **query):
    return await client.get(f"/v1/reports/{report['id']}/runs/{run}/download", params=query)


async def seed(client, days_ago: int = 1) -> str:
    website = await make_website(client)
    moment = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    await send_events(
        client,
        make_event(website, timestamp=moment, source="google") | PAID,
        make_event(website, timestamp=moment, visitor_id="=HYPERLINK", source="=cmd|' /C calc'!A0"),
        make_event(website, timestamp=moment, visitor_id="ben"),
    )  # fmt: skip
    return website
