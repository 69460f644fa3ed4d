"""The demo traffic in the running service: complete, exact, and never there twice."""

from datetime import UTC, datetime, timedelta

import pytest

from cloudmetrics.demo import events, load
from cloudmetrics.importing import SendFailed

from .running import OTHER, Running

pytestmark = pytest.mark.slow

UNTIL = datetime(2026, 3, 18, 14, 23, 5, tzinfo=UTC)


@pytest.fixture
def website_id(demo: Running) -> str:
    """A website of the test's own, which earns in euros."""
    website: str = demo.make_website(currency="EUR")["id"]
    return website


def test_the_numbers_are_those_of_the_events_and_a_second_load_adds_only_what_is_new(
    demo: Running, website_id: str
) -> None:
    key = demo.keys(OTHER)["ingest"]
    later = UNTIL + timedelta(hours=5)
    early, late = (
        {event["id"]: event for event in events(website_id, days=7, until=until, currency="EUR")}
        for until in (UNTIL, later)
    )
    known = early | late
    seen: list[tuple[int, int]] = []

    first = load(
        demo.url,
        key,
        website_id,
        days=7,
        until=UNTIL,
        currency="EUR",
        progress=lambda *step: seen.append(step),
    )
    second = load(demo.url, key, website_id, days=7, until=later, currency="EUR")

    assert (first.accepted, first.duplicates) == (len(early), 0)
    assert (second.accepted, second.duplicates) == (len(known) - len(early), len(early.keys() & late.keys()))
    assert second.accepted > 0
    assert seen[0][0] == 0
    assert seen[-1] == (first.accepted, first.accepted)
    query = f"/v1/metrics?website_id={website_id}&start_date=2026-03-01&end_date=2026-03-31&goal=signup"
    data = demo.get(query, demo.keys(OTHER)["read"]).json()["data"]
    visitors = {event["visitor_id"] for event in known.values()}
    signed_up = {event["visitor_id"] for event in known.values() if event["name"] == "signup"}
    assert data["events"] == len(known)
    assert data["visitors"] == len(visitors)
    assert data["pageviews"] == sum(event["name"] == "pageview" for event in known.values())
    assert data["revenue"] == {
        "amount_minor": sum(e["revenue"]["amount_minor"] for e in known.values() if "revenue" in e),
        "currency": "EUR",
    }
    assert data["conversion_rate"] == pytest.approx(len(signed_up) / len(visitors))


def test_the_wrong_currency_is_one_clear_error(demo: Running, website_id: str) -> None:
    with pytest.raises(SendFailed, match=r"rejected .* demo events with CURRENCY_MISMATCH"):
        load(demo.url, demo.keys(OTHER)["ingest"], website_id, days=2, until=UNTIL)


def test_a_key_that_may_only_read_is_one_clear_error(demo: Running, website_id: str) -> None:
    with pytest.raises(SendFailed, match="403"):
        load(demo.url, demo.keys(OTHER)["read"], website_id, days=1, until=UNTIL)
