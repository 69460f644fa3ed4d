"""What is asked of costs is what the bills say, to the last digit, by every dimension."""

from decimal import Decimal

import orjson
import pytest

from tests.integration.billing import (
    COSTS,
    GZIP,
    SAMPLE,
    USUAL,
    amount,
    breakdown,
    charge,
    costs,
    decimals,
    focus,
    imported,
    needs_sample,
    sample_rows,
)

pytestmark = pytest.mark.requirement("D6-2", "B-10")
SEPTEMBER = {"start_date": "2024-09-01", "end_date": "2024-10-31"}
COLUMNS = {
    "provider": ("ProviderName",),
    "billing_account": ("BillingAccountId",),
    "account": ("SubAccountId",),
    "publisher": ("PublisherName",),
    "service": ("ServiceName",),
    "category": ("ServiceCategory",),
    "region": ("RegionId", "RegionName"),
    "charge_category": ("ChargeCategory",),
    "pricing_category": ("PricingCategory",),
    "resource_type": ("ResourceType",),
    "resource": ("ResourceId", "ResourceName"),
    "sku": ("SkuId",),
}
TAGS = ("application", "org", " org", "ms:Department", "cm-resource-parent")


def value_in(row: dict[str, str], dimension: str) -> str | None:
    """The value of a dimension in a row of the file, read independently of the product."""
    if dimension.startswith("tag:"):
        tags = orjson.loads(row["Tags"]) if row["Tags"] not in ("", "NULL") else {}
        return tags.get(dimension.removeprefix("tag:")) or None
    texts = [row[column] for column in COLUMNS[dimension] if row[column] not in ("", "NULL")]
    return texts[0] if texts else None


def told(row: dict) -> tuple[str | None, Decimal]:
    return row["value"], Decimal(row["cost"]["amount"])


@needs_sample
async def test_the_sample_adds_up_by_every_dimension_and_every_cost(client, home):
    rows = sample_rows()
    found = await imported(client, home, SAMPLE.read_bytes(), GZIP)
    assert (found["status"], found["rows_loaded"], found["errors"]) == ("SUCCEEDED", 1000, [])
    assert (found["focus_version"], found["progress"], len(found["bills"])) == ("1.0", 1, 4)

    for cost, column in COSTS.items():
        whole = await costs(client, **SEPTEMBER, cost=cost)
        assert Decimal(whole["cost"]["amount"]) == decimals(rows, column)
        by_day: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            by_day.setdefault(row["ChargePeriodStart"][:10], []).append(row)
        for part in whole["breakdown"]:
            expected = decimals(by_day.get(part["date"], []), column)
            assert Decimal(part["cost"]["amount"]) == expected, part

    for dimension in [*COLUMNS, *(f"tag:{key}" for key in TAGS)]:
        (group,) = await breakdown(client, dimension, **SEPTEMBER, top=100)
        expected: dict[str | None, Decimal] = {}
        for row in rows:
            value = value_in(row, dimension)
            expected[value] = expected.get(value, Decimal(0)) + Decimal(row["BilledCost"])
        ranked = sorted(expected.items(), key=lambda item: (-item[1], item[0] or ""))
        assert [told(row) for row in group["rows"]] == ranked[:100], dimension
        rest = Decimal(group["rest"]["cost"]["amount"]) if group["rest"] else Decimal(0)
        assert rest == sum((value for _, value in ranked[100:]), Decimal(0))
        assert (group["rest"]["values"] if group["rest"] else 0) == max(0, len(ranked) - 100)
        assert Decimal(group["cost"]["amount"]) == decimals(rows, "BilledCost")


async def test_currencies_are_never_added_up(client, home):
    eur = {"BillingCurrency": "EUR", "ServiceName": "S3"}
    await imported(client, home, focus(charge("0.5"), charge("0.25", **eur), charge("1.005", **eur)))
    found = await costs(client)
    assert found["cost"] is None
    assert found["cost_by_currency"] == [
        {"amount": "1.255", "amount_minor": 126, "currency": "EUR"},
        {"amount": "0.5", "amount_minor": 50, "currency": "USD"},
    ]
    third = next(part for part in found["breakdown"] if part["date"] == "2026-11-03")
    assert (third["cost"], len(third["cost_by_currency"])) == (None, 2)
    groups = await breakdown(client, "service")
    assert [(group["currency"], group["rows"][0]["value"]) for group in groups] == [
        ("EUR", "S3"),
        ("USD", "EC2"),
    ]
    assert await amount(client, service="S3") == "1.255"


