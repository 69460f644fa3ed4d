"""Revenue, cost and margin in one question; a website's costs by the tags that are allocated to it."""

import pytest

from tests.integration.billing import charge, focus, imported
from tests.integration.conftest import make_event, make_website, send_events

pytestmark = pytest.mark.requirement("B-10")
QUESTION = {
    "metrics": ["visitors", "cost", "margin"],
    "start_date": "2026-11-01",
    "end_date": "2026-11-30",
}


async def ask(client, **question) -> dict:
    response = await client.post("/v1/metrics/query", json=QUESTION | question)
    assert response.status_code == 200, response.text
    return response.json()


async def the_row(client, **question) -> dict:
    (row,) = (await ask(client, **question))["data"]
    return row["metrics"]


async def allocate(client, website_id: str, key: str, value: str) -> str:
    body = {"tag_key": key, "tag_value": value, "website_id": website_id}
    response = await client.post("/v1/costs/allocations", json=body)
    assert response.status_code == 201, response.text
    made: str = response.json()["data"]["id"]
    return made


def purchase(website_id: str, day: int, minor: int, currency: str = "USD") -> dict:
    money = {"amount_minor": minor, "currency": currency}
    at = f"2026-11-{day:02}T10:00:00Z"
    return make_event(website_id, name="purchase", timestamp=at, revenue=money)


def usd(amount: str, minor: int) -> dict:
    return {"amount": amount, "amount_minor": minor, "currency": "USD"}


async def test_revenue_cost_and_margin_stand_in_one_row(client, home):
    shop, blog = [await make_website(client, currency="USD") for _ in range(2)]
    await send_events(client, purchase(shop, 3, 1000), purchase(blog, 4, 50))
    await imported(
        client,
        home,
        focus(
            charge("1.0000008", {"app": "shop"}),
            charge("2", {"app": "blog", "team": "web"}),
            charge("4", {"team": "web"}),
            charge("8"),
        ),
    )
    assert await the_row(client) == {
        "visitors": 2,
        "cost": usd("15.0000008", 1500),
        "cost_by_currency": [usd("15.0000008", 1500)],
        "margin": usd("-4.5000008", -450),
    }
    # Nothing is a website's before it is allocated, and then it is, for the past as well.
    assert (await the_row(client, website_id=shop))["margin"] == usd("10", 1000)
    await allocate(client, shop, "app", "shop")
    of_blog = await allocate(client, blog, "app", "blog")
    await allocate(client, shop, "team", "web")
    found = await the_row(client, website_id=shop, metrics=["revenue", "cost", "margin"])
    assert found == {
        "revenue": {"amount_minor": 1000, "currency": "USD"},
        "revenue_by_currency": [{"amount_minor": 1000, "currency": "USD"}],
        "cost": usd("5.0000008", 500),
        "cost_by_currency": [usd("5.0000008", 500)],
        "margin": usd("4.9999992", 500),
    }
    # A charge with two allocated tags is the website's of the older one, and that one's alone.
    assert (await the_row(client, website_id=blog))["cost"] == usd("2", 200)
    assert (await client.delete(f"/v1/costs/allocations/{of_blog}")).status_code == 204
    assert (await the_row(client, website_id=blog))["cost"] == usd("0", 0)
    assert (await the_row(client, website_id=shop))["cost"] == usd("7.0000008", 700)


