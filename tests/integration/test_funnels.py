"""Funnels over HTTP: exact, also when visitors begin again, come late or stray."""

import random
import statistics
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from cloudmetrics.platform import clock
from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.test_goal_completions import meets
from tests.integration.test_goals import at_least, code_of, pointers

pytestmark = pytest.mark.requirement("DF-2")

OCTOBER = {"start_date": "2026-10-01", "end_date": "2026-10-30"}


def step(name: str) -> dict:
    return {"kind": "EVENT", "event_name": name}


UNFILTERED = dict.fromkeys(("source", "medium", "campaign", "device", "browser", "system", "country"))
A, B, C = step("a"), step("b"), step("c")


async def ask(client, website_id: str, *steps: dict, **question) -> list[dict]:
    body = OCTOBER | {"website_id": website_id, "steps": steps} | question
    response = await client.post("/v1/funnels/query", json=body)
    assert response.status_code == 200, response.text
    return response.json()["data"]["steps"]


def visitors(rows: list[dict]) -> list[int]:
    return [row["visitors"] for row in rows]


async def go(client, website_id: str, visitor_id: str, *way: tuple[str, str]) -> None:
    """Sends what a visitor did: names, each with the day of October and the time of it."""
    events = [
        make_event(
            website_id, visitor_id=visitor_id, name=name, timestamp=f"2026-10-{moment[:2]}T{moment[3:]}:00Z"
        )
        for name, moment in way
    ]
    assert (await send_events(client, *events))["accepted"] == len(events)


async def test_each_step_says_who_came_and_who_left(client, website_id):
    await go(client, website_id, "anna", ("a", "03 10:00"), ("b", "03 10:01"), ("c", "03 10:11"))
    await go(client, website_id, "bert", ("a", "03 10:00"), ("x", "03 10:01"), ("b", "03 10:04"))
    await go(client, website_id, "carl", ("a", "03 10:00"), ("a", "04 10:00"))
    await go(client, website_id, "dora", ("b", "03 10:00"), ("c", "03 10:01"))
    body = OCTOBER | {"website_id": website_id, "steps": [A, B, C]}
    answer = (await client.post("/v1/funnels/query", json=body)).json()

    def row(number: int, condition: dict, *values: object) -> dict:
        names = (
            "visitors",
            "drop_off",
            "conversion_from_previous",
            "conversion_from_first",
            "median_seconds_from_previous",
        )
        shown = condition | {"minimum_revenue": None}
        return {"number": number, "condition": shown} | dict(zip(names, values, strict=True))

    assert answer["data"]["steps"] == [
        row(1, A, 3, None, None, 1.0, None),
        row(2, B, 2, 1, 2 / 3, 2 / 3, 150.0),
        row(3, C, 1, 1, 0.5, 1 / 3, 600.0),
    ]
    assert answer["meta"] == OCTOBER | {"website_id": website_id, "window_hours": 24, "filters": UNFILTERED}


async def test_where_nobody_began_there_are_zeros_and_no_ratios(client, website_id):
    rows = await ask(client, website_id, *[A, B] * 5)
    assert visitors(rows) == [0] * 10
    assert [row["drop_off"] for row in rows] == [None] + [0] * 9
    for name in ("conversion_from_previous", "conversion_from_first", "median_seconds_from_previous"):
        assert [row[name] for row in rows] == [None] * 10


@pytest.mark.parametrize(
    ("way", "reached"),
    [
        ([("b", "03 10:00"), ("a", "03 10:01")], 1),
        ([("a", "03 10:00"), ("c", "03 10:01"), ("b", "03 10:02")], 2),
        ([("a", "03 10:00"), ("b", "03 12:00"), ("c", "04 10:00")], 3),
        ([("a", "03 10:00"), ("b", "03 12:00"), ("c", "04 10:01")], 2),
        # Somebody who begins again has the whole window again.
        ([("a", "03 10:00"), ("b", "03 12:00"), ("a", "20 10:00"), ("b", "20 10:01"), ("c", "20 10:02")], 3),
        # A later beginning does not take away what an earlier one reached.
        ([("a", "03 10:00"), ("b", "03 10:01"), ("a", "03 10:02"), ("c", "03 10:03")], 3),
        ([("a", "03 10:00"), ("a", "04 09:00"), ("b", "04 09:30"), ("c", "05 09:00")], 3),
        ([("a", "01 00:00"), ("b", "01 00:01"), ("c", "30 23:59")], 2),
        ([("a", "30 23:58"), ("b", "30 23:59")], 2),
    ],
)
async def test_steps_count_in_order_and_within_the_window(client, website_id, way, reached):
    await go(client, website_id, "anna", *way)
    assert visitors(await ask(client, website_id, A, B, C)) == [1] * reached + [0] * (3 - reached)


