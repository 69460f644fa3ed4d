"""Random histories, sent over HTTP, and every answer compared with a count by hand."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cloudmetrics.analytics.events.service import create
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from tests.integration.conftest import make_website, send_events

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Kiritimati",
    "Atlantic/Azores",
    "Asia/Kathmandu",
)
SOURCES = (None, "", "google", "newsletter", "Google")
DEVICES = (None, "mobile", "desktop")
NAMES = ("pageview", "pageview", "pageview", "purchase", "signup")
# Clocks change in Europe and then in America within this time.
FIRST, LAST = datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)


@dataclass
class History:
    """What a workspace was sent, kept as plain Python."""

    zones: dict[str, str]
    currencies: dict[str, str]
    events: dict[str, dict] = field(default_factory=dict)

    def recount(self, question: dict) -> dict:
        """The answer to a question, the slow way: day by day, visitor by visitor."""
        visits = defaultdict(list)
        for event in self.events.values():
            moment = datetime.fromisoformat(event["timestamp"])
            day = moment.astimezone(ZoneInfo(self.zones[event["website_id"]])).date()
            visits[(event["website_id"], event["visitor_id"], day)].append((moment, event["id"], event))
        start, end = (date.fromisoformat(question[name]) for name in ("start_date", "end_date"))
        kept = {}
        for (website_id, visitor_id, day), touches in visits.items():
            first = min(touches, key=lambda touch: touch[:2])[2]
            wanted = question.get("website_id") in (None, website_id)
            wanted &= all(question.get(name) in (None, first.get(name)) for name in ("source", "device"))
            if start <= day <= end and wanted:
                kept[(website_id, visitor_id, day)] = [touch[2] for touch in touches]
        return self._summary(kept, start, end, question)

    def _summary(self, kept: dict, start: date, end: date, question: dict) -> dict:
        visitors = {key[:2] for key in kept}
        goal = question.get("goal")
        converted = {key[:2] for key, events in kept.items() if any(e["name"] == goal for e in events)}
        revenue = defaultdict(int)
        for (website_id, _, _), events in kept.items():
            for event in events:
                if "revenue" in event:
                    revenue[self.currencies[website_id]] += event["revenue"]["amount_minor"]
        everything = [event for events in kept.values() for event in events]
        breakdown = []
        for number in range((end - start).days + 1):
            day = start + timedelta(days=number)
            of_day = {key: events for key, events in kept.items() if key[2] == day}
            events = [event for found in of_day.values() for event in found]
            earned = sum(event["revenue"]["amount_minor"] for event in events if "revenue" in event)
            breakdown.append(
                (day.isoformat(), len(of_day), _pageviews(events), earned if len(revenue) < 2 else None)
            )
        return {
            "visitors": len(visitors),
            "pageviews": _pageviews(everything),
            "events": len(everything),
            "revenue_by_currency": sorted(revenue.items()),
            "conversion_rate": len(converted) / len(visitors) if goal and visitors else None,
            "breakdown": breakdown,
        }


def _pageviews(events: list[dict]) -> int:
    return sum(event["name"] == "pageview" for event in events)


def as_recounted(data: dict) -> dict:
    """An answer of the API in the form of a recount."""
    return {
        "visitors": data["visitors"],
        "pageviews": data["pageviews"],
        "events": data["events"],
        "revenue_by_currency": [
            (money["currency"], money["amount_minor"]) for money in data["revenue_by_currency"]
        ],
        "conversion_rate": data["conversion_rate"],
        "breakdown": [
            (
                day["date"],
                day["visitors"],
                day["pageviews"],
                day["revenue"]["amount_minor"] if day["revenue"] else None,
            )
            for day in data["breakdown"]
        ],
    }


def random_event(dice: random.Random, history: History, number: int) -> dict:
    website_id = dice.choice(list(history.zones))
    # Whole hours make many events of the same moment, and many at midnight.
    moment = FIRST + timedelta(hours=dice.randrange(int((LAST - FIRST).total_seconds() // 3600)))
    zone = dice.choice((UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Lima")))
    event = {
        "id": f"{dice.randrange(10**6)}-{number}",
        "name": dice.choice(NAMES),
        "timestamp": moment.astimezone(zone).isoformat(),
        "website_id": website_id,
        "visitor_id": f"v{dice.randrange(12)}",
    }
    for name, values in (("source", SOURCES), ("device", DEVICES)):
        if (value := dice.choice(values)) is not None:
            event[name] = value
    if dice.random() < 0.2:
        event["revenue"] = {
            "amount_minor": dice.randrange(-500, 5000),
            "currency": history.currencies[website_id],
        }
    return event


def random_question(dice: random.Random, history: History) -> dict:
    start = FIRST.date() + timedelta(days=dice.randrange(-2, 10))
    question = {
        "start_date": start.isoformat(),
        "end_date": (start + timedelta(days=dice.randrange(8))).isoformat(),
    }
    choices = {
        "website_id": list(history.zones),
        "source": [source for source in SOURCES if source],
        "device": [device for device in DEVICES if device],
        "goal": ["signup", "purchase", "pageview", "never"],
    }
    return question | {name: dice.choice(values) for name, values in choices.items() if dice.random() < 0.4}


async def move(client, dice: random.Random, history: History) -> None:
    """Gives one of the websites another time zone."""
    website_id = dice.choice(list(history.zones))
    history.zones[website_id] = dice.choice(ZONES)
    body = {
        "name": "Shop",
        "domain": f"{website_id}.example.com",
        "timezone": history.zones[website_id],
        "currency": history.currencies[website_id],
    }
    response = await client.put(f"/v1/websites/{website_id}", json=body)
    assert response.status_code == 200, response.text


@pytest.fixture
async def second_process(database_url, home) -> AsyncIterator[Caller]:
    """A caller with connections and a writer of its own, as another process has them."""
    database = Database(database_url)
    yield Caller(Tenant(database, home.workspace.id), home.caller.keyring)
    await database.close()


@pytest.mark.requirement("B-2")
@pytest.mark.parametrize("seed", range(10))
async def test_every_answer_equals_a_recount(client, second_process, seed):
    dice = random.Random(seed)
    currencies = ["USD", "USD", "EUR"] if seed % 2 else ["USD"] * 3
    zones = dice.sample(ZONES, 3)
    history = History({}, {})
    for zone, currency in zip(zones, currencies, strict=True):
        website_id = await make_website(client, timezone=zone, currency=currency)
        history.zones[website_id], history.currencies[website_id] = zone, currency
    for _ in range(4):
        events = [random_event(dice, history, number) for number in range(150)]
        # Some are sent twice, some again within the batch, and by several writers at the same
        # time, while a time zone changes.
        repeated = dice.choices(events, k=60) + dice.choices(list(history.events.values()) or events, k=20)
        mixed = dice.sample(events + repeated, k=len(events) + len(repeated))
        await asyncio.gather(
            send_events(client, *mixed[:150]),
            send_events(client, *mixed[100:]),
            create(second_process, mixed[50:180]),
            *([move(client, dice, history)] if dice.random() < 0.7 else []),
        )
        history.events |= {event["id"]: event for event in events}
        for _ in range(12):
            question = random_question(dice, history)
            response = await client.get("/v1/metrics", params=question)
            assert as_recounted(response.json()["data"]) == history.recount(question), question
