"""What alerts watch: changes, absence, anomalies, costs, budgets; and what is gone, or cannot be counted."""

from datetime import UTC, datetime, timedelta

import pytest

from cloudmetrics.alerting.evaluation import jobs as _evaluation  # noqa: F401 - follows the clock.
from cloudmetrics.analytics.questions import store as questions
from cloudmetrics.platform.errors import QueryTooSlow
from tests.integration.alerting import (
    MINUTE,
    NOW,
    above,
    make_alert,
    send,
    source,
    state_of,
    ticking,
)
from tests.integration.billing import charge, focus, imported
from tests.integration.conftest import make_website
from tests.integration.test_goals import code_of, make_goal, pointers


@pytest.fixture
def tick(home):
    return ticking(home)


async def test_a_change_is_compared_with_the_same_local_time_of_an_earlier_week(client, tick):
    """In New York clocks went forward on 8 March 2026: noon was an hour later by UTC before."""
    website_id = await make_website(client, timezone="America/New_York")
    noon = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
    week_before = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
    await send(client, website_id, *[week_before - MINUTE] * 4, *[noon - MINUTE] * 1)
    condition = above(website_id, threshold=-0.5, direction="BELOW", kind="CHANGE", compare="PREVIOUS_WEEK")
    alert_id = await make_alert(client, condition)
    await tick(noon)
    state = await state_of(client, alert_id)
    assert (state["status"], state["value"], state["signal"]) == ("FIRING", 1, -0.75)


async def test_nothing_to_compare_with_is_no_reason(client, website_id, tick):
    condition = above(website_id, threshold=0.5, kind="CHANGE", compare="PREVIOUS_DAY")
    alert_id = await make_alert(client, condition)
    await send(client, website_id, NOW - MINUTE)
    await tick()
    state = await state_of(client, alert_id)
    assert (state["status"], state["problem"]["code"], state["value"]) == ("NO_DATA", "NO_DATA", 1)


async def test_absence_is_seen_under_a_filter(client, website_id, tick):
    sieve = {"operator": "IS", "dimension": "event_name", "value": "signup"}
    condition = {"kind": "ABSENCE", "source": source(website_id, filter=sieve), "window": "LAST_15_MINUTES"}
    alert_id = await make_alert(client, condition, resolve_after=1)
    await send(client, website_id, NOW - MINUTE, NOW - 2 * MINUTE)
    later = await tick()
    assert (await state_of(client, alert_id))["status"] == "FIRING"
    await send(client, website_id, NOW - MINUTE, name="signup")
    await tick(later)
    assert (await state_of(client, alert_id))["status"] == "RESOLVED"


async def test_an_anomaly_is_unusual_for_its_hour_of_the_week(client, website_id, tick):
    """Eight Wednesdays with about ten events from 11 to 12, and one of the other hours with a hundred."""
    hour = NOW.replace(hour=11, minute=30, second=0)
    for week, number in enumerate([10, 11, 9, 10, 12, 10, 9, 11], start=1):
        await send(client, website_id, *[hour - timedelta(weeks=week)] * number)
    await send(client, website_id, *[hour - timedelta(days=1)] * 100)
    condition = {"kind": "ANOMALY", "source": source(website_id), "window": "FULL_HOUR"}
    usual = await make_alert(client, condition)
    above_only = await make_alert(client, condition | {"direction": "ABOVE"})
    await send(client, website_id, *[hour] * 11)
    later = await tick()
    assert (await state_of(client, usual))["status"] == "OK"
    await send(client, website_id, *[hour] * 19)
    await tick(later)
    state = await state_of(client, usual)
    # Median 10, median absolute deviation 1.
    assert (state["status"], state["value"]) == ("FIRING", 30)
    assert state["signal"] == pytest.approx(20 / 1.4826)
    assert (await state_of(client, above_only))["status"] == "FIRING"


async def test_an_anomaly_needs_some_weeks_to_compare_with(client, website_id, tick):
    for week in (1, 2, 3):
        await send(client, website_id, NOW - timedelta(weeks=week, minutes=10))
    condition = {"kind": "ANOMALY", "source": source(website_id), "window": "FULL_HOUR"}
    alert_id = await make_alert(client, condition)
    await tick()
    assert (await state_of(client, alert_id))["problem"]["code"] == "NO_DATA"


async def test_a_deleted_website_or_goal_is_said_and_stops_nobody(client, website_id, tick):
    gone = await make_website(client)
    goal_id = await make_goal(client, website_id)
    rate = source(website_id, "conversion_rate", goal_id=goal_id)
    orphan = await make_alert(client, above(gone, threshold=-1))
    goalless = await make_alert(client, above(website_id) | {"source": rate})
    healthy = await make_alert(client, above(website_id, threshold=-1))
    later = await tick()
    assert (await state_of(client, orphan))["status"] == "FIRING"
    await client.delete(f"/v1/websites/{gone}")
    await client.delete(f"/v1/goals/{goal_id}")
    await tick(later)
    for alert_id, code in ((orphan, "WEBSITE_DELETED"), (goalless, "GOAL_DELETED")):
        state = await state_of(client, alert_id)
        assert (state["status"], state["problem"]["code"]) == ("FAILED", code)
    assert (await state_of(client, healthy))["status"] == "FIRING"


async def test_a_metric_of_several_currencies_has_no_sum(client, website_id, tick):
    await make_website(client, currency="JPY")
    other = await make_website(client, currency="EUR")
    for website, currency in ((website_id, "USD"), (other, "EUR")):
        money = {"amount_minor": 500, "currency": currency}
        await send(client, website, NOW - MINUTE, name="purchase", revenue=money)
    everywhere = await make_alert(client, above(website_id) | {"source": source(None, "revenue")})
    here = await make_alert(client, above(website_id, metric="revenue", threshold=499))
    await tick()
    assert (await state_of(client, everywhere))["problem"]["code"] == "SEVERAL_CURRENCIES"
    assert (await state_of(client, here))["value"] == 500


