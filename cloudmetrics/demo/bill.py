"""A plausible cloud bill for the demo workspace: a FOCUS file, made from a seed."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

COLUMNS = (
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd"),
    *("ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "ContractedCost", "EffectiveCost"),
    *("ListCost", "ProviderName", "PublisherName", "RegionId", "ServiceCategory", "ServiceName"),
    *("SubAccountId", "Tags"),
)
# What quiet days of the week cost of what busy ones do, Monday first.
WEEKDAYS = (1.0, 1.04, 1.05, 1.02, 0.96, 0.8, 0.78)
# How much more each day costs than the one before.
GROWTH = 1.004


@dataclass(frozen=True)
class Line:
    """Something that is used every day; `cost` is that of an average day, in whole units of the currency."""

    provider: str
    service: str
    category: str
    region: str
    account: str
    cost: float
    tags: tuple[tuple[str, str], ...] = ()


WEBSITE, DATA = ("application", "website"), ("application", "warehouse")
FRANKFURT = "eu-central-1"
PROD, DEV = ("environment", "prod"), ("environment", "dev")
LINES = (
    Line("AWS", "Amazon Elastic Compute Cloud", "Compute", FRANKFURT, "production", 6.4, (WEBSITE, PROD)),
    Line("AWS", "Amazon Elastic Compute Cloud", "Compute", FRANKFURT, "staging", 1.9, (WEBSITE, DEV)),
    Line("AWS", "Amazon RDS", "Databases", FRANKFURT, "production", 4.2, (WEBSITE, PROD)),
    Line("AWS", "Amazon Simple Storage Service", "Storage", FRANKFURT, "production", 0.83, (WEBSITE, PROD)),
    Line("AWS", "Elastic Load Balancing", "Networking", FRANKFURT, "production", 0.71, (WEBSITE, PROD)),
    Line(
        "AWS",
        "Amazon Simple Queue Service",
        "Integration",
        FRANKFURT,
        "production",
        0.000_41,
        (WEBSITE,),
    ),
    Line("AWS", "AmazonCloudWatch", "Management and Governance", FRANKFURT, "production", 0.38),
    Line("Google Cloud", "BigQuery", "Analytics", "europe-west3", "warehouse", 2.7, (DATA, PROD)),
    Line("Google Cloud", "Cloud Storage", "Storage", "europe-west3", "warehouse", 0.44, (DATA, PROD)),
    Line("Cloudflare", "CDN", "Networking", "", "edge", 0.66, (WEBSITE, PROD)),
)


def bill(*, days: int = 30, until: datetime, seed: int = 1, currency: str = "USD") -> bytes:
    """The charges of the last `days` days before the one of `until`, the same each time for a day."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    last = until.date() - timedelta(days=1)
    for number in range(days):
        writer.writerows(charges(last - timedelta(days=days - 1 - number), seed, currency))
    return text.getvalue().encode()


def charges(day: date, seed: int, currency: str) -> Iterator[dict[str, str]]:
    """The rows of one day."""
    for line in LINES:
        chance = Random(f"{seed}:{day}:{line.service}:{line.account}")  # noqa: S311
        growth = GROWTH ** (day.toordinal() % 365)
        listed = Decimal(f"{line.cost * growth * WEEKDAYS[day.weekday()] * chance.uniform(0.9, 1.1):.10f}")
        month = day.replace(day=1)
        following = (month + timedelta(days=31)).replace(day=1)
        yield {
            "BilledCost": str(listed * Decimal("0.92")),
            "ContractedCost": str(listed * Decimal("0.95")),
            "EffectiveCost": str(listed * Decimal("0.92")),
            "ListCost": str(listed),
            "BillingAccountId": "demo",
            "BillingCurrency": currency,
            "BillingPeriodStart": f"{month}T00:00:00Z",
            "BillingPeriodEnd": f"{following}T00:00:00Z",
            "ChargeCategory": "Usage",
            "ChargePeriodStart": f"{day}T00:00:00Z",
            "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
            "ProviderName": line.provider,
            "PublisherName": line.provider,
            "RegionId": line.region or "NULL",
            "ServiceCategory": line.category,
            "ServiceName": line.service,
            "SubAccountId": line.account,
            "Tags": json.dumps(dict(line.tags)) if line.tags else "NULL",
        }
