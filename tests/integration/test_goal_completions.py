"""Completions of goals over HTTP: exact, and in the days of the website."""

import random
import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from cloudmetrics.platform import clock
from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.test_goals import EVENT, at_least, code_of, make_goal

pytestmark = pytest.mark.requirement("DF-2")

THIRD = {"start_date": "2026-11-03", "end_date": "2026-11-03"}


async def ask(client, goal_id: str, **question) -> dict:
    response = await client.get(f"/v1/goals/{goal_id}/completions", params=question)
    assert response.status_code == 200, response.text
    return response.json()


async def completed(client, website_id: str, condition: dict) -> int:
    """How many events of the third of November meet a condition."""
    goal_id = await make_goal(client, website_id, condition)
    return (await ask(client, goal_id, **THIRD))["data"]["completions"]


async def test_completions_are_counted_as_a_whole_and_by_day(client, website_id):
    goal_id = await make_goal(client, website_id)
    await send_events(
        client,
        make_event(website_id, visitor_id="anna", timestamp="2026-11-01T10:00:00Z"),
        make_event(website_id, visitor_id="anna", timestamp="2026-11-03T10:00:00Z", name="purchase"),
        make_event(website_id, visitor_id="anna", timestamp="2026-11-03T11:00:00Z", name="purchase"),
        make_event(website_id, visitor_id="bert", timestamp="2026-11-03T12:00:00Z"),
        make_event(website_id, visitor_id="carl", timestamp="2026-11-04T00:00:00Z", name="purchase"),
    )
    answer = await ask(client, goal_id, start_date="2026-11-01", end_date="2026-11-03")

    def row(visitors: int, converted: int, completions: int, rate: float | None) -> dict:
        names = ("visitors", "converted_visitors", "completions", "conversion_rate")
        return dict(zip(names, (visitors, converted, completions, rate), strict=True))

    assert answer["data"] == row(2, 1, 2, 0.5) | {
        "breakdown": [
            {"date": "2026-11-01"} | row(1, 0, 0, 0.0),
            {"date": "2026-11-02"} | row(0, 0, 0, None),
            {"date": "2026-11-03"} | row(2, 1, 2, 0.5),
        ],
        "by_dimension": None,
    }
    question = {"start_date": "2026-11-01", "end_date": "2026-11-03"}
    assert answer["meta"] == {"goal_id": goal_id, "website_id": website_id, "dimension": None} | question


async def test_without_dates_it_is_30_days_ending_today_there(client, monkeypatch):
    website_id = await make_website(client, timezone="Pacific/Kiritimati")
    goal_id = await make_goal(client, website_id)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 3, 12, tzinfo=UTC))
    answer = await ask(client, goal_id)
    assert (answer["meta"]["start_date"], answer["meta"]["end_date"]) == ("2026-10-06", "2026-11-04")
    assert len(answer["data"]["breakdown"]) == 30
    assert (answer["data"]["visitors"], answer["data"]["conversion_rate"]) == (0, None)


@pytest.mark.parametrize(
    ("pattern", "url", "fits"),
    [
        ("/docs/*", "https://shop.example/docs/a/b?q=1#top", True),
        ("/docs/*", "https://shop.example/docs/", True),
        ("/docs/*", "https://shop.example/docs", False),
        ("/docs/*", "https://shop.example/en/docs/a", False),
        ("/docs/*", "/docs/a", True),
        ("/docs/*", "//shop.example/docs/a", True),
        ("/docs/*", None, False),
        ("*", None, False),
        ("/", "https://shop.example", True),
        ("/", "https://shop.example?q=/docs", True),
        ("/", "", True),
        ("*", "home", True),
        ("*/cart", "https://shop.example/de/cart", True),
        ("/Docs", "https://shop.example/docs", False),
        ("/a_b%c\\d", "https://shop.example/a_b%c\\d", True),
        ("/a_b", "https://shop.example/axb", False),
        ("/a%", "https://shop.example/abc", False),
        ("/ä*🙂", "https://shop.example/ä and 🙂", True),
        ("/a*b*c", "https://shop.example/a-c-b-c", True),
        ("/a*b*c", "https://shop.example/a-c-b", False),
        ("/'; DROP TABLE goals; -- %s %(x)s", "/'; DROP TABLE goals; -- %s %(x)s", True),
    ],
)
async def test_a_pattern_fits_the_path_of_a_page(client, website_id, pattern, url, fits):
    await send_events(client, make_event(website_id, **({"url": url} if url is not None else {})))
    assert await completed(client, website_id, {"kind": "PAGE", "path_pattern": pattern}) == int(fits)


async def test_only_page_views_are_views_of_a_page(client, website_id):
    url = "https://shop.example/thanks"
    await send_events(
        client, make_event(website_id, url=url), make_event(website_id, url=url, name="purchase")
    )
    assert await completed(client, website_id, {"kind": "PAGE", "path_pattern": "/thanks"}) == 1


async def test_a_minimum_counts_only_what_earned_as_much(client, website_id):
    earned = [None, -5, 0, 99, 100, 10**12]
    batch = [make_event(website_id, name="purchase") for _ in earned]
    for event, amount in zip(batch, earned, strict=True):
        if amount is not None:
            event["revenue"] = {"amount_minor": amount, "currency": "USD"}
    await send_events(client, *batch)
    assert await completed(client, website_id, EVENT) == 6
    for minimum, count in ((0, 4), (100, 2), (10**12, 1)):
        assert await completed(client, website_id, EVENT | at_least(minimum)) == count


