"""Questions over HTTP: every metric at every level of dimension, and what makes no sense."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.integration.conftest import make_website, send_events
from tests.integration.question_recounts import Site, recount

METRICS = [
    "visitors",
    "visits",
    "pageviews",
    "events",
    "views_per_visit",
    "bounce_rate",
    "visit_duration",
    "revenue",
    "revenue_per_visitor",
    "conversion_rate",
]
# Clocks go back in Berlin on 25 October 2026, and in New York on 1 November.
FIRST, DAYS = datetime(2026, 10, 23, tzinfo=UTC), 11
VALUES: dict[str, list[Any]] = {
    "source": [None, "", "google", "Google", "news'letter"],
    "medium": [None, "cpc", "email"],
    "campaign": [None, "spring", "100%"],
    "device": [None, "mobile", "desktop"],
    "browser": [None, "Firefox", "Chrome"],
    "system": [None, "iOS", "Linux"],
    "country": [None, "DE", "US"],
}
URLS = [None, "https://shop.example", "/", "/cart?now", "/cart/pay", "/%_\\", "/ümläut"]
NAMES = ["pageview", "pageview", "pageview", "signup", "purchase"]
PLANS = [None, "", "pro", "free", True, 7, "O'Brien -- "]


def random_event(dice: random.Random, number: int, website_id: str, currency: str) -> dict:
    """Bursts of events of few visitors, often close to midnight."""
    day = FIRST + timedelta(days=dice.randrange(DAYS))
    at = day + timedelta(minutes=dice.choice([0, 15, 20, 30, 60, 90, 600, 1410, 1425]) + dice.randrange(5))
    event = {
        "id": f"{dice.randrange(10**6)}-{number}-{website_id[-4:]}",
        "name": dice.choice(NAMES),
        "timestamp": at.isoformat(),
        "website_id": website_id,
        "visitor_id": f"v{dice.randrange(10)}",
    }
    for name, values in VALUES.items():
        if (value := dice.choice(values)) is not None:
            event[name] = value
    if (url := dice.choice(URLS)) is not None:
        event["url"] = url
    if dice.random() < 0.5:
        event["properties"] = {"plan": dice.choice(PLANS), "seats": dice.randrange(3)}
    if dice.random() < 0.3:
        event["revenue"] = {"amount_minor": dice.randrange(-500, 5000), "currency": currency}
    return event


def random_leaf(dice: random.Random) -> dict:
    known = {
        **VALUES,
        "page": ["/", "/cart", "/%_\\", "/ümläut"],
        "event_name": ["pageview", "signup", "purchase", "never"],
        "entry_page": ["/", "/cart", "/cart/pay"],
        "exit_page": ["/", "/cart", "/cart/pay"],
        "properties.plan": ["pro", "true", "7", "O'Brien -- "],
    }
    dimension = dice.choice(list(known))
    values = [value for value in known[dimension] if value]
    operator = dice.choice(["IS", "IS", "IS_NOT", "CONTAINS", "IN"])
    leaf: dict[str, Any] = {"operator": operator, "dimension": dimension}
    if operator == "IN":
        return leaf | {"values": dice.sample(values, k=min(2, len(values)))}
    if operator == "CONTAINS":
        return leaf | {"value": dice.choice(values)[:2]}
    return leaf | {"value": dice.choice([*values, None])}


def random_filter(dice: random.Random, depth: int = 3) -> dict:
    if depth == 0 or dice.random() < 0.5:
        return random_leaf(dice)
    if dice.random() < 0.3:
        return {"operator": "NOT", "filter": random_filter(dice, depth - 1)}
    inner = [random_filter(dice, depth - 1) for _ in range(dice.randrange(1, 4))]
    return {"operator": dice.choice(["AND", "OR"]), "filters": inner}


def random_question(dice: random.Random, sites: dict[str, Site]) -> dict:
    start = FIRST.date() + timedelta(days=dice.randrange(-2, 8))
    dimensions = ["time", *VALUES, "page", "event_name", "entry_page", "exit_page", "properties.plan"]
    question: dict[str, Any] = {
        "start_date": start.isoformat(),
        "end_date": (start + timedelta(days=dice.randrange(10))).isoformat(),
        "metrics": dice.sample(METRICS, k=dice.choice([1, 2, 10])),
        "dimensions": dice.sample(dimensions, k=dice.choice([0, 1, 1, 2, 3])),
        "interval": dice.choice(["HOUR", "DAY", "WEEK", "MONTH"]),
        "goal": dice.choice(["signup", "purchase", "pageview", "never"]),
        "limit": 1000,
    }
    if dice.random() < 0.6:
        question["filter"] = random_filter(dice)
    if dice.random() < 0.5:
        question["website_id"] = dice.choice(list(sites))
    return question


@dataclass
class World:
    client: httpx.AsyncClient
    sites: dict[str, Site]

    async def ask(self, **question: Any) -> dict:
        response = await self.client.post("/v1/metrics/query", json=question)
        assert response.status_code == 200, response.text
        return response.json()


async def make_world(client: httpx.AsyncClient, dice: random.Random, currencies: list[str]) -> World:
    sites = {}
    zones = dice.sample(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"], len(currencies))
    for zone, currency in zip(zones, currencies, strict=True):
        website_id = await make_website(client, timezone=zone, currency=currency)
        events = [random_event(dice, number, website_id, currency) for number in range(250)]
        sites[website_id] = Site(ZoneInfo(zone), currency, events)
        await send_events(client, *events)
    return World(client, sites)


def sorted_rows(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: [value or "" for value in row["dimensions"].values()])


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("seed", range(6))
async def test_every_answer_equals_a_recount(client, seed):
    dice = random.Random(seed)
    world = await make_world(client, dice, ["USD", "EUR"] if seed % 2 else ["USD", "USD"])
    for _ in range(40):
        question = random_question(dice, world.sites)
        response = await client.post("/v1/metrics/query", json=question)
        body = response.json()
        if response.status_code == 400:
            # Amounts of several currencies have no order, and an order is needed for them alone.
            assert {each["code"] for each in body["errors"]} == {"SEVERAL_CURRENCIES"}, question
            question["metrics"].sort(key=lambda name: name.startswith("revenue"))
            question["metrics"].insert(0, "events") if "events" not in question["metrics"] else None
            question["metrics"] = question["metrics"][:10]
            body = await world.ask(**question)
        assert response.status_code < 422, (question, body)
        expected = sorted_rows(recount(world.sites, question))
        assert approximately(sorted_rows(body["data"])) == approximately(expected), question


def approximately(rows: list[dict]) -> list[dict]:
    """Mean durations are sums of floating-point seconds here, and of whole microseconds there."""
    for row in rows:
        if row["metrics"].get("visit_duration") is not None:
            row["metrics"]["visit_duration"] = round(row["metrics"]["visit_duration"], 5)
    return rows
