"""The demo traffic: the same for the same seed, plausible, and as the contract takes it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from cloudmetrics.demo import events

WEBSITE = "0198a000-0000-7000-8000-000000000001"
NOW = datetime(2026, 3, 18, 14, 23, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def month() -> list[dict[str, Any]]:
    return list(events(WEBSITE, until=NOW))


def test_a_month_has_at_least_50_000_events_up_to_now(month: list[dict[str, Any]]) -> None:
    times = [datetime.fromisoformat(event["timestamp"]) for event in month]

    assert len(month) >= 50_000
    assert NOW - timedelta(days=30, hours=1) <= min(times) < NOW - timedelta(days=29, hours=20)
    assert NOW - timedelta(minutes=30) < max(times) <= NOW


@pytest.mark.parametrize("day", range(0, 42, 6))
def test_every_month_has_at_least_50_000_events(day: int) -> None:
    until = NOW + timedelta(days=day, hours=5 * day)

    assert sum(1 for _ in events(f"website-{day}", until=until, seed=day)) >= 50_000


def test_ids_are_unique_within_a_website_and_between_websites_and_seeds(month: list[dict[str, Any]]) -> None:
    ids = {event["id"] for event in month}
    other_website = {event["id"] for event in events(WEBSITE[:-1] + "2", days=3, until=NOW)}
    other_seed = {event["id"] for event in events(WEBSITE, days=3, until=NOW, seed=2)}

    assert len(ids) == len(month)
    assert ids.isdisjoint(other_website)
    assert ids.isdisjoint(other_seed)
    assert other_website.isdisjoint(other_seed)


def test_a_later_load_repeats_the_events_of_the_earlier_one_and_adds_some() -> None:
    earlier = {event["id"]: event for event in events(WEBSITE, days=3, until=NOW)}
    later_start = NOW + timedelta(hours=7, minutes=50)
    later = {event["id"]: event for event in events(WEBSITE, days=4, until=later_start)}

    assert all(later[event_id] == event for event_id, event in earlier.items())
    added = [event for event_id, event in later.items() if event_id not in earlier]
    assert any(datetime.fromisoformat(event["timestamp"]) > NOW for event in added)


def test_days_weeks_and_campaigns_can_be_seen(month: list[dict[str, Any]]) -> None:
    times = [datetime.fromisoformat(event["timestamp"]) for event in month]
    hours = Counter(moment.hour for moment in times)
    weekdays = Counter(moment.weekday() for moment in times)

    assert hours[15] > 3 * hours[5]
    assert weekdays[2] > 1.4 * weekdays[6]
    assert sum("utm_campaign=" in event["url"] for event in month) > 500
    assert {"google", "newsletter", "hacker-news", "bing"} < {event.get("source") for event in month}


def test_visitors_come_back_and_keep_their_device_and_country(month: list[dict[str, Any]]) -> None:
    days: dict[str, set[str]] = {}
    profiles: dict[str, set[tuple[str, str]]] = {}
    for event in month:
        days.setdefault(event["visitor_id"], set()).add(event["timestamp"][:10])
        profiles.setdefault(event["visitor_id"], set()).add((event["device"], event["country"]))

    assert sum(len(seen) > 1 for seen in days.values()) > 1_000
    assert all(len(profile) == 1 for profile in profiles.values())
    assert len({country for profile in profiles.values() for _, country in profile}) >= 8


def test_the_funnel_narrows_and_purchases_bring_revenue_in_the_currency_of_the_website() -> None:
    month = list(events(WEBSITE, until=NOW, currency="EUR"))
    names = Counter(event["name"] for event in month)
    funnel = [names[step] for step in ("pageview", "signup", "checkout_started", "purchase")]

    assert all(wider > narrower > 50 for wider, narrower in pairwise(funnel))
    for event in month:
        assert ("revenue" in event) == (event["name"] == "purchase")
        if "revenue" in event:
            assert event["revenue"]["currency"] == "EUR"
            assert event["revenue"]["amount_minor"] > 0


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next(events(WEBSITE, until=datetime(2026, 3, 18)))