async def test_what_happens_at_the_same_moment_is_ordered_by_id(client, website_id):
    for visitor_id, ids in (("anna", "12"), ("bert", "43")):
        await send_events(
            client,
            *(
                make_event(
                    website_id, id=one, visitor_id=visitor_id, name=name, timestamp="2026-10-03T10:00:00Z"
                )
                for one, name in zip(ids, "ab", strict=True)
            ),
        )
    rows = await ask(client, website_id, A, B)
    assert visitors(rows) == [2, 1]
    assert rows[1]["median_seconds_from_previous"] == 0


async def test_one_event_is_never_two_steps(client, website_id):
    await go(client, website_id, "anna", ("a", "03 10:00"), ("a", "03 10:01"))
    assert visitors(await ask(client, website_id, A, A, A)) == [1, 1, 0]


async def test_the_time_is_of_the_first_completion_from_the_last_before_it(client, website_id):
    way = ("a", "03 10:00"), ("a", "03 10:05"), ("b", "03 10:06"), ("a", "03 11:00"), ("b", "03 11:30")
    await go(client, website_id, "anna", *way)
    rows = await ask(client, website_id, A, B)
    assert rows[1]["median_seconds_from_previous"] == 60


async def test_only_the_days_asked_for_count_there(client):
    website_id = await make_website(client, timezone="America/New_York")
    # Midnight is at 04:00 in UTC.
    await go(client, website_id, "anna", ("a", "03 03:30"), ("b", "03 04:30"))
    third = {"start_date": "2026-10-03", "end_date": "2026-10-03"}
    assert visitors(await ask(client, website_id, A, B, **third)) == [0, 0]
    assert visitors(await ask(client, website_id, A, B, **third | {"start_date": "2026-10-02"})) == [1, 1]


async def test_a_filter_is_about_the_day_on_which_the_way_begins(client, website_id):
    def event(who: str, name: str, moment: str, **touch: str) -> dict:
        timestamp = f"2026-10-{moment}:00Z"
        return make_event(website_id, visitor_id=who, name=name, timestamp=timestamp, **touch)

    await send_events(
        client,
        # Came by a campaign, and went on the next day without it.
        event("anna", "x", "03T09:00", source="news", country="DE"),
        event("anna", "a", "03T20:00"),
        event("anna", "b", "04T10:00", source="google"),
        # The campaign came only after the way began, or not first of the day.
        event("bert", "a", "03T20:00", source="google"),
        event("bert", "b", "04T10:00", source="news"),
        event("carl", "x", "03T09:00"),
        event("carl", "a", "03T20:00", source="news"),
    )
    assert visitors(await ask(client, website_id, A, B)) == [3, 2]
    for filters, reached in (
        ({"source": "news"}, [1, 1]),
        ({"source": "google"}, [1, 1]),
        ({"source": "news", "country": "DE"}, [1, 1]),
        ({"source": "news", "country": "US"}, [0, 0]),
    ):
        assert visitors(await ask(client, website_id, A, B, filters=filters)) == reached


async def test_without_dates_and_window_it_is_30_days_and_24_hours(client, website_id, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 30, 12, tzinfo=UTC))
    body = {"website_id": website_id, "steps": [A, B]}
    meta = (await client.post("/v1/funnels/query", json=body)).json()["meta"]
    assert meta == OCTOBER | {"website_id": website_id, "window_hours": 24, "filters": UNFILTERED}


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"steps": [A]}, "/steps", "TOO_FEW"),
        ({"steps": [A] * 11}, "/steps", "TOO_MANY"),
        ({"steps": [A, {"kind": "GOAL"}]}, "/steps/1/kind", "ENUM"),
        ({"steps": [A, B | at_least(1, "EUR")]}, "/steps/1/minimum_revenue/currency", "CURRENCY_MISMATCH"),
        ({"window_hours": 0}, "/window_hours", "TOO_SMALL"),
        ({"window_hours": 8785}, "/window_hours", "TOO_LARGE"),
        ({"window_hours": 1.5}, "/window_hours", "TYPE"),
        ({"colour": "red"}, "/colour", "UNKNOWN_FIELD"),
        ({"end_date": "2026-09-30"}, "/end_date", "RANGE_INVERTED"),
        ({"start_date": "2000-01-01"}, "/end_date", "RANGE_TOO_LONG"),
        ({"start_date": "0000-01-01"}, "/start_date", "DATE_OUT_OF_RANGE"),
    ],
)  # fmt: skip
async def test_a_question_that_is_none_is_a_violation(client, website_id, wrong, pointer, code):
    body = OCTOBER | {"website_id": website_id, "steps": [A, B]} | wrong
    found = pointers(await client.post("/v1/funnels/query", json=body))
    assert found == {pointer: code}


