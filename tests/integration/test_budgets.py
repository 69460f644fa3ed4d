"""Budgets and forecasts: what a month costs so far, what is expected, and in which currency."""

import math
import statistics
from datetime import date, timedelta
from decimal import Decimal

import pytest

from cloudmetrics.costs.reports import service as reports
from tests.integration.billing import charge, focus, imported

pytestmark = pytest.mark.requirement("D6-2", "CM-9")
TODAY = date(2026, 11, 21)
BODY = {"name": "Production", "amount": {"amount_minor": 10000, "currency": "USD"}}


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(reports, "today", lambda tenant: TODAY)


def on(day: date, cost: str, **columns: str) -> dict[str, str]:
    period = f"{day:%Y-%m-01}T00:00:00Z"
    return charge(cost, BillingPeriodStart=period, ChargePeriodStart=f"{day}T05:00:00Z", **columns)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


async def forecast(client, **filters) -> dict:
    response = await client.get("/v1/costs/forecast", params=filters)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def make(client, **body) -> str:
    response = await client.post("/v1/costs/budgets", json=BODY | body)
    assert response.status_code == 201, response.text
    made: str = response.json()["data"]["id"]
    return made


async def status(client, budget_id: str) -> dict:
    response = await client.get(f"/v1/costs/budgets/{budget_id}/status")
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def test_a_forecast_is_what_the_stated_method_gives(client, home):
    """Forty days of usage up to the 18th, a purchase in the middle, and a tax after what is known."""
    last = date(2026, 11, 18)
    used = {day: 1 + (day.toordinal() * 7 % 11) / 4 for day in days(last - timedelta(days=39), last)}
    rows = [on(day, str(cost)) for day, cost in used.items()]
    rows.append(on(date(2026, 11, 5), "100", ChargeCategory="Purchase"))
    rows.append(on(date(2026, 11, 28), "7", ChargeCategory="Tax"))
    await imported(client, home, focus(*rows))

    window = [used[day] for day in days(last - timedelta(days=27), last)]
    left = 12
    spent = sum(cost for day, cost in used.items() if day.month == 11) + 107
    expected = spent + left * statistics.mean(window)
    spread = 1.2816 * statistics.stdev(window) * math.sqrt(left + left**2 / 28)

    found = await forecast(client)
    assert (found["known_until"], found["level"]) == ("2026-11-18", 0.8)
    (outlook,) = found["by_currency"]
    assert float(outlook["spent"]["amount"]) == spent
    for name, value in {"forecast": expected, "low": expected - spread, "high": expected + spread}.items():
        assert abs(float(outlook[name]["amount"]) - value) <= 0.0051, name
        assert Decimal(outlook[name]["amount"]) * 100 == outlook[name]["amount_minor"]

    (purchases,) = (await forecast(client, charge_category="Purchase"))["by_currency"]
    assert purchases["forecast"]["amount"] == purchases["spent"]["amount"] == "100"


async def test_today_is_not_taken_for_a_whole_day(client, home):
    rows = [on(day, "2") for day in days(date(2026, 11, 1), date(2026, 11, 20))]
    await imported(client, home, focus(*rows, on(TODAY, "0.01")))
    found = await forecast(client)
    assert found["known_until"] == "2026-11-20"
    (outlook,) = found["by_currency"]
    assert (outlook["spent"]["amount"], outlook["forecast"]["amount"]) == ("40.01", "60")
    assert outlook["low"] == outlook["high"] == outlook["forecast"]


async def test_what_is_known_of_six_days_is_too_little(client, home):
    assert await forecast(client) == {"known_until": None, "level": 0.8, "by_currency": []}
    await imported(client, home, focus(*(on(day, "1") for day in days(date(2026, 11, 1), date(2026, 11, 6)))))
    (outlook,) = (await forecast(client))["by_currency"]
    assert (outlook["spent"]["amount"], outlook["forecast"]) == ("6", None)


async def test_a_bill_of_last_month_tells_what_this_one_costs(client, home):
    await imported(
        client, home, focus(*(on(day, "3") for day in days(date(2026, 10, 1), date(2026, 10, 31))))
    )
    (outlook,) = (await forecast(client))["by_currency"]
    assert (outlook["spent"]["amount"], outlook["forecast"]["amount"]) == ("0", "90")


