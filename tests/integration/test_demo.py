"""The demo traffic in the running service: complete, exact, and never there twice."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from cloudmetrics.demo import events, load
from cloudmetrics.importing import SendFailed

from .running import Running, running

pytestmark = pytest.mark.slow

UNTIL = datetime(2026, 3, 18, 14, 23, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("demo") / "data") as service:
        yield service


def other_workspace(service: Running) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((service.data_dir / "demo.json").read_text())["workspaces"][1]
    return found


@pytest.fixture
def website_id(service: Running, request: pytest.FixtureRequest) -> str:
    """A website of the test's own, which earns in euros."""
    name = request.node.name.replace("_", "-")[:60].strip("-")
    response = httpx.post(
        f"{service.url}/v1/websites",
        json={"name": name, "domain": f"{name}.example", "currency": "EUR"},
        headers={"API-Key": other_workspace(service)["keys"]["full"]},
        trust_env=False,
    )
    assert response.status_code == 201, response.text
    created: str = response.json()["data"]["id"]
    return created


def test_the_numbers_are_those_of_the_events_and_a_second_load_adds_only_what_is_new(
    service: Running, website_id: str
) -> None:
    key = other_workspace(service)["keys"]["ingest"]
    later = UNTIL + timedelta(hours=5)
    early, late = (
        {event["id"]: event for event in events(website_id, days=7, until=until, currency="EUR")}
        for until in (UNTIL, later)
    )
    known = early | late
    seen: list[tuple[int, int]] = []

    first = load(
        service.url,
        key,
        website_id,
        days=7,
        until=UNTIL,
        currency="EUR",
        progress=lambda *step: seen.append(step),
    )
    second = load(service.url, key, website_id, days=7, until=later, currency="EUR")

    assert (first.accepted, first.duplicates) == (len(early), 0)
    assert (second.accepted, second.duplicates) == (len(known) - len(early), len(early.keys() & late.keys()))
    assert second.accepted > 0
    assert seen[0][0] == 0
    assert seen[-1] == (first.accepted, first.accepted)
    query = f"/v1/metrics?website_id={website_id}&start_date=2026-03-01&end_date=2026-03-31&goal=signup"
    data = service.get(query, other_workspace(service)["keys"]["read"]).json()["data"]
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


def test_the_wrong_currency_is_one_clear_error(service: Running, website_id: str) -> None:
    with pytest.raises(SendFailed, match=r"rejected .* demo events with CURRENCY_MISMATCH"):
        load(service.url, other_workspace(service)["keys"]["ingest"], website_id, days=2, until=UNTIL)


def test_a_key_that_may_only_read_is_one_clear_error(service: Running, website_id: str) -> None:
    with pytest.raises(SendFailed, match="403"):
        load(service.url, other_workspace(service)["keys"]["read"], website_id, days=1, until=UNTIL)
