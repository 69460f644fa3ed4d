"""What the Python SDK relies on: each function tells Pact of a request and its answer, and gives what to try.

Times and ids are expected by their shape, what a program depends on by its value. An id that the server
chooses comes from the state that it is in, such as `${goal_id}`: cloudmetrics/gates/states.py makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cloudmetrics_api import CloudMetrics, errors
from pact import Pact, match

Use = Callable[[CloudMetrics], None]

ID = "0192f3a0-7c1e-7b3a-9f6d-2f1c0a4b8e11"
OTHER_ID = "0192f3a0-7c1e-7b3a-9f6d-2f1c0a4b8e12"
TIME = match.regex("2026-11-03T10:00:00Z", regex=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
SIGNED_UP = {"kind": "EVENT", "event_name": "signup"}


def of_state(expression: str) -> dict[str, str]:
    """What the verifier puts in the place of an example, with the ids of the state that the server is in."""
    return {"type": "ProviderState", "expression": expression}


OWN_WEBSITE = {"body": {"$.website_id": of_state("${website_id}")}}


def goal() -> dict[str, Any]:
    return {
        "id": match.uuid(ID),
        "website_id": match.uuid(OTHER_ID),
        "name": "Signed up",
        "condition": SIGNED_UP | {"minimum_revenue": None},
        "created_at": TIME,
        "updated_at": TIME,
        "deleted_at": None,
        "removed_after": None,
    }


def website(name: str, domain: str) -> dict[str, Any]:
    return {
        "id": match.uuid(ID),
        "name": name,
        "domain": domain,
        "timezone": match.like("UTC"),
        "timezone_change": None,
        "currency": match.regex("USD", regex="^[A-Z]{3}$"),
        "retention_days": None,
        "created_at": TIME,
        "updated_at": TIME,
        "deleted_at": None,
        "removed_after": None,
    }


def problem(status: int, code: str) -> dict[str, Any]:
    return {
        "type": match.like("https://api.cloudmetrics.example/docs/errors/x"),
        "title": match.like("It is wrong"),
        "status": status,
        "detail": match.like("It is wrong this time."),
        "instance": match.like("/v1/goals"),
        "code": code,
        "trace_id": match.regex("4bf92f3577b34da6a3ce929d0e0e4736", regex="^[0-9a-f]{32}$"),
    }


def goal_is_made(pact: Pact) -> Use:
    body = {"website_id": ID, "name": "Signed up", "condition": SIGNED_UP}
    (
        pact.upon_receiving("the making of a goal")
        .given("a website")
        .with_request("POST", "/v1/goals")
        .with_body(body)
        .with_generators(OWN_WEBSITE)
        .will_respond_with(201)
        .with_body({"data": goal(), "meta": {}})
    )

    def use(client: CloudMetrics) -> None:
        made = client.goals.create(website_id=ID, name="Signed up", condition=SIGNED_UP)
        assert (str(made.id), made.condition.event_name) == (ID, "signup")

    return use


def goals_are_listed(pact: Pact) -> Use:
    (
        pact.upon_receiving("the list of a website's goals")
        .given("a goal", name="Signed up")
        .with_request("GET", "/v1/goals")
        .with_query_parameter("website_id", ID)
        .with_generators({"query": {"website_id": of_state("${website_id}")}})
        .will_respond_with(200)
        .with_body({"data": [goal()], "pagination": {"next_cursor": None, "has_more": False}})
    )

    def use(client: CloudMetrics) -> None:
        assert [each.name for each in client.goals.list(website_id=ID)] == ["Signed up"]

    return use


def goal_is_read(pact: Pact) -> Use:
    (
        pact.upon_receiving("the reading of a goal")
        .given("a goal", name="Signed up")
        .with_request("GET", f"/v1/goals/{ID}")
        .with_generators({"path": of_state("/v1/goals/${goal_id}")})
        .will_respond_with(200)
        .with_header("ETag", match.regex('"5-1"', regex='^(W/)?".+"$'))
        .with_body({"data": goal(), "meta": {}})
    )

    def use(client: CloudMetrics) -> None:
        read = client.with_response(client.goals.get, ID)
        assert (read.data.name, read.etag) == ("Signed up", '"5-1"')

    return use


def goal_is_missing(pact: Pact) -> Use:
    (
        pact.upon_receiving("the reading of a goal that the workspace does not have")
        .with_request("GET", f"/v1/goals/{ID}")
        .will_respond_with(404)
        .with_body(problem(404, "NOT_FOUND"), content_type="application/problem+json")
    )

    def use(client: CloudMetrics) -> None:
        with pytest.raises(errors.NotFound) as raised:
            client.goals.get(ID)
        assert raised.value.code == "NOT_FOUND"

    return use


def goal_is_refused(pact: Pact) -> Use:
    violation = {
        "pointer": "/name",
        "field": "name",
        "code": match.like("TOO_SHORT"),
        "message": match.like("x"),
    }
    (
        pact.upon_receiving("the making of a goal without a name")
        .given("a website")
        .with_request("POST", "/v1/goals")
        .with_body({"website_id": ID, "name": "", "condition": SIGNED_UP})
        .with_generators(OWN_WEBSITE)
        .will_respond_with(400)
        .with_body(
            problem(400, "INVALID_REQUEST") | {"errors": match.each_like(violation)},
            content_type="application/problem+json",
        )
    )

    def use(client: CloudMetrics) -> None:
        with pytest.raises(errors.BadRequest) as raised:
            client.goals.create(website_id=ID, name="", condition=SIGNED_UP)
        assert [each.pointer for each in raised.value.violations] == ["/name"]

    return use


def website_is_read(pact: Pact) -> Use:
    (
        pact.upon_receiving("the reading of a website")
        .given("a website", name="Shop", domain="shop.example.com")
        .with_request("GET", f"/v1/websites/{ID}")
        .with_generators({"path": of_state("/v1/websites/${website_id}")})
        .will_respond_with(200)
        .with_body({"data": website("Shop", "shop.example.com"), "meta": {}})
    )

    def use(client: CloudMetrics) -> None:
        assert client.websites.get(ID).domain == "shop.example.com"

    return use


def website_is_made_once(pact: Pact) -> Use:
    given = {"name": "Once", "domain": "once.example.com"}
    (
        pact.upon_receiving("the making of a website that was made with this key before")
        .given("a website made with a key", key="order-1", **given)
        .with_request("POST", "/v1/websites")
        .with_header("Idempotency-Key", "order-1")
        .with_body(given)
        .will_respond_with(201)
        .with_header("Idempotency-Replayed", "true")
        .with_body({"data": website(**given), "meta": {}})
    )

    def use(client: CloudMetrics) -> None:
        assert client.websites.create(**given, idempotency_key="order-1").name == "Once"

    return use


def events_are_sent(pact: Pact) -> Use:
    event = {"id": "e-1", "name": "pageview", "timestamp": "2026-11-03T10:00:00Z", "visitor_id": "anna"}
    receipt = {"id": "e-1", "status": "ACCEPTED", "code": None, "message": None}
    receipts = {"accepted": 1, "duplicates": 0, "rejected": 0, "receipts": [receipt]}
    (
        pact.upon_receiving("a batch with one event")
        .given("a website")
        .with_request("POST", "/v1/events")
        .with_body({"events": [event | {"website_id": ID}]})
        .with_generators({"body": {"$.events[0].website_id": of_state("${website_id}")}})
        .will_respond_with(200)
        .with_body({"data": receipts, "meta": {}})
    )

    def use(client: CloudMetrics) -> None:
        assert client.events.create(events=[event | {"website_id": ID}]).accepted == 1

    return use


def metrics_are_asked_for(pact: Pact) -> Use:
    numbers = {
        "visitors": 2,
        "visits": 2,
        "pageviews": 3,
        "events": 3,
        "views_per_visit": 1.5,
        "bounce_rate": 0.5,
        "visit_duration": 30.0,
        "revenue": {"amount_minor": 0, "currency": "USD"},
    }
    ratios = {
        "revenue_by_currency": [],
        "revenue_per_visitor": {"amount_minor": 0, "currency": "USD"},
        "conversion_rate": None,
    }
    day = {"date": "2026-11-03", "hour": None, **numbers}
    question = {
        **dict.fromkeys(
            ("compare", "source", "medium", "campaign", "device", "browser", "system", "country")
        ),
        **{"start_date": "2026-11-03", "end_date": "2026-11-03", "interval": "DAY", "goal": None},
        "website_id": match.uuid(ID),
    }
    (
        pact.upon_receiving("the numbers of a day")
        .given("pageviews", day="2026-11-03", visitors={"anna": 2, "ben": 1})
        .with_request("GET", "/v1/metrics")
        .with_query_parameter("website_id", ID)
        .with_generators({"query": {"website_id": of_state("${website_id}")}})
        .with_query_parameter("start_date", "2026-11-03")
        .with_query_parameter("end_date", "2026-11-03")
        .will_respond_with(200)
        .with_body({"data": {**numbers, **ratios, "breakdown": [day], "comparison": None}, "meta": question})
    )

    def use(client: CloudMetrics) -> None:
        told = client.metrics.get(website_id=ID, start_date="2026-11-03", end_date="2026-11-03")
        assert (told.visitors, told.pageviews) == (2, 3)

    return use


INTERACTIONS = (
    goal_is_made,
    goals_are_listed,
    goal_is_read,
    goal_is_missing,
    goal_is_refused,
    website_is_read,
    website_is_made_once,
    events_are_sent,
    metrics_are_asked_for,
)
