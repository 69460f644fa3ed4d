"""Metrics by hour, day, week and month, and beside those of earlier days."""

import random
from datetime import datetime, timedelta

import pytest

from cloudmetrics.platform import clock
from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.question_recounts import recount
from tests.integration.test_questions import FIRST, METRICS, VALUES, make_world

pytestmark = pytest.mark.requirement("DF-1")


async def ask(client, **question):
    response = await client.get("/v1/metrics", params=question)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def parts(client, **question) -> list[tuple]:
    rows = (await ask(client, **question))["breakdown"]
    return [(row["date"], row["hour"], row["visitors"]) for row in rows if row["visitors"]]


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("seed", range(4))
async def test_totals_parts_and_comparison_equal_a_recount(client, seed):
    dice = random.Random(seed)
    world = await make_world(client, dice, ["USD", "USD"])
    for _ in range(15):
        start = FIRST.date() + timedelta(days=dice.randrange(8))
        question = {
            "start_date": start.isoformat(),
            "end_date": (start + timedelta(days=dice.randrange(10))).isoformat(),
            "interval": dice.choice(["HOUR", "DAY", "WEEK", "MONTH"]),
            "goal": dice.choice(["signup", "pageview"]),
        }
        if dice.random() < 0.5:
            question["website_id"] = dice.choice(list(world.sites))
        wanted = {name: dice.choice(values) for name, values in VALUES.items() if dice.random() < 0.4}
        wanted = {name: value for name, value in wanted.items() if value}
        found = await ask(client, **question, **wanted, compare="PREVIOUS_PERIOD")
        leaves = [{"operator": "IS", "dimension": name, "value": value} for name, value in wanted.items()]
        question |= {"metrics": METRICS, "filter": {"operator": "AND", "filters": leaves}}
        (whole,) = recount(world.sites, question)
        assert {name: found[name] for name in METRICS} == near(whole["metrics"]), question
        rows = {row["dimensions"]["time"]: row["metrics"] for row in recount(world.sites, question | BY_TIME)}
        for row in found["breakdown"]:
            hour = "" if row["hour"] is None else f"T{row['hour']:02}:00"
            expected = rows.pop(row["date"] + hour, None)
            if expected is None:
                assert (row["visitors"], row["visits"], row["bounce_rate"]) == (0, 0, None)
            else:
                assert {name: row[name] for name in SHOWN} == near({name: expected[name] for name in SHOWN})
        assert rows == {}
        earlier = found["comparison"]
        (then,) = recount(
            world.sites,
            question | {"start_date": earlier["start_date"], "end_date": earlier["end_date"]},
        )
        assert {name: earlier[name] for name in METRICS} == near(then["metrics"])


BY_TIME = {"dimensions": ["time"]}
SHOWN = [name for name in METRICS if name not in ("revenue_per_visitor", "conversion_rate")]


def near(metrics: dict) -> dict:
    """A recount, whose mean durations are sums of floating-point numbers."""
    kept = {name: metrics[name] for name in METRICS if name in metrics}
    seconds = kept["visit_duration"]
    return kept | {"visit_duration": seconds if seconds is None else pytest.approx(seconds)}


async def test_weeks_begin_on_mondays_and_with_the_range(client, website_id):
    # 2 November 2026 is a Monday.
    for day in ("10-31", "11-01", "11-02", "11-08", "11-09"):
        await send_events(client, make_event(website_id, timestamp=f"2026-{day}T10:00:00Z"))
    days = {"start_date": "2026-10-30", "end_date": "2026-11-09"}
    assert await parts(client, interval="WEEK", **days) == [
        ("2026-10-30", None, 1),
        ("2026-11-02", None, 1),
        ("2026-11-09", None, 1),
    ]
    assert await parts(client, interval="MONTH", **days) == [("2026-10-30", None, 1), ("2026-11-01", None, 1)]


async def test_whoever_came_before_a_part_is_new_in_it(client, website_id):
    """A visitor of the last week is a visitor of this one too, also where the range cuts that week."""
    for day in ("11-02", "11-04", "11-10", "11-11"):
        await send_events(client, make_event(website_id, timestamp=f"2026-{day}T10:00:00Z"))
    days = {"start_date": "2026-11-03", "end_date": "2026-11-11", "interval": "WEEK"}
    assert await parts(client, **days) == [("2026-11-03", None, 1), ("2026-11-09", None, 1)]
    assert (await ask(client, **days))["visitors"] == 1


