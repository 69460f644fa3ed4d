"""API6, unrestricted access to sensitive business flows: numbers cannot be driven up, nor plans stretched.

Tries to count one sale many times, at once and in one batch; to earn from the
future; to store more than a quota by many small batches beside each other; and
to get round a limit by many keys.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from cloudmetrics.accounts.limits.service import set_limits
from tests.integration.conftest import make_event, make_website, send_events

SALE = {"name": "purchase", "revenue": {"amount_minor": 100, "currency": "USD"}, "id": "sale-1"}

pytestmark = pytest.mark.requirement("CM-14")


async def test_one_sale_counts_once_however_often_it_is_told(client, website_id):
    sale = make_event(website_id, **SALE)
    answers = await asyncio.gather(*(send_events(client, sale, sale) for _ in range(20)))
    assert sum(answer["accepted"] for answer in answers) == 1
    days = {"start_date": "2026-11-03", "end_date": "2026-11-03"}
    data = (await client.get("/v1/metrics", params=days)).json()["data"]
    assert data["revenue"] == {"amount_minor": 100, "currency": "USD"}


async def test_nobody_earns_from_the_future_or_in_other_money(client, website_id):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    euros = {"amount_minor": 100, "currency": "EUR"}
    data = await send_events(
        client,
        make_event(website_id, **SALE | {"timestamp": tomorrow}),
        make_event(website_id, **SALE | {"id": "sale-2", "revenue": euros}),
    )
    assert data["rejected"] == 2


async def test_many_small_batches_stretch_no_quota(make_home, database):
    home = await make_home()
    await set_limits(database, home.workspace.id, {"events": "30"})
    clients = [home.open(await home.make_key()) for _ in range(4)]
    website = await make_website(clients[0])
    answers = await asyncio.gather(
        *(
            clients[number % 4].post("/v1/events", json={"events": [make_event(website) for _ in range(3)]})
            for number in range(40)
        )
    )
    assert sum(answer.status_code == 200 for answer in answers) == 10


async def test_many_keys_stretch_no_workspace(make_home, database):
    home = await make_home()
    await set_limits(database, home.workspace.id, {"workspace": "20"})
    clients = [home.open(await home.make_key()) for _ in range(10)]
    answers = await asyncio.gather(*(client.get("/v1/workspace") for client in clients for _ in range(5)))
    assert sum(answer.status_code == 200 for answer in answers) == 20