async def test_parts_with_costs_or_revenue_come_in_the_order_of_time_page_by_page(client, home):
    shop = await make_website(client, currency="USD")
    await send_events(client, purchase(shop, 3, 100), purchase(shop, 12, 100))
    starts = {"02": "1", "03": "2", "09": "4", "30": "8"}
    rows = [charge(cost, ChargePeriodStart=f"2026-11-{day}T00:00:00Z") for day, cost in starts.items()]
    await imported(client, home, focus(*rows))

    async def margins(**question) -> dict[str, str]:
        found, cursor = {}, {}
        while cursor is not None:
            page = await ask(client, dimensions=["time"], limit=2, **question, **cursor)
            found |= {row["dimensions"]["time"]: row["metrics"]["margin"]["amount"] for row in page["data"]}
            more = page["pagination"]
            cursor = {"cursor": more["next_cursor"]} if more["has_more"] else None
        return found

    by_day = await margins()
    assert by_day == {
        "2026-11-02": "-1",
        "2026-11-03": "-1",
        "2026-11-09": "-4",
        "2026-11-12": "1",
        "2026-11-30": "-8",
    }
    assert list(by_day) == sorted(by_day)
    by_week = await margins(interval="WEEK", order=[{"by": "time", "direction": "DESC"}])
    assert list(by_week.items()) == [("2026-11-30", "-8"), ("2026-11-09", "-3"), ("2026-11-02", "-2")]
    cursor = (await ask(client, dimensions=["time"], limit=2))["pagination"]["next_cursor"]
    another = QUESTION | {"dimensions": ["time"], "metrics": ["cost"], "cursor": cursor}
    response = await client.post("/v1/metrics/query", json=another)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_CURSOR")


async def test_amounts_in_several_currencies_leave_no_margin(client, home):
    shop = await make_website(client, currency="EUR")
    await imported(client, home, focus(charge("5")))
    assert (await the_row(client))["margin"] == usd("-5", -500)
    await send_events(client, purchase(shop, 3, 100, "EUR"))
    found = await the_row(client)
    assert (found["cost"], found["margin"]) == (usd("5", 500), None)
    await imported(client, home, focus(charge("5"), charge("3", BillingCurrency="EUR")))
    found = await the_row(client)
    assert (found["cost"], len(found["cost_by_currency"]), found["margin"]) == (None, 2, None)


async def test_what_bills_do_not_know_cannot_be_asked_of_them(client):
    wrong = {
        "dimensions": ["time", "source"],
        "interval": "HOUR",
        "filter": {"operator": "IS", "dimension": "device", "value": "mobile"},
        "order": [{"by": "cost", "direction": "DESC"}],
    }
    response = await client.post("/v1/metrics/query", json=QUESTION | wrong)
    assert response.status_code == 400
    assert [(error["code"], error["pointer"]) for error in response.json()["errors"]] == [
        ("NOT_OF_COSTS", "/dimensions/1"),
        ("NOT_OF_COSTS", "/interval"),
        ("NOT_OF_COSTS", "/filter"),
        ("NOT_OF_COSTS", "/order/0/by"),
    ]


async def test_costs_need_their_own_scope_and_a_plan_tells_where_they_are_from(client, home):
    reader = home.open(await home.make_key({"metrics:read"}))
    response = await reader.post("/v1/metrics/query", json=QUESTION)
    assert (response.status_code, response.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
    assert response.json()["details"] == {"missing_scopes": ["costs:read"]}
    answer = await ask(client, dry_run=True)
    assert answer["data"] == []
    assert answer["meta"]["plan"]["parts"][-1]["source"] == "cost_totals"


async def test_a_tag_belongs_to_one_website_until_either_is_deleted(client):
    shop, blog = [await make_website(client) for _ in range(2)]
    first = await allocate(client, shop, "app", "shop")
    body = {"tag_key": "app", "tag_value": "shop", "website_id": blog}
    taken = await client.post("/v1/costs/allocations", json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "TAG_ALLOCATED")
    unknown = await client.post("/v1/costs/allocations", json=body | {"website_id": first})
    assert unknown.status_code == 404
    listed = (await client.get("/v1/costs/allocations", params={"website_id": shop})).json()["data"]
    assert [each["id"] for each in listed] == [first]

    assert (await client.delete(f"/v1/websites/{shop}")).status_code == 204
    assert (await client.get(f"/v1/costs/allocations/{first}")).status_code == 404
    assert (await client.get("/v1/costs/allocations")).json()["data"] == []
    await allocate(client, blog, "app", "shop")