@pytest.mark.parametrize(
    ("zone", "moments", "expected"),
    [
        # 02:30 comes twice in Berlin: both are in the row of that hour.
        ("Europe/Berlin", ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"], [("2026-10-25", 2, 2)]),
        # 02:00 does not come at all: 01:59 is followed by 03:00.
        (
            "Europe/Berlin",
            ["2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z"],
            [("2026-03-29", 1, 1), ("2026-03-29", 3, 1)],
        ),
        ("Asia/Kathmandu", ["2026-11-03T18:14:59Z", "2026-11-03T18:15:00Z"], [("2026-11-03", 23, 1)]),
    ],
)
async def test_hours_are_those_of_the_clock(client, zone, moments, expected):
    website_id = await make_website(client, timezone=zone)
    for number, moment in enumerate(moments):
        await send_events(client, make_event(website_id, visitor_id=f"v{number}", timestamp=moment))
    day = expected[0][0]
    found = (await ask(client, start_date=day, end_date=day, interval="HOUR"))["breakdown"]
    assert len(found) == 24
    assert [(row["date"], row["hour"], row["visitors"]) for row in found if row["visitors"]] == expected


async def test_a_visit_over_midnight_belongs_to_the_hour_in_which_it_starts(client, website_id):
    await send_events(
        client,
        make_event(website_id, timestamp="2026-11-03T23:50:00Z"),
        make_event(website_id, timestamp="2026-11-04T00:10:00Z"),
    )
    days = {"start_date": "2026-11-03", "end_date": "2026-11-04"}
    rows = (await ask(client, interval="HOUR", **days))["breakdown"]
    assert [(row["visits"], row["events"]) for row in rows if row["events"]] == [(1, 1), (0, 1)]
    data = await ask(client, **days)
    assert (data["visits"], data["bounce_rate"], data["visit_duration"]) == (1, 0, 1200)
    assert [row["visits"] for row in data["breakdown"]] == [1, 0]


async def test_a_comparison_tells_the_change_of_each_number(client, website_id):
    revenue = {"name": "purchase", "revenue": {"amount_minor": 400, "currency": "USD"}}
    await send_events(
        client,
        make_event(website_id, visitor_id="anna", timestamp="2025-11-03T10:00:00Z", **revenue),
        make_event(website_id, visitor_id="bert", timestamp="2025-11-03T10:00:00Z"),
        make_event(website_id, visitor_id="anna", timestamp="2026-11-03T10:00:00Z"),
        make_event(website_id, visitor_id="bert", timestamp="2026-11-03T10:00:00Z"),
        make_event(website_id, visitor_id="carl", timestamp="2026-11-03T10:00:00Z"),
    )
    days = {"start_date": "2026-11-03", "end_date": "2026-11-03", "goal": "purchase"}
    data = await ask(client, compare="PREVIOUS_YEAR", **days)
    comparison = data["comparison"]
    assert (comparison["start_date"], comparison["end_date"]) == ("2025-11-03", "2025-11-03")
    assert (comparison["visitors"], comparison["revenue"]["amount_minor"]) == (2, 400)
    assert comparison["change"] == {
        "visitors": 0.5,
        "visits": 0.5,
        "pageviews": 2,
        "events": 0.5,
        "views_per_visit": 1,
        "bounce_rate": 0,
        # Nobody stayed then, so there is nothing to divide by.
        "visit_duration": None,
        "revenue": -1,
        "revenue_per_visitor": -1,
        "conversion_rate": -1,
    }
    assert (await ask(client, **days))["comparison"] is None
    nothing = await ask(client, start_date="2020-01-01", end_date="2020-01-02", compare="PREVIOUS_PERIOD")
    assert set(nothing["comparison"]["change"].values()) == {None}


async def test_money_of_two_currencies_has_not_changed_by_any_part(client):
    dollars, euros = await make_website(client), await make_website(client, currency="EUR")
    earned = {"name": "purchase", "timestamp": "2026-11-02T10:00:00Z"}
    await send_events(
        client,
        make_event(dollars, **earned | {"revenue": {"amount_minor": 5, "currency": "USD"}}),
        make_event(euros, name="purchase", revenue={"amount_minor": 9, "currency": "EUR"}),
    )
    data = await ask(client, start_date="2026-11-03", end_date="2026-11-03", compare="PREVIOUS_PERIOD")
    assert data["revenue"]["currency"] == "EUR"
    assert data["comparison"]["revenue"]["currency"] == "USD"
    assert data["comparison"]["change"]["revenue"] is None


@pytest.mark.parametrize(
    ("question", "parameter", "code"),
    [
        ({"interval": "HOUR", "start_date": "2026-10-24"}, "end_date", "RANGE_TOO_LONG"),
        ({"compare": "PREVIOUS_YEAR", "end_date": "0001-01-02"}, "compare", "DATE_OUT_OF_RANGE"),
        ({"compare": "PREVIOUS_PERIOD", "end_date": "0001-01-05"}, "compare", "DATE_OUT_OF_RANGE"),
        ({"interval": "YEAR"}, "interval", "ENUM"),
        ({"compare": "LAST_YEAR"}, "compare", "ENUM"),
        ({"country": "Germany"}, "country", "TOO_LONG"),
    ],
)  # fmt: skip
async def test_a_question_that_makes_no_sense_names_its_parameter(
    client, monkeypatch, question, parameter, code
):
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat("2026-11-24T12:00:00+00:00"))
    response = await client.get("/v1/metrics", params=question)
    assert response.status_code == 400
    assert (parameter, code) in [(each["parameter"], each["code"]) for each in response.json()["errors"]]
