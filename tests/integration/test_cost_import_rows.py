"""Rows of a bill that are not as they should be are told, and cost no other row."""

import pytest

from cloudmetrics.costs.focus import records
from tests.integration.billing import (
    amount,
    breakdown,
    charge,
    focus,
    imported,
)
from tests.integration.test_cost_imports import HEADER

pytestmark = pytest.mark.requirement("D6-2", "B-10")

BAD_ROWS = [
    (charge("1,5"), "NUMBER", "BilledCost"),
    (charge("NaN"), "NUMBER", "BilledCost"),
    (charge("Infinity"), "NUMBER", "BilledCost"),
    (charge("1E99"), "NUMBER", "BilledCost"),
    (charge("1E-99"), "NUMBER", "BilledCost"),
    (charge("1" * 31), "NUMBER", "BilledCost"),
    (charge("1_0"), "NUMBER", "BilledCost"),
    (charge("١"), "NUMBER", "BilledCost"),
    (charge("1", ListCost="free"), "NUMBER", "ListCost"),
    (charge("NULL"), "REQUIRED", "BilledCost"),
    (charge(ProviderName=""), "REQUIRED", "ProviderName"),
    (charge(BillingAccountId="NULL"), "REQUIRED", "BillingAccountId"),
    (charge(ProviderName="x" * 201), "TOO_LONG", "ProviderName"),
    (charge(ServiceName="x" * 501), "TOO_LONG", "ServiceName"),
    (charge(BillingCurrency="usd"), "CURRENCY", "BillingCurrency"),
    (charge(BillingCurrency="NULL"), "CURRENCY", "BillingCurrency"),
    (charge(ChargePeriodStart="yesterday"), "DATE", "ChargePeriodStart"),
    (charge(ChargePeriodStart="2026-02-30"), "DATE", "ChargePeriodStart"),
    (charge(ChargePeriodStart="0001-01-01T00:00:00+14:00"), "DATE", "ChargePeriodStart"),
    (charge(BillingPeriodStart="NULL"), "DATE", "BillingPeriodStart"),
    (charge(ChargeCategory="Gift"), "VALUE", "ChargeCategory"),
    (charge(Tags="{"), "TAGS", "Tags"),
    (charge(Tags="[1]"), "TAGS", "Tags"),
    (charge(Tags='{"a": {"b": 1}}'), "TAGS", "Tags"),
    (charge(Tags='{"a": "\\u0000"}'), "TAGS", "Tags"),
    (charge(tags={"k" * 257: "v"}), "TAGS", "Tags"),
    (charge(tags={str(n): "v" for n in range(101)}), "TAGS", "Tags"),
]


async def test_bad_rows_are_told_with_their_lines_while_the_good_ones_load(client, home):
    rows = [row for bad, _, _ in BAD_ROWS for row in (charge("1"), bad)]
    found = await imported(client, home, focus(*rows))
    told = [(error["line"], error["code"], error["column"]) for error in found["errors"]]
    assert told == [(3 + 2 * n, code, column) for n, (_, code, column) in enumerate(BAD_ROWS)]
    counts = (found["status"], found["rows_read"], found["rows_loaded"], found["rows_rejected"])
    assert counts == ("SUCCEEDED", 2 * len(BAD_ROWS), len(BAD_ROWS), len(BAD_ROWS))
    assert await amount(client) == str(len(BAD_ROWS))


async def test_only_the_first_hundred_bad_rows_are_told_and_all_are_counted(client, home):
    found = await imported(client, home, focus(*[charge("x")] * 150))
    assert (len(found["errors"]), found["rows_rejected"]) == (100, 150)
    assert (found["status"], found["failure"]["code"]) == ("FAILED", "NOTHING_LOADED")


def line(cost: str, **columns: str) -> str:
    return focus(charge(cost, **columns)).decode().partition("\r\n")[2].removesuffix("\r\n")


async def test_broken_quotes_cost_their_own_row_and_no_other(client, home):
    opened = line("1000", ServiceName="EC2").replace("EC2", '"EC2')
    lines = [
        HEADER,
        line("1"),
        opened,
        line("2"),
        line("3").replace("EC2", 'EC"2'),
        line("4"),
        line("5").replace("EC2", '"EC"2'),
        line("6", ServiceName='a "quoted"\nname, on two lines'),
        "",
        line("7"),
        opened,
    ]
    found = await imported(client, home, "\r\n".join(lines).encode())
    assert [(error["line"], error["code"]) for error in found["errors"]] == [
        (3, "BROKEN_QUOTES"),
        (5, "BROKEN_QUOTES"),
        (7, "BROKEN_QUOTES"),
        (12, "BROKEN_QUOTES"),
    ]
    assert await amount(client) == "20"
    (group,) = await breakdown(client, "service")
    assert 'a "quoted"\nname, on two lines' in {row["value"] for row in group["rows"]}


async def test_rows_of_another_shape_or_encoding_are_told(client, home, monkeypatch):
    monkeypatch.setattr(records, "LONGEST_LINE", 4096)
    lines = [
        HEADER.encode(),
        b"1,2,3",
        line("1").encode() + b",one more",
        line("2").replace("EC2", "caf\xe9").encode("latin-1"),
        line("3").replace("EC2", "a\0b").encode(),
        line("4").encode() + b"x" * 5000,
        line("5").encode(),
    ]
    found = await imported(client, home, b"\xef\xbb\xbf" + b"\n".join(lines))
    assert [(error["line"], error["code"], error["column"]) for error in found["errors"]] == [
        (2, "FIELD_COUNT", None),
        (3, "FIELD_COUNT", None),
        (4, "NOT_UTF8", None),
        (5, "NOT_TEXT", None),
        (6, "TOO_LONG", None),
    ]
    assert await amount(client) == "5"
