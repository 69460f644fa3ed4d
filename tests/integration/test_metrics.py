"""Metrics over HTTP: exact, to the last visitor and cent."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from cloudmetrics.platform import clock
from tests.integration.conftest import make_event, make_website, send_events

pytestmark = pytest.mark.requirement("DF-1")

NOVEMBER = {"start_date": "2026-11-01", "end_date": "2026-11-30"}


async def ask(client, **question):
    response = await client.get("/v1/metrics", params=question)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def day_of(client, day: str) -> dict:
    data = await ask(client, start_date=day, end_date=day)
    return data["breakdown"][0]


def earning(amount: int, currency: str = "USD") -> dict:
    return {"name": "purchase", "revenue": {"amount_minor": amount, "currency": currency}}


async def test_without_anything_there_are_zeros(make_home):
    home = await make_home(currency="CHF")
    data = await ask(home.open(await home.make_key()), start_date="2026-11-01", end_date="2026-11-02")
    nothing = {
        "visitors": 0,
        "visits": 0,
        "pageviews": 0,
        "events": 0,
        "views_per_visit": None,
        "bounce_rate": None,
        "visit_duration": None,
        "revenue": {"amount_minor": 0, "currency": "CHF"},
    }
    assert data == nothing | {
        "revenue_by_currency": [],
        "revenue_per_visitor": None,
        "conversion_rate": None,
        "comparison": None,
        "breakdown": [nothing | {"date": f"2026-11-0{day}", "hour": None} for day in (1, 2)],
    }


async def test_a_few_events_are_counted(client, website_id):
    await send_events(
        client,
        make_event(website_id, visitor_id="anna", timestamp="2026-11-03T10:00:00Z"),
        make_event(website_id, visitor_id="anna", timestamp="2026-11-04T10:00:00Z"),
        make_event(website_id, visitor_id="bert", timestamp="2026-11-04T11:00:00Z", **earning(1001)),
        make_event(website_id, visitor_id="carl", timestamp="2026-11-04T12:00:00Z", name="signup"),
    )
    data = await ask(client, start_date="2026-11-02", end_date="2026-11-04", goal="signup")
    assert (data["visitors"], data["pageviews"], data["events"]) == (3, 2, 4)
    assert data["revenue"] == {"amount_minor": 1001, "currency": "USD"}
    assert data["revenue_per_visitor"] == {"amount_minor": 334, "currency": "USD"}
    assert data["conversion_rate"] == 1 / 3
    days = [
        (day["date"], day["visitors"], day["pageviews"], day["revenue"]["amount_minor"])
        for day in data["breakdown"]
    ]
    assert days == [("2026-11-02", 0, 0, 0), ("2026-11-03", 1, 1, 0), ("2026-11-04", 3, 1, 1001)]


async def test_the_question_is_echoed_with_its_dates(client, website_id, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat("2026-11-23T12:00:00+00:00"))
    response = await client.get("/v1/metrics", params={"website_id": website_id, "device": "mobile"})
    assert response.json()["meta"] == {
        "start_date": "2026-10-25",
        "end_date": "2026-11-23",
        "interval": "DAY",
        "compare": None,
        "website_id": website_id,
        "source": None,
        "medium": None,
        "campaign": None,
        "device": "mobile",
        "browser": None,
        "system": None,
        "country": None,
        "goal": None,
    }


async def test_today_is_a_day_of_the_website_or_else_of_the_workspace(make_home, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat("2026-11-23T12:00:00+00:00"))
    home = await make_home(timezone="Pacific/Kiritimati")
    client = home.open(await home.make_key())
    website_id = await make_website(client, timezone="Pacific/Pago_Pago")
    assert (await ask(client))["breakdown"][-1]["date"] == "2026-11-24"
    assert (await ask(client, website_id=website_id))["breakdown"][-1]["date"] == "2026-11-23"


async def test_one_website_or_all_of_them(client, website_id):
    other = await make_website(client)
    await send_events(client, make_event(website_id), make_event(other), make_event(other, visitor_id="bert"))
    assert (await ask(client, website_id=website_id, **NOVEMBER))["visitors"] == 1
    assert (await ask(client, website_id=other, **NOVEMBER))["visitors"] == 2
    # Anna of the one website and Anna of the other are two visitors.
    assert (await ask(client, **NOVEMBER))["visitors"] == 3


async def test_numbers_of_another_tenant_stay_there(client, make_home):
    other = await make_home()
    other_client = other.open(await other.make_key())
    website_id = await make_website(other_client)
    await send_events(other_client, make_event(website_id))
    assert (await ask(client, **NOVEMBER))["events"] == 0
    response = await client.get("/v1/metrics", params={"website_id": website_id})
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


async def test_a_visitors_day_belongs_to_its_first_touch(client, website_id):
    """Events come out of order; the ids break the tie of the same moment."""
    await send_events(
        client,
        make_event(website_id, source="later", timestamp="2026-11-03T12:00:00Z", **earning(500)),
        make_event(website_id, id="b", source="second", device="desktop", timestamp="2026-11-03T09:00:00Z"),
        make_event(website_id, id="a", source="first", device="mobile", timestamp="2026-11-03T09:00:00Z"),
        make_event(website_id, source="later", timestamp="2026-11-04T09:00:00Z"),
    )
    first = await ask(client, source="first", **NOVEMBER)
    assert (first["visitors"], first["events"], first["pageviews"]) == (1, 3, 2)
    assert first["revenue"]["amount_minor"] == 500
    later = await ask(client, source="later", **NOVEMBER)
    assert (later["events"], later["revenue"]["amount_minor"]) == (1, 0)
    assert (await ask(client, source="second", **NOVEMBER))["events"] == 0
    assert (await ask(client, device="mobile", **NOVEMBER))["events"] == 3
    assert (await ask(client, source="first", device="desktop", **NOVEMBER))["events"] == 0


async def test_an_event_that_comes_late_can_become_the_first_touch(client, website_id):
    await send_events(client, make_event(website_id, source="b", timestamp="2026-11-03T12:00:00Z"))
    assert (await ask(client, source="b", **NOVEMBER))["visitors"] == 1
    await send_events(client, make_event(website_id, source="a", timestamp="2026-11-03T08:00:00Z"))
    assert (await ask(client, source="b", **NOVEMBER))["visitors"] == 0
    assert (await ask(client, source="a", **NOVEMBER))["events"] == 2


async def test_no_source_and_an_empty_one_are_not_asked_for_by_any_name(client, website_id):
    await send_events(
        client, make_event(website_id, visitor_id="a"), make_event(website_id, visitor_id="b", source="")
    )
    assert (await ask(client, source="direct", **NOVEMBER))["visitors"] == 0
    assert (await ask(client, **NOVEMBER))["visitors"] == 2


async def test_days_are_those_of_each_website(client):
    tokyo = await make_website(client, timezone="Asia/Tokyo")
    pago = await make_website(client, timezone="Pacific/Pago_Pago")
    moment = "2026-11-03T10:30:00Z"
    await send_events(client, make_event(tokyo, timestamp=moment), make_event(pago, timestamp=moment))
    assert (await day_of(client, "2026-11-02"))["visitors"] == 1
    assert (await day_of(client, "2026-11-03"))["visitors"] == 1


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        # The clocks go back at 01:00 in the Azores: the day's first hour comes twice.
        ("Atlantic/Azores", "2026-10-24T23:59:59Z", "2026-10-24"),
        ("Atlantic/Azores", "2026-10-25T00:00:00Z", "2026-10-25"),
        ("Atlantic/Azores", "2026-10-25T00:59:59Z", "2026-10-25"),
        ("Atlantic/Azores", "2026-10-25T01:30:00Z", "2026-10-25"),
        # At midnight in São Paulo they went forward: the day began at 01:00.
        ("America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04"),
        # And back, to 23:00 of the day before.
        ("America/Sao_Paulo", "2018-02-18T02:30:00Z", "2018-02-17"),
        ("America/Sao_Paulo", "2018-02-18T03:00:00Z", "2018-02-18"),
        # Samoa left out a day.
        ("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"),
        ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"),
        ("Asia/Kathmandu", "2026-11-02T18:15:00Z", "2026-11-03"),
    ],
)
async def test_clock_changes_move_no_event_to_another_day(client, zone, moment, day):
    website_id = await make_website(client, timezone=zone)
    await send_events(client, make_event(website_id, timestamp=moment))
    assert (await day_of(client, day))["visitors"] == 1
    around = date.fromisoformat(day)
    data = await ask(client, start_date=around - timedelta(days=2), end_date=around + timedelta(days=2))
    assert [row["date"] for row in data["breakdown"] if row["visitors"]] == [day]


async def test_another_time_zone_redraws_the_days(client):
    website_id = await make_website(client, domain="a.example", timezone="UTC")
    await send_events(client, make_event(website_id, timestamp="2026-11-03T23:30:00Z"))
    assert (await day_of(client, "2026-11-03"))["visitors"] == 1
    body = {"name": "A", "domain": "a.example", "timezone": "Asia/Tokyo", "currency": "USD"}
    await client.put(f"/v1/websites/{website_id}", json=body)
    assert (await day_of(client, "2026-11-03"))["visitors"] == 0
    assert (await day_of(client, "2026-11-04"))["visitors"] == 1


@pytest.mark.requirement("PL-8")
async def test_over_several_currencies_each_is_listed(client):
    dollars, yen = await make_website(client), await make_website(client, currency="JPY")
    await send_events(client, make_event(dollars, **earning(-500)), make_event(yen, **earning(7, "JPY")))
    data = await ask(client, **NOVEMBER)
    assert data["revenue"] is None
    assert data["revenue_per_visitor"] is None
    assert data["revenue_by_currency"] == [
        {"amount_minor": 7, "currency": "JPY"},
        {"amount_minor": -500, "currency": "USD"},
    ]
    assert {day["revenue"] for day in data["breakdown"]} == {None}
    assert (await ask(client, website_id=yen, **NOVEMBER))["revenue"] == {
        "amount_minor": 7,
        "currency": "JPY",
    }


async def test_a_range_without_revenue_has_the_currency_of_the_website(client):
    yen = await make_website(client, currency="JPY")
    await send_events(client, make_event(yen))
    assert (await ask(client, website_id=yen, **NOVEMBER))["revenue"] == {
        "amount_minor": 0,
        "currency": "JPY",
    }


async def test_a_goal_that_nobody_reached_is_zero(client, website_id):
    await send_events(client, make_event(website_id))
    assert (await ask(client, goal="signup", **NOVEMBER))["conversion_rate"] == 0


async def test_the_goal_of_a_filtered_question_is_of_the_same_days(client, website_id):
    await send_events(
        client,
        make_event(website_id, source="google", timestamp="2026-11-03T10:00:00Z"),
        make_event(website_id, source="direct", name="signup", timestamp="2026-11-04T10:00:00Z"),
    )
    assert (await ask(client, goal="signup", **NOVEMBER))["conversion_rate"] == 1
    assert (await ask(client, goal="signup", source="google", **NOVEMBER))["conversion_rate"] == 0


@pytest.mark.requirement("B-3")
@pytest.mark.parametrize(
    ("question", "parameter", "code"),
    [
        ({"start_date": "2026-11-04", "end_date": "2026-11-03"}, "end_date", "RANGE_INVERTED"),
        ({"start_date": "2000-01-01", "end_date": "2026-11-03"}, "end_date", "RANGE_TOO_LONG"),
        ({"start_date": "0000-01-01"}, "start_date", "DATE_OUT_OF_RANGE"),
        ({"end_date": "0000-12-31"}, "end_date", "DATE_OUT_OF_RANGE"),
        ({"start_date": "yesterday"}, "start_date", "FORMAT"),
        ({"start_date": "2026-02-30"}, "start_date", "FORMAT"),
        ({"website_id": "shop"}, "website_id", "FORMAT"),
        ({"source": ""}, "source", None),
        ({"goal": "x" * 101}, "goal", None),
        ({"source": "\x00"}, "source", None),
    ],
)
async def test_a_question_that_makes_no_sense_names_its_parameter(client, question, parameter, code):
    response = await client.get("/v1/metrics", params=question)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_REQUEST")
    (violation,) = response.json()["errors"]
    assert violation["parameter"] == parameter
    assert code in (None, violation["code"])


@pytest.mark.parametrize(
    "question",
    [
        {"start_date": "0001-01-01", "end_date": "0001-01-02"},
        {"end_date": "0001-01-01"},
        {"start_date": "9999-12-31", "end_date": "9999-12-31"},
        {"start_date": "2016-11-16", "end_date": "2026-11-23"},
    ],
)
async def test_the_edges_of_the_calendar_can_be_asked_for(client, website_id, question):
    await send_events(client, make_event(website_id, timestamp="0001-01-01T00:00:00Z"))
    data = await ask(client, **question)
    assert data["visitors"] == (1 if data["breakdown"][0]["date"] == "0001-01-01" else 0)


async def test_an_unknown_website_is_not_found(client):
    response = await client.get("/v1/metrics", params={"website_id": str(uuid4())})
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