@pytest.mark.parametrize(("daily", "state"), [("1", "WITHIN"), ("4", "AT_RISK"), ("6", "EXCEEDED")], ids=str)
async def test_a_budget_tells_how_it_stands(client, home, daily, state):
    budget_id = await make(client, filters={"provider": "AWS", "tags": {"environment": "prod"}})
    month = days(date(2026, 11, 1), date(2026, 11, 20))
    await imported(
        client,
        home,
        focus(
            *(on(day, daily, **{"Tags": '{"environment": "prod"}'}) for day in month),
            on(TODAY, "1000"),
            on(TODAY, "1000", ProviderName="Oracle", Tags='{"environment": "prod"}'),
            on(TODAY, "5", BillingCurrency="EUR", Tags='{"environment": "prod"}'),
        ),
    )
    found = await status(client, budget_id)
    assert (found["state"], found["share"]) == (state, int(daily) * 20 / 100)
    assert found["forecast_share"] == int(daily) * 30 / 100
    assert (found["start_date"], found["end_date"]) == ("2026-11-01", "2026-11-30")
    assert found["other_currencies"] == [{"amount": "5", "amount_minor": 500, "currency": "EUR"}]
    assert found["budget_id"] == budget_id


async def test_a_budget_in_another_currency_is_not_used_up(client, home):
    budget_id = await make(client, amount={"amount_minor": 500, "currency": "JPY"})
    await imported(client, home, focus(on(TODAY, "600")))
    found = await status(client, budget_id)
    assert (found["state"], found["share"], found["forecast"]) == ("WITHIN", 0, None)
    assert found["spent"] == {"amount": "0", "amount_minor": 0, "currency": "JPY"}
    await imported(client, home, focus(on(TODAY, "500.5", BillingCurrency="JPY")))
    found = await status(client, budget_id)
    assert (found["state"], found["spent"]["amount_minor"]) == ("EXCEEDED", 500)


async def test_budgets_are_created_read_replaced_patched_and_deleted(client):
    budget_id = await make(client, filters={"service": "EC2", "tags": {"a": "b"}})
    path = f"/v1/costs/budgets/{budget_id}"
    nothing = dict.fromkeys(
        ("provider", "billing_account", "account", "service", "category", "region", "charge_category")
    )
    read = (await client.get(path)).json()["data"]
    assert read["filters"] == nothing | {"service": "EC2", "tags": {"a": "b"}}
    assert (read["cost"], read["amount"]) == ("BILLED", BODY["amount"])

    patched = await client.patch(path, json={"amount": {"amount_minor": 5}, "filters": {"tags": {"a": None}}})
    assert patched.status_code == 200, patched.text
    data = patched.json()["data"]
    assert data["filters"] == nothing | {"service": "EC2", "tags": {}}
    assert data["amount"] == {"amount_minor": 5, "currency": "USD"}

    replaced = (await client.put(path, json=BODY | {"name": "All", "cost": "LIST"})).json()["data"]
    assert (replaced["name"], replaced["cost"], replaced["filters"]["service"]) == ("All", "LIST", None)
    listed = (await client.get("/v1/costs/budgets", params={"name:contains": "al"})).json()["data"]
    assert [each["id"] for each in listed] == [budget_id]
    assert (await client.delete(path)).status_code == 204
    for gone in (
        client.get(path),
        client.get(f"{path}/status"),
        client.put(path, json=BODY),
        client.delete(path),
    ):
        assert (await gone).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": {"amount_minor": 0, "currency": "USD"}},
        {"amount": {"amount_minor": 1, "currency": "dollars"}},
        {"filters": {"resource": "x"}},
        {"filters": {"tags": {str(number): "x" for number in range(6)}}},
        {"cost": "NET"},
    ],
    ids=str,
)
async def test_a_budget_that_makes_no_sense_is_refused(client, wrong):
    response = await client.post("/v1/costs/budgets", json=BODY | wrong)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_REQUEST")
