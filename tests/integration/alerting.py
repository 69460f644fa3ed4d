"""Alerts for tests: rules, what they look at, and evaluations at moments of the test's own."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from cloudmetrics.alerting.evaluation.service import evaluate
from tests.integration.conftest import Home, make_event, send_events

NOW = datetime(2026, 3, 11, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def source(website_id: str | None = None, metric: str = "events", **more) -> dict:
    return {"kind": "METRIC", "metric": metric, "website_id": website_id, **more}


def above(website_id: str, threshold: float = 2, window: str = "LAST_HOUR", **more) -> dict:
    return {
        "kind": "THRESHOLD",
        "source": source(website_id, more.pop("metric", "events")),
        "window": window,
        "direction": "ABOVE",
        "threshold": threshold,
        **more,
    }


async def make_alert(client, condition: dict, **fields) -> str:
    body = {"name": "Alert", "condition": condition, "delay_minutes": 0} | fields
    response = await client.post("/v1/alerts", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]["id"]


async def state_of(client, alert_id: str) -> dict:
    return (await client.get(f"/v1/alerts/{alert_id}/state")).json()["data"]


async def history_of(client, alert_id: str) -> list[str]:
    """What happened, oldest first."""
    response = await client.get(f"/v1/alerts/{alert_id}/history")
    assert response.status_code == 200
    return [event["kind"] for event in reversed(response.json()["data"])]


async def send(client, website_id: str, *moments: datetime, **fields) -> None:
    events = [
        make_event(website_id, id=uuid4().hex, timestamp=at.isoformat().replace("+00:00", "Z"), **fields)
        for at in moments
    ]
    if events:
        await send_events(client, *events)


Tick = Callable[..., Awaitable[datetime]]


def ticking(home: Home) -> Tick:
    """What evaluates a workspace's alerts at a moment, or minute by minute, and returns the moment after."""

    async def run(at: datetime = NOW, times: int = 1) -> datetime:
        for _ in range(times):
            await evaluate(home.caller.tenant, at)
            at += MINUTE
        return at

    return run
