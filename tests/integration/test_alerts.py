"""Alerts over HTTP: made, changed, deleted; and what they see, minute by minute."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.integration.alerting import (
    MINUTE,
    NOW,
    above,
    history_of,
    make_alert,
    send,
    source,
    state_of,
    ticking,
)
from tests.integration.conftest import make_website
from tests.integration.test_goals import code_of, make_goal, pointers


@pytest.fixture
def tick(home):
    return ticking(home)


async def test_a_created_alert_is_where_its_location_says(client, website_id):
    body = {"name": " Events 🙂 ", "condition": above(website_id, resolve_threshold=1), "fire_after": 2}
    created = await client.post("/v1/alerts", json=body)
    assert created.status_code == 201
    alert = created.json()["data"]
    assert UUID(alert["id"]).version == 7
    assert created.headers["location"] == f"/v1/alerts/{alert['id']}"
    assert alert["state"]["status"] == "OK"
    assert (alert["fire_after"], alert["resolve_after"], alert["delay_minutes"]) == (2, 3, 1)
    assert (await client.get(created.headers["location"])).json()["data"] == alert
    sendable = {name: alert[name] for name in ("name", "enabled", "condition", "channels", "fire_after")}
    again = await client.put(created.headers["location"], json=sendable)
    assert again.json()["data"] == alert | {"updated_at": again.json()["data"]["updated_at"]}
    assert [each["id"] for each in (await client.get("/v1/alerts")).json()["data"]] == [alert["id"]]
    assert (await client.delete(created.headers["location"])).status_code == 204
    assert code_of(await client.get(created.headers["location"])) == (404, "NOT_FOUND")


async def test_everything_that_makes_no_sense_is_said_at_once(client, website_id):
    condition = above(website_id, metric="vistors", resolve_threshold=3)
    condition["source"] |= {"filter": {"operator": "IS", "dimension": "colour", "value": "red"}, "goal": "x"}
    condition["source"]["goal_id"] = str(uuid4())
    response = await client.post("/v1/alerts", json={"name": "Alert", "condition": condition})
    assert pointers(response) == {
        "/condition/source/metric": "UNKNOWN_METRIC",
        "/condition/source/filter/dimension": "UNKNOWN_DIMENSION",
        "/condition/source/goal_id": "GOAL_TWICE",
        "/condition/resolve_threshold": "RESOLVE_THRESHOLD_INVERTED",
    }


@pytest.mark.parametrize("name", ["website_id", "channel"])
async def test_what_the_workspace_does_not_have_cannot_be_used(client, website_id, name):
    body = {"name": "Alert", "condition": above(website_id)}
    if name == "channel":
        body["channels"] = [{"channel_id": str(uuid4())}]
    else:
        body["condition"]["source"]["website_id"] = str(uuid4())
    assert code_of(await client.post("/v1/alerts", json=body)) == (404, "NOT_FOUND")


async def test_it_fires_once_and_resolves_once(client, website_id, tick):
    alert_id = await make_alert(client, above(website_id), fire_after=2, resolve_after=2)
    later = await tick()
    assert (await state_of(client, alert_id))["status"] == "OK"
    await send(client, website_id, *[NOW - 5 * MINUTE] * 3)
    later = await tick(later)
    assert (await state_of(client, alert_id))["status"] == "OK"
    later = await tick(later, times=3)
    state = await state_of(client, alert_id)
    assert (state["status"], state["value"], state["incident"]["notified"]) == ("FIRING", 3, True)
    # The events leave the window of an hour.
    later = await tick(later + timedelta(hours=1))
    assert (await state_of(client, alert_id))["status"] == "FIRING"
    await tick(later, times=3)
    state = await state_of(client, alert_id)
    assert (state["status"], state["value"], state["incident"]) == ("RESOLVED", 0, None)
    assert await history_of(client, alert_id) == ["FIRED", "RESOLVED"]
    events = (await client.get(f"/v1/alerts/{alert_id}/history")).json()["data"]
    assert len({event["incident_id"] for event in events}) == 1
    assert (events[1]["value"], events[1]["threshold"]) == (3, 2)


async def test_between_the_thresholds_nothing_changes(client, website_id, tick):
    """A number that wavers around the threshold makes nothing flap."""
    condition = above(website_id, threshold=4, window="LAST_5_MINUTES", resolve_threshold=1)
    alert_id = await make_alert(client, condition, resolve_after=1)
    at = NOW
    for number in [5, 4, 5, 3, 2, 5, 4, 1, 0, 4, 3]:
        await send(client, website_id, *[at - MINUTE] * number)
        await tick(at)
        at += timedelta(minutes=10)
    assert await history_of(client, alert_id) == ["FIRED", "RESOLVED"]


async def test_a_minute_is_evaluated_once(client, website_id, tick):
    alert_id = await make_alert(client, above(website_id), fire_after=2)
    await send(client, website_id, *[NOW - MINUTE] * 3)
    for second in (0, 10, 59):
        await tick(NOW.replace(second=second))
    assert (await state_of(client, alert_id))["status"] == "OK"


async def test_clocks_that_jump_make_no_storm_and_tell_nothing_twice(client, website_id, tick):
    alert_id = await make_alert(client, above(website_id, window="TODAY"), resolve_after=1)
    await send(client, website_id, *[NOW - MINUTE] * 3)
    await tick(NOW)
    await tick(NOW + timedelta(hours=3))
    await tick(NOW - timedelta(hours=2))
    await tick(NOW - timedelta(hours=2) + MINUTE)
    assert await history_of(client, alert_id) == ["FIRED"]
    assert (await state_of(client, alert_id))["evaluated_at"] == "2026-03-11T10:01:00Z"


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


async def test_another_condition_begins_anew_and_the_same_one_goes_on(client, website_id, tick):
    alert_id = await make_alert(client, above(website_id, threshold=-1))
    later = await tick()
    incident = (await state_of(client, alert_id))["incident"]["id"]
    body = {"name": "Renamed", "condition": above(website_id, threshold=-1), "delay_minutes": 0}
    await client.put(f"/v1/alerts/{alert_id}", json=body)
    later = await tick(later)
    assert (await state_of(client, alert_id))["incident"]["id"] == incident
    await client.put(f"/v1/alerts/{alert_id}", json=body | {"condition": above(website_id, threshold=5)})
    assert (await state_of(client, alert_id))["status"] == "OK"
    await tick(later)
    assert (await state_of(client, alert_id))["status"] == "OK"
    assert await history_of(client, alert_id) == ["FIRED", "CHANGED", "CHANGED"]


async def test_an_alert_that_is_off_is_not_evaluated(client, website_id, tick):
    alert_id = await make_alert(client, above(website_id, threshold=-1), enabled=False)
    await tick()
    assert (await state_of(client, alert_id))["evaluated_at"] is None


async def test_whoever_acknowledges_first_is_written_down(home, website_id, client, tick):
    alert_id = await make_alert(client, above(website_id, threshold=-1))
    url = f"/v1/alerts/{alert_id}/acknowledge"
    assert code_of(await client.post(url)) == (409, "NOT_FIRING")
    await tick()
    person = await home.make_person("EDITOR")
    response = await person.client.post(url)
    assert response.json()["data"]["state"]["incident"]["acknowledged_by"]["user_id"] == str(person.user.id)
    again = await client.post(url)
    assert again.json()["data"] == response.json()["data"]
    assert await history_of(client, alert_id) == ["FIRED", "ACKNOWLEDGED"]


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


async def test_a_preview_says_when_a_rule_would_have_fired(client, website_id):
    start = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
    await send(client, website_id, *[start + timedelta(hours=1, minutes=30)] * 3)
    body = {
        "condition": above(website_id, window="LAST_HOUR"),
        "delay_minutes": 0,
        "start_at": "2026-03-01T00:00:00Z",
        "end_at": "2026-03-01T06:00:00Z",
    }
    response = await client.post("/v1/alerts/preview", json=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["meta"]["step_minutes"] == 1
    (incident,) = answer["data"]["incidents"]
    # An event counts from the minute after it until an hour after it; three quiet minutes resolve.
    assert incident["fired_at"] == "2026-03-01T01:31:00Z"
    assert incident["resolved_at"] == "2026-03-01T02:33:00Z"
    assert len(answer["data"]["points"]) == 361
    assert (await client.get("/v1/alerts")).json()["data"] == []


@pytest.mark.parametrize(
    ("start", "end", "pointer"),
    [
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "/start_at"),
        ("2026-03-01T00:00:00Z", "2026-04-02T00:00:00Z", "/start_at"),
        ("2026-03-01T00:00:00Z", "2999-01-01T00:00:00Z", "/end_at"),
    ],
)
async def test_a_time_that_cannot_be_replayed_is_refused(client, website_id, start, end, pointer):
    body = {"condition": above(website_id), "start_at": start, "end_at": end}
    response = await client.post("/v1/alerts/preview", json=body)
    assert pointers(response) == {pointer: "DATE_OUT_OF_RANGE"}
