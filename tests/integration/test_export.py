"""A website's events as one file: whole, in order, in both formats, or recognisably cut."""

import asyncio
import io
import json
from itertools import pairwise
from uuid import uuid4

import httpx
import pyarrow.parquet as pq
import pytest

from cloudmetrics.analytics.event_log import formats, service
from cloudmetrics.platform.errors import Unavailable
from tests.integration.conftest import make_event, make_website, send_events

FULL = {
    "name": "purchase",
    "timestamp": "2026-11-03T12:00:00.123456Z",
    "url": "https://shop.example/ä?q=1",
    "referrer": "https://search.example/",
    "source": "google",
    "device": "mobile",
    "country": "DE",
    "revenue": {"amount_minor": -(10**12), "currency": "USD"},
    "properties": {"plan": "prö\n🙂", "seats": 5, "none": None},
}


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(service, "EXPORT_PAGE", 3)
    monkeypatch.setattr(formats, "ROWS_AT_ONCE", 5)
    monkeypatch.setattr(service, "EXPORT_PAUSES", (0.01, 0.01))


async def export(client, website_id: str, **question) -> httpx.Response:
    response = await client.get(f"/v1/websites/{website_id}/events/export", params=question)
    assert response.status_code == 200, response.text
    return response


async def lines(client, website_id: str, **question) -> list[dict]:
    return [json.loads(line) for line in (await export(client, website_id, **question)).text.splitlines()]


async def test_every_event_is_a_line_as_the_api_shows_it_oldest_first(client, website_id, small_pages):
    moments = ["2026-11-03T10:00:00Z", "2026-11-03T11:00:00Z", "0001-01-01T00:00:00Z"]
    sent = [make_event(website_id, timestamp=moments[number % 3]) for number in range(20)]
    sent.append(make_event(website_id, **FULL))
    await send_events(client, *sent)
    await send_events(client, make_event(await make_website(client)))

    events = await lines(client, website_id)

    assert {event["id"] for event in events} == {event["id"] for event in sent}
    assert all((a["timestamp"], a["id"]) < (b["timestamp"], b["id"]) for a, b in pairwise(events))
    for event in events[::10]:
        assert event == (await client.get(f"/v1/events/{event['id']}")).json()["data"]


async def test_parquet_holds_what_ndjson_holds(client, website_id, small_pages):
    await send_events(client, *[make_event(website_id) for _ in range(12)], make_event(website_id, **FULL))

    response = await export(client, website_id, format="PARQUET")

    assert response.headers["content-type"] == "application/vnd.apache.parquet"
    assert response.headers["content-disposition"] == f'attachment; filename="events-{website_id}.parquet"'
    table = pq.read_table(io.BytesIO(response.content))
    rows = table.to_pylist()
    assert [as_json(row) for row in rows] == await lines(client, website_id)
    assert pq.ParquetFile(io.BytesIO(response.content)).num_row_groups == 3


def as_json(row: dict) -> dict:
    amount, currency = row.pop("revenue_amount_minor"), row.pop("revenue_currency")
    return row | {
        "timestamp": row["timestamp"].isoformat().replace("+00:00", "Z"),
        "received_at": row["received_at"].isoformat().replace("+00:00", "Z"),
        "revenue": {"amount_minor": amount, "currency": currency} if currency else None,
        "properties": json.loads(row["properties"]) if row["properties"] else None,
    }


@pytest.mark.parametrize("events", [0, 1, 3, 6])
async def test_pages_that_end_with_the_events_lose_and_repeat_nothing(
    client, website_id, small_pages, events
):
    if events:
        await send_events(client, *[make_event(website_id) for _ in range(events)])
    assert len(await lines(client, website_id)) == events
    content = (await export(client, website_id, format="PARQUET")).content
    assert pq.read_table(io.BytesIO(content)).num_rows == events


async def test_a_period_narrows_it(client, website_id):
    await send_events(
        client, *[make_event(website_id, timestamp=f"2026-11-03T10:{minute:02}:00Z") for minute in range(5)]
    )
    question = {"from": "2026-11-03T10:01:00Z", "to": "2026-11-03T12:03:00+02:00"}
    assert [event["timestamp"][14:16] for event in await lines(client, website_id, **question)] == [
        "01",
        "02",
    ]


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ({"from": "2026-11-03T00:00:00Z", "to": "2026-11-03T00:00:00Z"}, 400, "INVALID_REQUEST"),
        ({"from": "yesterday"}, 400, "INVALID_REQUEST"),
        ({"format": "CSV"}, 400, "INVALID_REQUEST"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem_and_no_file(client, website_id, question, status, code):
    response = await client.get(f"/v1/websites/{website_id}/events/export", params=question)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_only_the_workspace_and_the_scope_open_it(client, home, website_id, make_home):
    address = f"/v1/websites/{website_id}/events/export"
    other = await make_home()
    foreign = other.open(await other.make_key())
    narrow = home.open(await home.make_key(["events:write"]))
    reading = home.open(await home.make_key(["events:read"]))
    assert (await foreign.get(address)).status_code == 404
    assert (await client.get(f"/v1/websites/{uuid4()}/events/export")).status_code == 404
    assert (await narrow.get(address)).status_code == 403
    assert (await reading.get(address)).status_code == 200
    await client.delete(f"/v1/websites/{website_id}")
    assert (await client.get(address)).status_code == 404


async def test_a_short_absence_of_postgresql_goes_unnoticed_and_a_long_one_cuts_the_file(
    client, home, website_id, small_pages, monkeypatch
):
    await send_events(client, *[make_event(website_id) for _ in range(10)])
    absences = {2: 2, 3: 9}
    asked = 0
    read = service.store.list_after

    async def unsteady(*arguments):
        nonlocal asked
        if absences.get(asked, 0) > 0:
            absences[asked] -= 1
            raise Unavailable("The database cannot be reached.")
        asked += 1
        return await read(*arguments)

    monkeypatch.setattr(service.store, "list_after", unsteady)
    with pytest.raises(Exception, match=r"reached|started"):
        await client.get(f"/v1/websites/{website_id}/events/export")
    assert asked == 3
    absences.clear()
    assert len(await lines(client, website_id)) == 10


async def test_events_that_come_and_go_meanwhile_disturb_nothing(
    client, website_id, small_pages, database_url
):
    kept = [make_event(website_id, timestamp=f"2026-11-03T10:{minute:02}:00Z") for minute in range(30)]
    await send_events(client, *kept)

    async def disturb() -> None:
        for minute in range(20):
            await send_events(
                client,
                make_event(
                    website_id, id=f"new-{website_id}-{minute}", timestamp=f"2026-11-03T10:{minute:02}:30Z"
                ),
            )

    exported, _ = await asyncio.gather(lines(client, website_id), disturb())

    ids = [event["id"] for event in exported]
    assert len(set(ids)) == len(ids)
    assert {event["id"] for event in kept} <= set(ids)