async def test_a_minimum_in_a_former_currency_is_met_by_nothing_until_it_is_changed(client):
    website_id = await make_website(client, domain="shop.example.com")
    goal_id = await make_goal(client, website_id, EVENT | at_least(100))
    changed = {"name": "Shop", "domain": "shop.example.com", "timezone": "UTC", "currency": "JPY"}
    assert (await client.put(f"/v1/websites/{website_id}", json=changed)).status_code == 200
    earning = {"name": "purchase", "revenue": {"amount_minor": 5000, "currency": "JPY"}}
    await send_events(client, make_event(website_id, **earning))
    assert (await ask(client, goal_id, **THIRD))["data"]["completions"] == 0
    body = {"name": "Goal", "condition": EVENT | at_least(100, "JPY")}
    assert (await client.put(f"/v1/goals/{goal_id}", json=body)).status_code == 200
    assert (await ask(client, goal_id, **THIRD))["data"]["completions"] == 1


async def test_a_hostile_pattern_is_as_quick_as_any(client, website_id):
    # Trying every way to lay the pattern over the path would take longer than the universe exists.
    url = "/" + "a" * 2000
    for _ in range(2):
        await send_events(client, *(make_event(website_id, url=url) for _ in range(1000)))
    for pattern in ("/" + "*a" * 99, "/" + "*a" * 98 + "b", "*" + "a" * 198 + "b", "*" * 200):
        fits = 0 if "b" in pattern else 2000
        assert await completed(client, website_id, {"kind": "PAGE", "path_pattern": pattern}) == fits


@pytest.mark.parametrize(
    ("question", "parameter", "code"),
    [
        ({"start_date": "2026-11-02", "end_date": "2026-11-01"}, "end_date", "RANGE_INVERTED"),
        ({"start_date": "2000-01-01", "end_date": "2026-11-01"}, "end_date", "RANGE_TOO_LONG"),
        ({"start_date": "0000-01-01"}, "start_date", "DATE_OUT_OF_RANGE"),
        ({"start_date": "yesterday"}, "start_date", "FORMAT"),
    ],
)
async def test_a_range_that_is_none_is_a_violation(client, website_id, question, parameter, code):
    goal_id = await make_goal(client, website_id)
    response = await client.get(f"/v1/goals/{goal_id}/completions", params=question)
    assert code_of(response) == (400, "INVALID_REQUEST")
    (violation,) = response.json()["errors"]
    assert (violation["parameter"], violation["code"]) == (parameter, code)


def meets(condition: dict, event: dict) -> bool:
    """Whether an event meets a condition, told independently of SQL."""
    minimum = condition.get("minimum_revenue")
    if minimum and event.get("revenue", {"amount_minor": -1})["amount_minor"] < minimum["amount_minor"]:
        return False
    if condition["kind"] == "EVENT":
        return event["name"] == condition["event_name"]
    pattern = ".*".join(map(re.escape, condition["path_pattern"].split("*")))
    return event["name"] == "pageview" and bool(re.fullmatch(pattern, urlsplit(event["url"]).path or "/"))


def recount(events: list[dict], condition: dict, zone: str, days: list[date]) -> list[tuple]:
    """Visitors, converted visitors and completions: of all days together, then of each."""
    dated = [
        (datetime.fromisoformat(event["timestamp"]).astimezone(ZoneInfo(zone)).date(), event)
        for event in events
    ]
    rows = []
    for wanted in (set(days), *({day} for day in days)):
        found = [event for day, event in dated if day in wanted]
        completions = [event for event in found if meets(condition, event)]
        rows.append(
            (
                len({e["visitor_id"] for e in found}),
                len({e["visitor_id"] for e in completions}),
                len(completions),
            )
        )
    return rows


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Kathmandu"])
async def test_every_answer_equals_a_recount(client, zone):
    dice = random.Random(zone)
    website_id = await make_website(client, timezone=zone)
    first = datetime(2026, 10, 23, tzinfo=UTC)
    urls = ("https://a.example", "https://a.example/docs/1?x", "/docs/2", "/docs", "/cart/")
    events = []
    for number in range(400):
        moment = first + timedelta(hours=dice.randrange(260))
        event = make_event(website_id, id=str(number), timestamp=moment.isoformat(), url=dice.choice(urls))
        event |= {
            "visitor_id": f"v{dice.randrange(25)}",
            "name": dice.choice(["pageview", "pageview", "buy"]),
        }
        if dice.random() < 0.5:
            event["revenue"] = {"amount_minor": dice.randrange(-10, 100), "currency": "USD"}
        events.append(event)
    await send_events(client, *events)
    wanted = [{"kind": "EVENT", "event_name": name} for name in ("buy", "pageview", "never")]
    wanted += [{"kind": "PAGE", "path_pattern": pattern} for pattern in ("*", "/", "/docs/*", "*c*")]
    for condition in wanted + [condition | at_least(50) for condition in wanted]:
        start = first.date() + timedelta(days=dice.randrange(-1, 9))
        days = [start + timedelta(days=number) for number in range(dice.randrange(1, 6))]
        goal_id = await make_goal(client, website_id, condition)
        data = (await ask(client, goal_id, start_date=days[0], end_date=days[-1]))["data"]
        rows = [
            (row["visitors"], row["converted_visitors"], row["completions"])
            for row in (data, *data["breakdown"])
        ]
        assert rows == recount(events, condition, zone, days), condition
