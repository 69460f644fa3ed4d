"""Random histories over HTTP, and every answer of the API compared with what DuckDB counts."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.integration.conftest import make_website, send_events
from tests.integration.duckdb_questions import ask, present
from tests.integration.duckdb_recounts import FIRST_TOUCH, Recount, recount
from tests.integration.test_recount import move

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu")
# Clocks change in Europe and then in America within this time.
FIRST, DAYS = datetime(2026, 10, 23, tzinfo=UTC), 12
VALUES: dict[str, list[Any]] = {
    "source": [None, "", "google", "Google"],
    "medium": [None, "cpc", "email"],
    "campaign": [None, "spring", "100%"],
    "device": [None, "mobile", "desktop"],
    "browser": [None, "Firefox"],
    "system": [None, "iOS", "Linux"],
    "country": [None, "DE", "US"],
}
URLS = (
    None,
    "https://shop.example",
    "/cart?now",
    "/cart/pay",
    "/a_b%c",
    "https://shop.example/docs/ä?utm_source=news&utm_medium=email&utm_campaign=autumn",
)
PATTERNS = ("/", "/cart*", "*", "/docs/*", "*pay", "/a_b%c", "/c*t*")
NAMES = ("pageview", "pageview", "signup", "purchase")


@dataclass
class World:
    """A workspace under test. `zones` and `currencies` are kept as test_recount keeps them."""

    client: httpx.AsyncClient
    dice: random.Random
    zones: dict[str, str] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    sent: list[dict] = field(default_factory=list)

    def event(self, at: datetime | None = None) -> dict:
        dice = self.dice
        website_id = dice.choice(list(self.zones))
        minutes = dice.randrange(DAYS) * 1440 + dice.choice([0, 20, 50, 70, 600, 1410, 1439])
        event = {
            "id": f"{dice.randrange(10**9)}",
            "name": dice.choice(NAMES),
            "timestamp": (at or FIRST + timedelta(minutes=minutes)).isoformat(),
            "website_id": website_id,
            "visitor_id": f"v{dice.randrange(9)}",
        }
        given = {name: dice.choice(values) for name, values in VALUES.items()} | {"url": dice.choice(URLS)}
        event |= {name: value for name, value in given.items() if value is not None}
        if dice.random() < 0.3:
            event["revenue"] = {
                "amount_minor": dice.randrange(-500, 5000),
                "currency": self.currencies[website_id],
            }
        return event

    async def live(self) -> None:
        """Some hundred events by several writers, some of them twice, while somebody is forgotten."""
        dice = self.dice
        events = [self.event() for _ in range(110)]
        # Some of it happened just now.
        now = datetime.now(UTC)
        events += [self.event(now - timedelta(seconds=dice.randrange(2400))) for _ in range(10)]
        again = dice.choices(self.sent or events, k=20)
        mixed = dice.sample(events + again, k=140)
        await asyncio.gather(
            send_events(self.client, *mixed[:90]),
            send_events(self.client, *mixed[60:]),
            self.forget(),
            *([move(self.client, dice, self)] if dice.random() < 0.5 else []),
        )
        await self.forget()
        self.sent += events

    async def forget(self) -> None:
        site, visitor = self.dice.choice(list(self.zones)), f"v{self.dice.randrange(9)}"
        response = await self.client.delete(f"/v1/websites/{site}/visitors/{visitor}")
        assert response.status_code == 200, response.text

    def days(self) -> dict[str, str]:
        start = FIRST.date() + timedelta(days=self.dice.randrange(-2, DAYS))
        end = start + timedelta(days=self.dice.randrange(9))
        return {"start_date": start.isoformat(), "end_date": end.isoformat()}

    def first_touch(self, often: float = 0.2) -> dict[str, str]:
        return {
            name: value
            for name, values in VALUES.items()
            if self.dice.random() < often and (value := self.dice.choice(values))
        }

    def filter(self) -> dict:
        dice = self.dice
        name = dice.choice(FIRST_TOUCH)
        values = [value for value in VALUES[name] if value]
        leaf: dict[str, Any] = {
            "operator": dice.choice(["IS", "IS_NOT", "CONTAINS", "IN"]),
            "dimension": name,
        }
        if leaf["operator"] == "IN":
            leaf["values"] = dice.sample(values, dice.randrange(1, len(values) + 1))
        else:
            leaf["value"] = dice.choice(values)
        return {"operator": "NOT", "filter": leaf} if dice.random() < 0.3 else leaf

    def condition(self, currency: str) -> dict:
        dice = self.dice
        if dice.random() < 0.5:
            condition: dict[str, Any] = {"kind": "EVENT", "event_name": dice.choice(NAMES)}
        else:
            condition = {"kind": "PAGE", "path_pattern": dice.choice(PATTERNS)}
        if dice.random() < 0.3:
            amount = {"amount_minor": dice.choice([0, 1000]), "currency": currency}
            condition["minimum_revenue"] = amount
        return condition

    async def get(self, url: str, **question: Any) -> Any:
        response = await self.client.get(url, params=question)
        assert response.status_code == 200, response.text
        return response.json()["data"]


async def check_metrics(world: World, right: Recount) -> None:
    question = world.days() | world.first_touch()
    if world.dice.random() < 0.6:
        question["website_id"] = world.dice.choice(list(world.zones))
    if world.dice.random() < 0.5:
        question["goal"] = world.dice.choice([*NAMES, "never"])
    data = await world.get("/v1/metrics", **question)
    expected = right.metrics(question)
    days = [(day["date"], day["visitors"], day["pageviews"]) for day in data["breakdown"]]
    assert {name: data[name] for name in expected} | {"breakdown": days} == expected, question


async def check_goals(world: World, right: Recount) -> None:
    site = world.dice.choice(list(world.zones))
    condition = world.condition(world.currencies[site])
    body = {"website_id": site, "name": "G", "condition": condition}
    goal = (await world.client.post("/v1/goals", json=body)).json()["data"]
    question = world.days() | {"website_id": site, "dimension": world.dice.choice(FIRST_TOUCH)}
    asked = {name: value for name, value in question.items() if name != "website_id"}
    data = await world.get(f"/v1/goals/{goal['id']}/completions", **asked)
    by_value = {row.pop("value"): row for row in data["by_dimension"]}
    assert len(by_value) == len(data["by_dimension"])
    assert data | {"by_dimension": by_value} == right.completions(question, condition), (question, condition)


async def check_funnels(world: World, right: Recount) -> None:
    site = world.dice.choice(list(world.zones))
    question = world.days() | {
        "website_id": site,
        "window_hours": world.dice.choice([1, 24, 100]),
        "steps": [world.condition(world.currencies[site]) for _ in range(world.dice.randrange(2, 5))],
        "filters": world.first_touch(0.1),
    }
    response = await world.client.post("/v1/funnels/query", json=question)
    steps = response.json()["data"]["steps"]
    found = [(step["visitors"], step["median_seconds_from_previous"]) for step in steps]
    assert found == right.funnel(question), question


async def check_visitors(world: World, right: Recount) -> None:
    site = world.dice.choice(list(world.zones))
    question: dict[str, Any] = world.first_touch(0.15)
    dates = world.days()
    if world.dice.random() < 0.5:
        question["event_name"] = world.dice.choice(NAMES)
    if world.dice.random() < 0.5:
        question["minimum_revenue_minor"] = world.dice.choice([0, 3000, 10000])
    data = await world.get(f"/v1/websites/{site}/visitors", **question, **dates)
    found = [
        (one["id"], one["visits"], one["events"], one["pageviews"], one["revenue"]["amount_minor"])
        for one in data
    ]
    assert found == right.visitors(question | dates | {"website_id": site}), question


async def check_visits(world: World, right: Recount) -> None:
    site, visitor = world.dice.choice(list(world.zones)), f"v{world.dice.randrange(9)}"
    expected = right.visits(site, visitor)
    url = f"/v1/websites/{site}/visitors/{quote(visitor)}/visits"
    if not expected:
        assert (await world.client.get(url)).status_code == 404
        return
    found = [
        (
            datetime.fromisoformat(visit["started_at"]).replace(tzinfo=None),
            datetime.fromisoformat(visit["ended_at"]).replace(tzinfo=None),
            visit["events"],
            visit["pageviews"],
            visit["revenue"]["amount_minor"],
            *((visit[page] or "-") if visit["pageviews"] else None for page in ("entry_page", "exit_page")),
        )
        for visit in await world.get(url)
    ]
    assert found == expected


async def check_revenue(world: World, right: Recount) -> None:
    site = world.dice.choice(list(world.zones))
    dimension = world.dice.choice([*FIRST_TOUCH, "page", "goal"])
    question = world.days() | {"website_id": site, "dimension": dimension}
    url, data = "/v1/revenue", []
    response = await world.client.get(url, params=question | {"limit": world.dice.choice([2, 100])})
    while True:
        data += response.json()["data"]
        if "next" not in response.links:
            break
        response = await world.client.get(response.links["next"]["url"])
    goals = {}
    if dimension == "goal":
        listed = await world.get("/v1/goals", website_id=site)
        # Goals may share a name, so each is told apart by its place.
        goals = {f"{number}": goal["condition"] for number, goal in enumerate(listed)}
    expected = right.revenue(question, goals)
    found = [(row["value"], row["sales"], row["revenue"]["amount_minor"], row["visitors"]) for row in data]
    if dimension == "goal":
        found, expected = [row[1:] for row in found], [row[1:] for row in expected]
    assert found == expected, question


async def check_questions(world: World, right: Recount) -> None:
    dice = world.dice
    question: dict[str, Any] = world.days() | {
        "metrics": ["visitors", "visits", "events", "pageviews", "bounce_rate", "conversion_rate", "revenue"],
        "dimensions": dice.sample([*FIRST_TOUCH, "time", "page", "event_name"], dice.randrange(4)),
        "goal": dice.choice(NAMES),
        "limit": 1000,
    }
    if dice.random() < 0.6:
        question["website_id"] = dice.choice(list(world.zones))
    if filters := [world.filter() for _ in range(dice.randrange(3))]:
        question["filter"] = {"operator": "AND", "filters": filters}
    response = await world.client.post("/v1/metrics/query", json=question)
    assert response.status_code == 200, response.text
    found = {
        tuple(row["dimensions"][name] for name in question["dimensions"]): row["metrics"]
        for row in response.json()["data"]
    }
    expected = ask(right, question)
    assert found.keys() == expected.keys(), question
    for key, metrics in expected.items():
        assert {name: found[key][name] for name in metrics} == metrics, (question, key)


async def check_realtime(world: World, right: Recount) -> None:
    site = world.dice.choice(list(world.zones))
    response = (await world.client.get("/v1/metrics/realtime", params={"website_id": site})).json()
    expected = present(right, datetime.fromisoformat(response["meta"]["at"]), site)
    minutes = {
        datetime.fromisoformat(minute["started_at"]): (minute["visitors"], minute["pageviews"])
        for minute in response["data"]["minutes"]
    }
    assert len(minutes) == 30
    assert {start: numbers for start, numbers in minutes.items() if any(numbers)} == expected["minutes"]
    assert response["data"]["visitors"] == expected["visitors"]
    assert {row["page"]: row["visitors"] for row in response["data"]["pages"]} == expected["pages"]


# An answer of the API that is new gets a check of its own here.
CHECKS = (
    check_metrics,
    check_goals,
    check_funnels,
    check_visitors,
    check_visits,
    check_revenue,
    check_questions,
    check_realtime,
)


@pytest.mark.requirement("B-2", "DF-1", "DF-2")
@pytest.mark.parametrize("seed", range(6))
async def test_every_answer_equals_a_recount_by_duckdb(client, home, database_url, seed):
    """Late, repeated, concurrent, erased, over midnight and changed clocks, while time zones change."""
    world = World(client, random.Random(seed))
    for zone in world.dice.sample(ZONES, 3):
        currency = world.dice.choice(["USD", "EUR"])
        website_id = await make_website(client, timezone=zone, currency=currency)
        world.zones[website_id], world.currencies[website_id] = zone, currency
    for _ in range(3):
        await world.live()
        right = recount(database_url, home.workspace.id)
        for check in CHECKS:
            for _ in range(6):
                await check(world, right)
