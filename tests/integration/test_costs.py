"""What is asked of costs is what the bills say, to the last digit, by every dimension."""

from decimal import Decimal

import orjson
import pytest

from tests.integration.billing import (
    COSTS,
    GZIP,
    SAMPLE,
    breakdown,
    costs,
    decimals,
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