async def test_costs_are_watched_by_the_day(client, home, tick):
    rows = [
        charge("10", ChargePeriodStart="2026-03-09T10:00:00Z", BillingPeriodStart="2026-03-01T00:00:00Z"),
        charge("30.5", ChargePeriodStart="2026-03-10T10:00:00Z", BillingPeriodStart="2026-03-01T00:00:00Z"),
        charge(
            "7",
            ChargePeriodStart="2026-03-10T10:00:00Z",
            BillingPeriodStart="2026-03-01T00:00:00Z",
            ServiceName="S3",
        ),
    ]
    await imported(client, home, focus(*rows))
    bills = {"kind": "COST", "service": "EC2"}
    change = {"compare": "PREVIOUS_DAY", "direction": "ABOVE", "threshold": 2}
    rising = await make_alert(client, {"kind": "CHANGE", "source": bills, "window": "YESTERDAY", **change})
    month = await make_alert(client, above("", 47) | {"source": {"kind": "COST"}, "window": "MONTH_TO_DATE"})
    euros = await make_alert(
        client, {"kind": "ABSENCE", "source": {"kind": "COST", "currency": "EUR"}, "window": "YESTERDAY"}
    )
    await tick()
    seen = [await state_of(client, alert_id) for alert_id in (rising, month, euros)]
    assert [each["status"] for each in seen] == ["FIRING"] * 3
    assert [each["value"] for each in seen] == [30.5, 47.5, 0]
    assert seen[0]["signal"] == pytest.approx(2.05)


async def test_what_makes_no_sense_of_costs_is_said(client):
    source = {"kind": "COST", "tags": ["good=1", "nothing"]}
    body = {"name": "Alert", "condition": {"kind": "ABSENCE", "source": source, "window": "LAST_HOUR"}}
    assert pointers(await client.post("/v1/alerts", json=body)) == {
        "/condition/window": "WINDOW_TOO_SHORT",
        "/condition/source/tags/1": "UNCLEAR_TAG",
    }


async def test_a_rule_that_cannot_be_counted_says_so_and_stops_nobody(client, website_id, tick, monkeypatch):
    slow = await make_alert(client, above(website_id, threshold=-1))
    broken = await make_alert(client, above(website_id, threshold=-1, metric="visits"))
    healthy = await make_alert(client, above(website_id, threshold=-1, window="TODAY"))
    run = questions.run

    async def fail(tenant, statement, **options):
        if "span" in statement.sql:
            raise QueryTooSlow(5)
        return await run(tenant, statement, **options)

    monkeypatch.setattr(questions, "run", fail)
    later = await tick()
    for alert_id in (slow, broken):
        state = await state_of(client, alert_id)
        assert (state["status"], state["problem"]["code"]) == ("FAILED", "QUERY_TOO_SLOW")
    assert (await state_of(client, healthy))["status"] == "FIRING"
    monkeypatch.setattr(questions, "run", run)
    await tick(later)
    assert (await state_of(client, slow))["status"] == "FAILED"
    await tick(later + timedelta(minutes=15))
    assert (await state_of(client, slow))["status"] == "FIRING"


async def test_a_budget_is_watched_until_it_is_gone(client, home, tick):
    days = [f"2026-03-{day:02}T10:00:00Z" for day in range(1, 11)]
    march = {"BillingPeriodStart": "2026-03-01T00:00:00Z"}
    await imported(client, home, focus(*(charge("10", ChargePeriodStart=day, **march) for day in days)))
    budget = {"name": "Cloud", "amount": {"amount_minor": 12000, "currency": "USD"}}
    made = await client.post("/v1/costs/budgets", json=budget)
    budget_id = made.json()["data"]["id"]
    watched = {"kind": "BUDGET", "budget_id": budget_id}
    spent = await make_alert(client, watched | {"threshold": 0.8})
    whole = await make_alert(client, watched)
    expected = await make_alert(client, watched | {"measure": "FORECAST"})
    later = await tick()
    seen = [await state_of(client, alert_id) for alert_id in (spent, whole, expected)]
    assert [each["status"] for each in seen] == ["FIRING", "OK", "FIRING"]
    assert [each["value"] for each in seen[:2]] == [pytest.approx(100 / 120)] * 2
    assert seen[2]["value"] > 2
    assert (await client.delete(f"/v1/costs/budgets/{budget_id}")).status_code == 204
    await tick(later)
    state = await state_of(client, spent)
    assert (state["status"], state["problem"]["code"]) == ("FAILED", "BUDGET_DELETED")
    body = {"name": "Alert", "condition": watched}
    assert code_of(await client.post("/v1/alerts", json=body)) == (404, "NOT_FOUND")


async def test_a_little_is_no_absence(client, home, tick):
    """A cost of less than one unit, or a rate, is there all the same."""
    march = {"BillingPeriodStart": "2026-03-01T00:00:00Z", "ChargePeriodStart": "2026-03-10T10:00:00Z"}
    await imported(client, home, focus(charge("0.0000008", **march)))
    condition = {"kind": "ABSENCE", "source": {"kind": "COST"}, "window": "YESTERDAY"}
    alert_id = await make_alert(client, condition)
    await tick()
    state = await state_of(client, alert_id)
    assert (state["status"], state["value"]) == ("OK", 0.0000008)
