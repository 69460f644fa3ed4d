"""Events over HTTP: every one gets a receipt, and counts once."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest

from cloudmetrics.platform import clock
from cloudmetrics.platform.clock import iso
from tests.integration.conftest import make_event, make_website, send_events

pytestmark = pytest.mark.requirement("B-2", "CM-9")


def statuses(data: dict) -> list[str]:
    return [receipt["status"] for receipt in data["receipts"]]


def codes(data: dict) -> list[str | None]:
    return [receipt["code"] for receipt in data["receipts"]]


async def stored(home) -> list[dict]:
    return await home.caller.tenant.read("SELECT * FROM events ORDER BY event_id")


async def test_an_event_is_stored_as_it_was_sent(client, home, website_id):
    event = make_event(
        website_id,
        id="e-1",
        name="purchase",
        timestamp="2026-11-03T12:00:00.123456789+02:00",
        url="https://shop.example/ä?q=1",
        referrer="",
        source="google",
        device="mobile",
        country="DE",
        revenue={"amount_minor": -4990, "currency": "USD"},
        properties={
            "plan": "pro",
            "seats": 5,
            "share": 0.25,
            "trial": False,
            "none": None,
            "it's": '"q" \\ 🙂',
        },
    )
    data = await send_events(client, event)
    assert data["receipts"] == [{"id": "e-1", "status": "ACCEPTED", "code": None, "message": None}]
    (row,) = await stored(home)
    assert iso(row["occurred_at"]) == "2026-11-03T10:00:00.123456Z"
    assert row["revenue_minor"] == -4990
    assert str(row["website_id"]) == website_id
    for name in ("name", "visitor_id", "url", "referrer", "source", "device", "country", "properties"):
        assert row[name] == event[name]


async def test_receipts_come_in_the_order_of_the_request(client, website_id):
    ids = [uuid4().hex for _ in range(1000)]
    data = await send_events(client, *(make_event(website_id, id=event_id) for event_id in ids))
    assert [receipt["id"] for receipt in data["receipts"]] == ids
    assert (data["accepted"], data["duplicates"], data["rejected"]) == (1000, 0, 0)


async def test_a_batch_that_is_sent_again_is_all_duplicates(client, home, website_id):
    batch = [make_event(website_id) for _ in range(20)]
    await send_events(client, *batch)
    data = await send_events(client, *reversed(batch))
    assert (data["accepted"], data["duplicates"]) == (0, 20)
    assert len(await stored(home)) == 20


async def test_the_first_event_of_an_id_stands_whatever_the_next_says(client, home, website_id):
    await send_events(client, make_event(website_id, id="e", name="first"))
    future = iso(clock.now() + timedelta(days=1))
    data = await send_events(
        client,
        make_event(website_id, id="e", name="second"),
        make_event(str(uuid4()), id="e"),
        make_event(website_id, id="e", timestamp=future),
        make_event(website_id, id="e", revenue={"amount_minor": 1, "currency": "JPY"}),
    )
    assert statuses(data) == ["DUPLICATE"] * 4
    assert codes(data) == [None] * 4
    assert [row["name"] for row in await stored(home)] == ["first"]


async def test_an_id_counts_once_within_a_batch(client, home, website_id):
    wrong = make_event(str(uuid4()), id="e")
    data = await send_events(
        client, wrong, make_event(website_id, id="e"), make_event(website_id, id="e", name="other"), wrong
    )
    assert statuses(data) == ["REJECTED", "ACCEPTED", "DUPLICATE", "DUPLICATE"]
    assert [row["name"] for row in await stored(home)] == ["pageview"]


async def test_a_rejected_id_may_come_again(client, website_id):
    assert statuses(await send_events(client, make_event(str(uuid4()), id="e"))) == ["REJECTED"]
    assert statuses(await send_events(client, make_event(website_id, id="e"))) == ["ACCEPTED"]


async def test_ids_are_compared_exactly(client, website_id):
    ids = ["a", "A", "a ", "ä", "a\u0308", "🙂", "e" * 128]
    data = await send_events(client, *(make_event(website_id, id=event_id) for event_id in ids))
    assert data["accepted"] == len(ids)


async def test_another_workspace_may_use_the_same_id(client, website_id, make_home):
    other = await make_home()
    other_client = other.open(await other.make_key())
    other_site = await make_website(other_client)
    await send_events(client, make_event(website_id, id="e"))
    assert statuses(await send_events(other_client, make_event(other_site, id="e"))) == ["ACCEPTED"]


async def test_batches_that_overlap_at_the_same_time_store_each_event_once(client, home, website_id):
    """Twelve batches hold the same hundred ids, each in another order."""
    ids = [f"e{number}" for number in range(100)]
    batches = [ids[start:] + ids[:start] for start in range(0, 96, 8)]
    batches = [batch[::-1] if number % 2 else batch for number, batch in enumerate(batches)]
    answers = await asyncio.gather(
        *(send_events(client, *(make_event(website_id, id=one) for one in batch)) for batch in batches)
    )
    assert sum(answer["accepted"] for answer in answers) == 100
    assert sum(answer["duplicates"] for answer in answers) == 1100
    accepted = [r["id"] for answer in answers for r in answer["receipts"] if r["status"] == "ACCEPTED"]
    assert sorted(accepted) == sorted(ids)
    assert len(await stored(home)) == 100


async def test_an_accepted_event_is_in_the_next_answer(client, website_id):
    for number in range(1, 6):
        await send_events(client, make_event(website_id))
        metrics = await client.get("/v1/metrics?start_date=2026-11-03&end_date=2026-11-03")
        assert metrics.json()["data"]["events"] == number


@pytest.mark.parametrize("other", ["unknown", "foreign", "sandbox"])
async def test_a_website_of_nobody_or_somebody_else_is_unknown(client, home, make_home, other):
    if other == "unknown":
        target = str(uuid4())
    elif other == "foreign":
        stranger = await make_home()
        target = await make_website(stranger.open(await stranger.make_key()))
    else:
        target = await make_website(home.open(await home.make_key(mode="test")))
    (receipt,) = (await send_events(client, make_event(target)))["receipts"]
    assert (receipt["status"], receipt["code"]) == ("REJECTED", "UNKNOWN_WEBSITE")
    assert receipt["message"]


async def test_a_timestamp_may_be_5_minutes_ahead_of_the_clock(client, website_id, monkeypatch):
    present = clock.now()
    monkeypatch.setattr(clock, "now", lambda: present)
    edge = present + timedelta(minutes=5)
    data = await send_events(
        client,
        make_event(website_id, timestamp=iso(edge)),
        make_event(website_id, timestamp=iso(edge + timedelta(microseconds=1))),
        make_event(website_id, timestamp="9999-01-01T00:00:00Z"),
    )
    assert codes(data) == [None, "TIMESTAMP_IN_FUTURE", "TIMESTAMP_IN_FUTURE"]


async def test_any_age_is_taken(client, home, website_id):
    data = await send_events(
        client,
        make_event(website_id, id="1", timestamp="0001-01-01T00:00:00Z"),
        make_event(website_id, id="2", timestamp="1970-01-01T00:00:00Z"),
        make_event(website_id, id="3", timestamp="2016-12-31T23:59:60Z"),
    )
    assert data["accepted"] == 3
    assert [row["occurred_at"].year for row in await stored(home)] == [1, 1970, 2017]


@pytest.mark.parametrize("timestamp", ["0000-06-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
async def test_a_year_that_cannot_be_stored_is_rejected(client, website_id, timestamp):
    data = await send_events(client, make_event(website_id, timestamp=timestamp), make_event(website_id))
    assert codes(data) == ["TIMESTAMP_OUT_OF_RANGE", None]


async def test_revenue_in_another_currency_is_rejected(client, website_id):
    data = await send_events(
        client,
        make_event(website_id, revenue={"amount_minor": 5, "currency": "EUR"}),
        make_event(website_id, revenue={"amount_minor": 5.0, "currency": "USD"}),
    )
    assert codes(data) == ["CURRENCY_MISMATCH", None]
    assert "USD" in data["receipts"][0]["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": "x" * 129},
        {"id": 5},
        {"name": ""},
        {"timestamp": "2026-11-03"},
        {"timestamp": "2026-11-03T10:00:00"},
        {"timestamp": "2026-11-31T10:00:00Z"},
        {"timestamp": 1762164000},
        {"website_id": "shop"},
        {"visitor_id": None},
        {"country": "de"},
        {"revenue": {"amount_minor": 1.5, "currency": "USD"}},
        {"revenue": {"amount_minor": 10**13, "currency": "USD"}},
        {"revenue": {"amount_minor": 5}},
        {"properties": {"nested": {}}},
        {"properties": {str(number): 1 for number in range(51)}},
        {"properties": {"long": "x" * 501}},
        {"properties": {"big": 10**400}},
        {"colour": "red"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_one_event_that_breaks_the_schema_stores_nothing_of_the_batch(client, home, website_id, wrong):
    batch = [make_event(website_id), make_event(website_id, **wrong)]
    response = await client.post("/v1/events", json={"events": batch})
    assert response.status_code == 400
    assert response.json()["code"] in ("INVALID_REQUEST", "MALFORMED_BODY")
    assert all(error["pointer"].startswith("/events/1") for error in response.json().get("errors", []))
    assert await stored(home) == []


@pytest.mark.parametrize("count", [0, 1001])
async def test_a_batch_has_1_to_1000_events(client, website_id, count):
    batch = [make_event(website_id) for _ in range(count)]
    response = await client.post("/v1/events", json={"events": batch})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/events"


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "\\udc00\\ud800", "a\\u0000b"])
@pytest.mark.parametrize("field", ["id", "visitor_id", "url", "properties"])
async def test_text_that_cannot_be_stored_is_refused(client, home, website_id, field, text):
    event = make_event(website_id) | {field: "@" if field != "properties" else {"@": "@"}}
    body = json.dumps({"events": [event]}).replace("@", text)
    response = await client.post("/v1/events", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert await stored(home) == []


async def test_hostile_text_is_only_text(client, home, website_id):
    hostile = "'; DROP TABLE events; -- \\ %s %(x)s $1 {} \u202e \ufffe"
    await send_events(
        client,
        make_event(website_id, id=hostile, visitor_id=hostile, source=hostile, properties={hostile: hostile}),
    )
    (row,) = await stored(home)
    assert row["event_id"] == row["visitor_id"] == row["source"] == hostile
    assert row["properties"] == {hostile: hostile}
    metrics = await client.get(
        "/v1/metrics", params={"start_date": "2026-11-03", "end_date": "2026-11-03", "source": hostile}
    )
    assert metrics.json()["data"]["visitors"] == 1


async def test_5_mib_is_the_limit(client, website_id):
    event = make_event(website_id, properties={str(number): "x" * 500 for number in range(50)})
    batch = [event | {"id": str(number)} for number in range(220)]
    response = await client.post("/v1/events", json={"events": batch})
    assert response.status_code == 413
    assert response.json()["code"] == "PAYLOAD_TOO_LARGE"
    assert (await send_events(client, *batch[:190]))["accepted"] == 190
