"""What tests of deliveries share: a receiver, an alert that tells it, and the work of a worker."""

from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from cloudmetrics.alerting.deliveries import jobs
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.jobs import JobContext
from cloudmetrics.platform.jobs.registry import Services
from tests.integration.alerting import above, make_alert, ticking
from tests.integration.conftest import settings_for
from tests.integration.receiving import Receiver, make_certificate, receiving

LOCAL = (ip_network("127.0.0.0/8"),)
SECRET = "a-secret-of-the-receiver's-own"


@pytest.fixture
async def receiver(tmp_path, monkeypatch) -> AsyncIterator[Receiver]:
    certificate = make_certificate(tmp_path, "localhost", "hooks.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with receiving(certificate) as receiver:
        yield receiver


@pytest.fixture
def settings(database_url, stores, tmp_path) -> Settings:
    plain = settings_for(database_url, stores.redis_url)
    return replace(plain, webhook_networks=LOCAL, data_dir=tmp_path)


@pytest.fixture
def deliver(home, database, keyring, settings):
    """Runs the job of each delivery that is pending, as a worker does; which errors they ended with."""

    async def run(attempt: int = 1, **changes) -> list[Exception | None]:
        services = Services(database, None, keyring, replace(settings, **changes))
        outcomes: list[Exception | None] = []
        rows = await home.caller.tenant.read(
            "SELECT delivery_id FROM alert_deliveries WHERE status = 'PENDING' ORDER BY delivery_id"
        )
        for row in rows:
            try:
                await jobs.deliver(
                    JobContext(services, 1, attempt=attempt),
                    workspace_id=home.workspace.id,
                    delivery_id=str(row["delivery_id"]),
                )
                outcomes.append(None)
            except Exception as error:
                outcomes.append(error)
        return outcomes

    return run


@pytest.fixture
def tick(home):
    return ticking(home)


async def make_channel(client, **fields) -> dict:
    body = {"kind": "WEBHOOK", "name": "On call"} | fields
    response = await client.post("/v1/alert-channels", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]


async def deliveries_of(client, alert_id: str) -> list[dict]:
    response = await client.get(f"/v1/alerts/{alert_id}/deliveries")
    assert response.status_code == 200
    return response.json()["data"]


@pytest.fixture
def alert_on(client, website_id):
    """An alert that fires at the first evaluation and tells a channel."""

    async def make(channel: dict, **fields) -> str:
        told = {"channels": [{"channel_id": channel["id"]}]}
        return await make_alert(client, above(website_id, threshold=-1), **told, **fields)

    return make