ROUNDED = [
    ("0.0000008", "USD", "0.0000008", 0),
    ("0.005", "USD", "0.005", 0),
    ("0.015", "USD", "0.015", 2),
    ("-0.005", "USD", "-0.005", 0),
    ("2.5", "JPY", "2.5", 2),
    ("1.0005", "KWD", "1.0005", 1000),
    ("1E3", "USD", "1000", 100000),
    ("-0", "USD", "0", 0),
    ("9" * 30 + "." + "9" * 30, "USD", "9" * 30 + "." + "9" * 30, None),
]


@pytest.mark.parametrize(("cost", "currency", "shown", "minor"), ROUNDED, ids=lambda each: str(each)[:12])
async def test_an_amount_is_exact_beside_its_rounded_minor_units(client, home, cost, currency, shown, minor):
    await imported(client, home, focus(charge(cost, BillingCurrency=currency)))
    assert (await costs(client))["cost"] == {"amount": shown, "amount_minor": minor, "currency": currency}


async def test_sums_of_huge_and_tiny_costs_lose_no_digit(client, home):
    huge, tiny = "1" + "0" * 29, "1E-30"
    rows = [charge(huge, SubAccountId=str(n)) for n in range(9)] + [charge(tiny, ServiceName="tiny")] * 3
    await imported(client, home, focus(*rows))
    expected = "9" + "0" * 29 + "." + "0" * 29 + "3"
    assert await amount(client) == expected
    for dimension in ("service", "resource", "tag:none"):
        (group,) = await breakdown(client, dimension)
        assert group["cost"]["amount"] == expected


async def test_parts_of_a_range_are_days_weeks_or_months_of_utc(client, home):
    moments = {
        "2026-10-31T23:59:59Z": "1",
        "2026-11-01": "2",
        "2026-11-01 12:00:00": "4",
        "2026-11-02T00:30:00+01:00": "8",
        "2026-11-29T23:00:00-02:00": "16",
        "2026-11-30T00:00:00.000Z": "32",
        "2026-12-01T00:00:00Z": "64",
    }
    await imported(client, home, focus(*(charge(c, ChargePeriodStart=at) for at, c in moments.items())))

    async def parts(interval: str, **question: str) -> dict[str, str]:
        found = await costs(client, interval=interval, **question)
        rows = {row["date"]: row["cost"]["amount"] for row in found["breakdown"]}
        assert sum(map(int, rows.values())) == int(found["cost"]["amount"])
        return {day: cost for day, cost in rows.items() if cost != "0"}

    assert await parts("DAY") == {"2026-11-01": "14", "2026-11-30": "48"}
    assert await parts("WEEK", start_date="2026-10-28") == {"2026-10-28": "15", "2026-11-30": "48"}
    whole = {"start_date": "2026-10-15", "end_date": "2026-12-02"}
    assert await parts("MONTH", **whole) == {"2026-10-15": "1", "2026-11-01": "62", "2026-12-01": "64"}


async def test_filters_must_all_hold_and_an_empty_one_stands_for_none(client, home):
    rows = [
        charge("1", {"env": "prod", "team": "a=b"}),
        charge("2", {"env": "prod"}, RegionId="NULL", RegionName="NULL"),
        charge("4", {"env": ""}, SubAccountId="", RegionId="NULL"),
        charge("8", ServiceName="S3", ProviderName="Oracle"),
        charge("16", {"env": "dev"}, ServiceCategory="Storage", ChargeCategory="Tax"),
    ]
    await imported(client, home, focus(*rows))
    asked = {
        "1": {"tag": "team=a=b"},
        "3": {"tag": "env=prod"},
        "12": {"tag": "env="},
        "2": {"tag": "env=prod", "region": ""},
        "4": {"region": "Oregon"},
        "8": {"provider": "Oracle"},
        "16": {"category": "Storage", "charge_category": "Tax", "provider": "AWS"},
        "25": {"account": "account", "region": "us-west-2"},
        "23": {"billing_account": "payer", "provider": "AWS"},
        "31": {},
    }
    for expected, question in asked.items():
        assert await amount(client, **question) == expected, question
    assert await amount(client, tag=["env=prod", "team=a=b"]) == "1"
    assert await amount(client, service="nothing") is None

    (group,) = await breakdown(client, "tag:env")
    assert [told(row) for row in group["rows"]] == [("dev", 16), (None, 12), ("prod", 3)]
    (group,) = await breakdown(client, "tag:env", provider="AWS", category="Compute")
    assert [told(row) for row in group["rows"]] == [(None, 4), ("prod", 3)]
    (group,) = await breakdown(client, "provider", region="us-west-2")
    assert [told(row) for row in group["rows"]] == [("AWS", 17), ("Oracle", 8)]