@pytest.mark.requirement("PL-5")
async def test_a_website_of_nobody_or_somebody_else_is_not_found(client, website_id, make_home):
    await go(client, website_id, "anna", ("a", "03 10:00"))
    other = await make_home()
    other_client = other.open(await other.make_key())
    for unknown in (website_id, str(uuid4())):
        body = {"website_id": unknown, "steps": [A, B]}
        assert code_of(await other_client.post("/v1/funnels/query", json=body)) == (404, "NOT_FOUND")
    await client.delete(f"/v1/websites/{website_id}")
    body = {"website_id": website_id, "steps": [A, B]}
    assert code_of(await client.post("/v1/funnels/query", json=body)) == (404, "NOT_FOUND")


@pytest.mark.requirement("CM-5")
async def test_reading_goals_is_the_scope_for_it(home, website_id):
    body = {"website_id": website_id, "steps": [A, B]}
    granted = home.open(await home.make_key(["goals:read"]))
    others = home.open(await home.make_key(["metrics:read", "events:read", "websites:full"]))
    assert (await granted.post("/v1/funnels/query", json=body)).status_code == 200
    refused = await others.post("/v1/funnels/query", json=body)
    assert code_of(refused) == (403, "INSUFFICIENT_SCOPE")


def moment(event: dict) -> datetime:
    return datetime.fromisoformat(event["timestamp"])


def completions(events: list[dict], steps: list[dict], window: timedelta) -> list[list[int]]:
    """Places of one visitor's events, in order, that complete each step: tried from every beginning."""
    found: list[set[int]] = [set() for _ in steps]
    for begin, first in enumerate(events):
        if not meets(steps[0], first):
            continue
        here = {begin}
        for number, condition in enumerate(steps):
            if number:
                here = {
                    place
                    for place, event in enumerate(events)
                    if any(place > before for before in here)
                    and meets(condition, event)
                    and moment(event) - moment(first) <= window
                }
            found[number] |= here
    return [sorted(places) for places in found]


def recount(events: list[dict], steps: list[dict], hours: int) -> list[tuple[int, float | None]]:
    """Visitors of each step, and their median time from the step before."""
    ways: dict[str, list[dict]] = {}
    for event in sorted(events, key=lambda event: (moment(event), event["id"])):
        ways.setdefault(event["visitor_id"], []).append(event)
    took: list[list[float]] = [[] for _ in steps]
    for way in ways.values():
        found = completions(way, steps, timedelta(hours=hours))
        for number, places in enumerate(found):
            if places:
                before = max((place for place in found[number - 1] if place < places[0]), default=places[0])
                took[number].append((moment(way[places[0]]) - moment(way[before])).total_seconds())
    return [
        (len(times), statistics.median(times) if number and times else None)
        for number, times in enumerate(took)
    ]


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("seed", range(6))
async def test_every_answer_equals_a_recount(client, seed):
    dice = random.Random(seed)
    zone = dice.choice(["America/New_York", "Europe/Berlin", "Asia/Kathmandu"])
    website_id = await make_website(client, timezone=zone)
    first = datetime(2026, 10, 23, tzinfo=UTC)
    events = []
    for number in range(500):
        # Quarters of an hour make many events of the same moment.
        at = first + timedelta(minutes=15 * dice.randrange(4 * 24 * 5))
        event = make_event(website_id, id=f"{dice.randrange(10**6)}-{number}", timestamp=at.isoformat())
        event |= {"visitor_id": f"v{dice.randrange(40)}", "name": dice.choice(["pageview", "a", "b", "c"])}
        event["url"] = dice.choice(["https://shop.example", "/cart", "/cart/pay?now"])
        if dice.random() < 0.3:
            event["revenue"] = {"amount_minor": dice.randrange(100), "currency": "USD"}
        events.append(event)
    await send_events(client, *events)
    choices = [A, B, C, step("pageview"), A | at_least(30)]
    choices += [{"kind": "PAGE", "path_pattern": pattern} for pattern in ("/", "/cart*", "*")]
    for _ in range(15):
        steps = [dice.choice(choices) for _ in range(dice.randrange(2, 6))]
        hours = dice.choice([1, 3, 12, 24, 100])
        start = first.date() + timedelta(days=dice.randrange(-1, 4))
        end = start + timedelta(days=dice.randrange(6))
        within = [
            event for event in events if start <= moment(event).astimezone(ZoneInfo(zone)).date() <= end
        ]
        days = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        rows = await ask(client, website_id, *steps, window_hours=hours, **days)
        answer = [(row["visitors"], row["median_seconds_from_previous"]) for row in rows]
        assert answer == recount(within, steps, hours), (steps, hours, days)
