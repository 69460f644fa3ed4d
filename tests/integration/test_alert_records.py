"""What became of alerts, and what was told about them, is forgotten when it is old."""

from uuid import UUID

import pytest

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.alerting.history import jobs
from cloudmetrics.platform.jobs import JobContext
from cloudmetrics.platform.jobs.registry import Services
from tests.integration.alerting import make_alert, source
from tests.integration.conftest import settings_for

ABSENCE = {"kind": "ABSENCE", "source": source(), "window": "TODAY"}
OLDEST = "SELECT delivery_id FROM alert_deliveries ORDER BY delivery_id LIMIT 1"
NEWEST = "SELECT delivery_id FROM alert_deliveries ORDER BY delivery_id DESC LIMIT 1"
WEBHOOK = {"kind": "WEBHOOK", "name": "On call", "url": "https://hooks.example.com/alerts"}


@pytest.fixture
def context(database, database_url, stores, keyring) -> JobContext:
    return JobContext(Services(database, None, keyring, settings_for(database_url, stores.redis_url)), 1)


async def mute(client, alert_id: str, *days: str) -> None:
    for day in days:
        until = {"until": f"{day}T00:00:00Z"}
        assert (await client.put(f"/v1/alerts/{alert_id}/mute", json=until)).status_code == 200


async def mutes_of(client, alert_id: str) -> list[str]:
    history = (await client.get(f"/v1/alerts/{alert_id}/history")).json()["data"]
    return [each["muted_until"][:10] for each in history]


async def try_channel(client, times: int) -> None:
    channel = (await client.post("/v1/alert-channels", json=WEBHOOK)).json()["data"]
    for _ in range(times):
        assert (await client.post(f"/v1/alert-channels/{channel['id']}/test")).status_code == 202


async def change(tenant, *statements: str) -> None:
    async with tenant.transaction() as transaction:
        for statement in statements:
            await transaction.execute(statement)


@pytest.mark.requirement("PL-14")
async def test_old_history_is_forgotten_and_the_rest_stays(client, home, context, monkeypatch):
    monkeypatch.setattr(jobs, "AT_ONCE", 2)
    alert_id = await make_alert(client, ABSENCE)
    await mute(client, alert_id, "2099-01-01", "2099-01-02", "2099-01-03", "2099-01-04", "2099-01-05")
    await change(
        home.caller.tenant,
        "UPDATE alert_events SET occurred_at = now() - interval '399 days'",
        "UPDATE alert_events SET occurred_at = now() - interval '401 days'"
        " WHERE details ->> 'until' < '2099-01-04'",
    )
    for _ in range(2):
        await jobs.forget(context)
        assert await mutes_of(client, alert_id) == ["2099-01-05", "2099-01-04"]


async def test_old_deliveries_are_forgotten_unless_they_are_still_on_their_way(client, home, context):
    """Also in a workspace that has no alert, and only ever tried a channel."""
    tenant = home.caller.tenant
    await try_channel(client, 4)
    await change(
        tenant,
        "UPDATE alert_deliveries SET status = 'FAILED', created_at = now() - interval '91 days'",
        f"UPDATE alert_deliveries SET created_at = now() WHERE delivery_id = ({NEWEST})",
        f"UPDATE alert_deliveries SET status = 'PENDING' WHERE delivery_id = ({OLDEST})",
    )
    await jobs.forget(context)
    left = await tenant.read("SELECT status FROM alert_deliveries ORDER BY delivery_id")
    assert [row["status"] for row in left] == ["PENDING", "FAILED"]


async def test_a_test_clock_forgets_what_is_old_by_it(home, database, context):
    sandbox = home.open(await home.make_key(mode="test"))
    alert_id = await make_alert(sandbox, ABSENCE)
    await mute(sandbox, alert_id, "2099-01-01")
    workspace_id = UUID((await sandbox.get("/v1/workspace")).json()["data"]["id"])
    for days, left in ((399, ["2099-01-01"]), (2, [])):
        moved = await sandbox.post("/v1/test-clock", json={"advance_seconds": days * 86400})
        assert moved.status_code == 200, moved.text
        await jobs.follow(context, await test_clocks.tenant_of(database, workspace_id))
        assert await mutes_of(sandbox, alert_id) == left