@pytest.mark.parametrize(
    ("dimension", "column"), [("service", "ServiceName"), ("resource", "ResourceId"), ("sku", "SkuId")]
)
async def test_a_breakdown_tells_the_top_the_rest_shares_and_changes(client, home, dimension, column):
    """Also where nothing was added up while it was loaded."""
    before = {"BillingPeriodStart": "2026-10-01T00:00:00Z", "ChargePeriodStart": "2026-10-20T00:00:00Z"}
    await imported(
        client,
        home,
        focus(
            *(
                charge(cost, **{column: name})
                for name, cost in {"a": "4", "b": "3", "c": "1", "d": "-2"}.items()
            ),
            charge("2", RegionId="another", **{column: "a"}),
            charge("4", **{column: "a"}, **before),
            charge("5", **{column: "gone"}, **before),
            charge("9", ProviderName="Another", **{column: "a"}),
            columns=dict.fromkeys([*USUAL, column]),
        ),
    )
    (group,) = await breakdown(client, dimension, top=2, provider="AWS")
    first, second = group["rows"]
    assert (first["value"], first["share"], first["change"]) == ("a", 0.75, 0.5)
    assert (second["value"], second["share"], second["change"]) == ("b", 0.375, None)
    assert group["rest"]["values"] == 3
    assert group["rest"]["cost"]["amount"] == "-1"
    assert (group["rest"]["previous_cost"]["amount"], group["rest"]["change"]) == ("5", -1.2)
    assert (group["cost"]["amount"], group["previous_cost"]["amount"], group["share"]) == ("8", "9", 1)


async def test_a_cost_that_a_row_does_not_tell_adds_nothing(client, home):
    await imported(client, home, focus(charge("1"), charge("2", ContractedCost="NULL", ListCost="")))
    found = {cost: await amount(client, cost=cost) for cost in COSTS}
    assert found == {"BILLED": "3", "EFFECTIVE": "3", "LIST": "1", "CONTRACTED": "1"}


@pytest.mark.parametrize(
    ("path", "question", "code", "parameter"),
    [
        ("", {"start_date": "2026-11-02", "end_date": "2026-11-01"}, "RANGE_INVERTED", "end_date"),
        ("", {"start_date": "2000-01-01", "end_date": "2026-11-01"}, "RANGE_TOO_LONG", "end_date"),
        ("", {"tag": "no value"}, "UNCLEAR_TAG", "tag"),
        ("", {"tag": "=value"}, "UNCLEAR_TAG", "tag"),
        ("", {"cost": "NET"}, "ENUM", "cost"),
        ("", {"interval": "HOUR"}, "ENUM", "interval"),
        ("/breakdown", {}, "REQUIRED", "dimension"),
        ("/breakdown", {"dimension": "colour"}, "UNKNOWN_DIMENSION", "dimension"),
        ("/breakdown", {"dimension": "tag:"}, "UNKNOWN_DIMENSION", "dimension"),
        ("/breakdown", {"dimension": "service", "end_date": "0001-01-02"}, "DATE_OUT_OF_RANGE", "compare"),
    ],
    ids=str,
)
async def test_questions_that_make_no_sense_are_refused(client, path, question, code, parameter):
    response = await client.get(f"/v1/costs{path}", params=question)
    assert response.status_code == 400, response.text
    assert [(error["code"], error.get("parameter")) for error in response.json()["errors"]] == [
        (code, parameter)
    ]


async def test_hostile_values_are_values(client, home):
    names = ["'; DROP TABLE cost_days; --", "%(source)s", "{bills}", "a\\'b", "💸", "%s", "cell.value"]
    await imported(client, home, focus(*(charge("1", {name: name}, ServiceName=name) for name in names)))
    for name in names:
        assert await amount(client, service=name) == "1"
        assert await amount(client, tag=f"{name}={name}") == "1"
        (group,) = await breakdown(client, f"tag:{name}")
        assert [told(row) for row in group["rows"]] == [(None, len(names) - 1), (name, 1)]
    (group,) = await breakdown(client, "service")
    assert {row["value"] for row in group["rows"]} == set(names)
