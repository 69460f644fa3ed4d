"""Alerts over HTTP: made, changed, deleted; and what they see, minute by minute."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from cloudmetrics.accounts.test_clocks.jobs import moved
from cloudmetrics.alerting.evaluation import jobs as _evaluation  # noqa: F401 - follows the clock.
from cloudmetrics.alerting.rules import service as rules
from cloudmetrics.analytics.questions import store as questions
from cloudmetrics.platform.errors import QueryTooSlow
from cloudmetrics.platform.jobs import JobContext
from cloudmetrics.platform.jobs.registry import Services
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
from tests.integration.billing import charge, focus, imported
from tests.integration.conftest import make_event, make_website, send_events
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


async def test_alerts_are_listed_by_how_they_stand(client, website_id, tick):
    """What the list filters by is what each alert says of itself."""
    gone = await make_website(client)
    made = {
        "OK": await make_alert(client, above(website_id, threshold=9), name="b"),
        "FIRING": await make_alert(client, above(website_id, threshold=-1), name="a"),
        "NO_DATA": await make_alert(client, above(website_id, 1, "LAST_5_MINUTES", metric="bounce_rate")),
        "FAILED": await make_alert(client, above(gone, threshold=-1)),
        "RESOLVED": await make_alert(client, above(website_id, window="LAST_5_MINUTES"), resolve_after=1),
    }
    await send(client, website_id, *[NOW - timedelta(hours=1)] * 3)
    await tick(NOW - timedelta(hours=1) + MINUTE)
    await client.delete(f"/v1/websites/{gone}")
    await tick(NOW)
    for status, alert_id in made.items():
        listed = (await client.get("/v1/alerts", params={"status": status})).json()["data"]
        assert [(each["id"], each["state"]["status"]) for each in listed] == [(alert_id, status)]
        assert (await state_of(client, alert_id))["status"] == status
    query = {"status:in": "OK,FIRING", "sort": "name:asc", "fields": "name"}
    assert (await client.get("/v1/alerts", params=query)).json()["data"] == [{"name": "a"}, {"name": "b"}]
    kinds = {"kind": "FIRED"}
    history = await client.get(f"/v1/alerts/{made['RESOLVED']}/history", params=kinds)
    assert [each["kind"] for each in history.json()["data"]] == ["FIRED"]


async def test_an_etag_lasts_until_something_happens(client, website_id, tick):
    alert_id = await make_alert(client, above(website_id))
    later = await tick()
    read = await client.get(f"/v1/alerts/{alert_id}")
    later = await tick(later, times=2)
    headers = {"If-None-Match": read.headers["etag"]}
    assert (await client.get(f"/v1/alerts/{alert_id}", headers=headers)).status_code == 304
    await send(client, website_id, *[NOW] * 3)
    await tick(later)
    assert (await client.get(f"/v1/alerts/{alert_id}", headers=headers)).status_code == 200


@pytest.mark.requirement("CM-5", "PL-4")
async def test_whoever_makes_a_rule_may_read_what_it_watches(home, website_id):
    blind = home.open(await home.make_key(["alerts:full"]))
    costs = {"kind": "ABSENCE", "source": {"kind": "COST"}, "window": "YESTERDAY"}
    for condition, scope in ((above(website_id), "metrics:read"), (costs, "costs:read")):
        for url in ("/v1/alerts", "/v1/alerts/preview"):
            body = {"condition": condition} | ({} if url.endswith("preview") else {"name": "Alert"})
            response = await blind.post(url, json=body)
            assert code_of(response) == (403, "INSUFFICIENT_SCOPE")
            assert response.json()["details"]["missing_scopes"] == [scope]


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


@pytest.mark.requirement("B-4")
async def test_a_sandboxes_alerts_follow_its_clock(home, database, keyring):
    sandbox = home.open(await home.make_key(mode="test"))
    website_id = await make_website(sandbox)
    condition = {"kind": "ABSENCE", "source": source(website_id), "window": "LAST_24_HOURS"}
    alert_id = await make_alert(sandbox, condition)
    await send_events(sandbox, make_event(website_id, timestamp=datetime.now(UTC).isoformat()))
    context = JobContext(Services(database, None, keyring, None), 1)  # type: ignore[arg-type]
    statuses = []
    for seconds in (3600, 2 * 86400):
        await sandbox.post("/v1/test-clock", json={"advance_seconds": seconds})
        await moved(context, workspace_id=home.workspace.sandbox_id)
        statuses.append((await state_of(sandbox, alert_id))["status"])
    assert statuses == ["OK", "FIRING"]


async def test_a_workspace_has_so_many_alerts(client, website_id, monkeypatch):
    monkeypatch.setattr(rules, "MOST", 2)
    body = {"name": "Alert", "condition": above(website_id)}
    answers = await asyncio.gather(*(client.post("/v1/alerts", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    refused = [answer for answer in answers if answer.status_code == 409]
    assert {code_of(answer) for answer in refused} == {(409, "ALERT_LIMIT_REACHED")}


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


async def test_a_patch_changes_only_what_it_names(client, website_id, tick):
    alert_id = await make_alert(client, above(website_id, threshold=-1), fire_after=1)
    later = await tick()
    incident = (await state_of(client, alert_id))["incident"]["id"]
    patched = await client.patch(f"/v1/alerts/{alert_id}", json={"name": "Renamed"})
    assert patched.status_code == 200, patched.text
    await tick(later)
    assert (await state_of(client, alert_id))["incident"]["id"] == incident
    patched = await client.patch(f"/v1/alerts/{alert_id}", json={"condition": {"threshold": 7}})
    alert = patched.json()["data"]
    assert (alert["name"], alert["condition"]["threshold"], alert["state"]["status"]) == ("Renamed", 7, "OK")
    other_kind = {
        "condition": {"kind": "ABSENCE", "direction": None, "threshold": None, "resolve_threshold": None}
    }
    patched = await client.patch(f"/v1/alerts/{alert_id}", json=other_kind)
    assert patched.json()["data"]["condition"]["kind"] == "ABSENCE"


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
