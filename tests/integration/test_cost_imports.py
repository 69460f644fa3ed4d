"""Bills come in whole or not at all, count once, and tell line by line what was wrong with them."""

import asyncio
import gzip
import json
import random
from collections.abc import AsyncIterator
from decimal import Decimal

import psycopg
import pytest

from cloudmetrics.costs.focus import charges, records, unpacking
from cloudmetrics.costs.imports import service as imports
from cloudmetrics.costs.loading import jobs, loader
from cloudmetrics.costs.loading.store import Run
from tests.integration.billing import (
    CSV,
    GZIP,
    USUAL,
    amount,
    breakdown,
    charge,
    context_of,
    costs,
    focus,
    imported,
    load,
    send,
    state,
)
from tests.integration.conftest import Home

pytestmark = pytest.mark.requirement("D6-2", "B-10")
OTHER = {"ProviderName": "Oracle"}
HEADER = ",".join(USUAL)


def left_of(database_url: str, home: Home) -> dict[str, int]:
    """How many rows of files, and of costs that do not count, are stored."""
    with psycopg.connect(database_url) as everything:
        of = {"w": home.workspace.id}
        unseen = "part_id NOT IN (SELECT part_id FROM cost_parts WHERE state = 'CURRENT')"
        tables = {
            "cost_import_pieces": "true",
            "cost_parts": "state <> 'CURRENT'",
            **dict.fromkeys(("cost_days", "cost_totals", "cost_series"), unseen),
        }
        return {
            name: number
            for name, condition in tables.items()
            if (
                number := everything.execute(
                    f"SELECT count(*) FROM {name} WHERE workspace_id = %(w)s AND {condition}", of
                ).fetchone()[0]
            )
        }


async def test_a_bill_takes_the_place_of_the_same_one_and_of_nothing_else(client, home, database_url):
    await imported(client, home, focus(charge("1.5"), charge("2", **OTHER)))
    again = await imported(client, home, focus(charge("1.5"), charge("2", **OTHER)))
    assert await amount(client) == "3.5"
    assert len(again["bills"]) == 2

    # The same provider's bill to another account, and that of another month, are other bills.
    await imported(client, home, focus(charge("10", BillingAccountId="another")))
    await imported(client, home, focus(charge("100", BillingPeriodStart="2026-10-01T00:00:00Z")))
    assert await amount(client) == "113.5"

    newer = await imported(client, home, focus(charge("0.0000008")))
    assert await amount(client) == "112.0000008"
    assert newer["bills"] == [
        {
            "provider": "AWS",
            "billing_account": "payer",
            "billing_period_start": "2026-11-01",
            "rows": 1,
        }
    ]
    assert [bill["provider"] for bill in (await state(client, again["id"]))["bills"]] == ["Oracle"]
    assert left_of(database_url, home) == {}


async def test_of_two_imports_at_once_the_later_one_counts_whichever_is_done_first(client, home):
    earlier, later = [await send(client, focus(charge(cost))) for cost in ("1", "2")]
    await load(home, later)
    await load(home, earlier)
    assert await amount(client) == "2"
    assert (await state(client, earlier))["bills"] == []

    several = [await send(client, focus(charge(str(cost)))) for cost in range(3, 9)]
    await asyncio.gather(*(load(home, each) for each in several))
    assert await amount(client) == "8"
    statuses = {(await state(client, each))["status"] for each in several}
    assert statuses == {"SUCCEEDED"}


async def test_a_run_that_was_given_up_too_soon_writes_no_more(client, home, database_url, monkeypatch):
    """Another worker takes over in the middle, and both go on."""
    monkeypatch.setattr(loader, "MOST_DAYS", 2)
    import_id = await send(client, focus(*(charge("1", SubAccountId=str(n)) for n in range(6))))
    add, added = Run.add, []

    async def adding(self, portion, tally):
        added.append(portion)
        if len(added) == 2:
            await load(home, import_id)
        await add(self, portion, tally)

    monkeypatch.setattr(Run, "add", adding)
    await load(home, import_id)

    assert await amount(client) == "6"
    assert (await state(client, import_id))["rows_loaded"] == 6
    assert left_of(database_url, home) == {}


@pytest.mark.parametrize("pack", [False, True], ids=["plain", "gzip"])
async def test_a_file_in_any_pieces_is_the_same_file(client, home, monkeypatch, pack):
    monkeypatch.setattr(imports, "PIECE", 600)
    file = focus(*(charge("0.1", {"k": f"a\nb,{n}"}, SubAccountId=f'"{n}"') for n in range(50)))
    sent = b"".join(gzip.compress(part) for part in (file[:1000], file[1000:])) if pack else file
    dice = random.Random(1)

    async def pieces() -> AsyncIterator[bytes]:
        position = 0
        while position < len(sent):
            size = dice.randrange(1, 300)
            yield sent[position : position + size]
            position += size

    found = await imported(client, home, pieces(), GZIP if pack else CSV)
    assert (found["rows_loaded"], found["bytes"]) == (50, len(sent))
    assert await amount(client) == "5"
    (group,) = await breakdown(client, "account", top=100)
    assert {row["value"] for row in group["rows"]} == {f'"{n}"' for n in range(50)}


async def test_nothing_loads_where_any_row_is_bad_if_so_asked(client, home, database_url, monkeypatch):
    monkeypatch.setattr(loader, "MOST_DAYS", 3)
    await imported(client, home, focus(charge("7")))
    good = [charge("1", SubAccountId=str(n)) for n in range(9)]
    found = await imported(client, home, focus(*good, charge("x"), *good, charge("y")), on_error="ABORT")
    assert (found["status"], found["failure"]["code"]) == ("FAILED", "ROWS_REJECTED")
    assert [error["line"] for error in found["errors"]] == [11, 21]
    assert (found["rows_loaded"], found["rows_rejected"], found["bills"]) == (0, 2, [])
    assert await amount(client) == "7"
    assert left_of(database_url, home) == {}

    found = await imported(client, home, focus(*good), on_error="ABORT")
    assert (found["status"], await amount(client)) == ("SUCCEEDED", "9")


ADDED = {"1.0": (), "1.1": ("SkuMeter",), "1.2": ("SkuMeter", "InvoiceId")}


@pytest.mark.parametrize("version", ADDED)
async def test_the_columns_tell_the_version_and_may_stand_in_any_order(client, home, version):
    columns = [*ADDED[version], "x_Ours", "Id", *reversed(list(USUAL))]
    found = await imported(client, home, focus(charge("0.25"), columns=columns))
    assert (found["focus_version"], await amount(client)) == (version, "0.25")


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b,c\n1,2,3\n", "lacks BilledCost"),
        (focus(charge()).replace(b"ContractedCost", b"Contracted", 1), "lacks ContractedCost"),
        (focus(charge()).replace(b"RegionId", b"RegionName", 1), "twice"),
        (b'"' + focus(charge()), "cannot be read"),
        (gzip.compress(b"a,b,c\n"), "lacks"),
        (b"\x1f\x8b but no gzip", "damaged"),
        (b"PK\x03\x04 a zip", "lacks"),
    ],
)
async def test_what_is_no_focus_file_is_refused_at_once(client, home, database_url, file, says):
    response = await client.post("/v1/costs/imports", content=file, headers=CSV)
    assert response.status_code == 400, response.text
    (error,) = response.json()["errors"]
    assert error["code"] in ("NOT_FOCUS", "BROKEN_GZIP")
    assert says in error["message"]
    assert left_of(database_url, home) == {}
    assert (await client.get("/v1/costs/imports")).json()["data"] == []


async def test_gzip_that_ends_too_early_changes_nothing(client, home, database_url, monkeypatch):
    monkeypatch.setattr(imports, "PIECE", 600)
    await imported(client, home, focus(charge("7")))
    whole = gzip.compress(focus(*(charge("1", SubAccountId=str(random.random())) for _ in range(500))))
    found = await imported(client, home, whole[:-500], GZIP)
    assert (found["status"], found["failure"]["code"]) == ("FAILED", "BROKEN_GZIP")
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    found = await imported(client, home, bytes(damaged), GZIP)
    assert (found["status"], found["failure"]["code"]) == ("FAILED", "BROKEN_GZIP")
    assert await amount(client) == "7"
    assert left_of(database_url, home) == {}


async def test_bombs_are_given_up(client, home, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_BYTES", 3 * 2**20)
    monkeypatch.setattr(records, "MOST_LINES", 10_000)
    monkeypatch.setattr(charges, "MOST_ROWS", 1_000)
    monkeypatch.setattr(loader, "MOST_BILLS", 10)
    head = HEADER.encode() + b"\n"
    bombs = {
        "one endless line": (head + b"x" * 2**22, "TOO_LARGE"),
        "empty lines": (head + b"\n" * 20_000, "TOO_LARGE"),
        "very many rows": (focus(*[charge()] * 1_001), "TOO_LARGE"),
        "very many bills": (focus(*(charge(BillingAccountId=str(n)) for n in range(11))), "TOO_MANY_BILLS"),
    }
    for name, (file, code) in bombs.items():
        found = await imported(client, home, gzip.compress(file), GZIP)
        assert (found["status"], found["failure"]["code"]) == ("FAILED", code), name
    assert await amount(client) is None


async def test_an_upload_that_breaks_off_leaves_nothing(client, home, database_url):

    async def broken() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield focus(charge()) + b"x" * imports.PIECE
        raise ConnectionError

    response = await client.post("/v1/costs/imports", content=broken(), headers=CSV)
    assert response.status_code == 500
    assert (await client.get("/v1/costs/imports")).json()["data"] == []
    assert left_of(database_url, home) == {}


async def test_only_so_many_imports_wait_at_once(client, home):
    waiting = [await send(client, focus(charge())) for _ in range(imports.MOST_UNFINISHED)]
    response = await client.post("/v1/costs/imports", content=focus(charge()), headers=CSV)
    assert (response.status_code, response.json()["code"]) == (409, "TOO_MANY_IMPORTS")
    await load(home, waiting[0])
    await send(client, focus(charge()))


async def test_imports_are_listed_newest_first_page_by_page(client, home):
    sent = [await send(client, focus(charge())) for _ in range(5)]
    seen, cursor = [], {}
    while cursor is not None:
        page = (await client.get("/v1/costs/imports", params={"limit": 2} | cursor)).json()
        seen += [each["id"] for each in page["data"]]
        cursor = {"cursor": page["pagination"]["next_cursor"]} if page["pagination"]["has_more"] else None
    assert seen == sent[::-1]


async def test_an_import_that_fails_on_our_side_says_so_and_counts_nothing(client, home, monkeypatch):
    from cloudmetrics.platform.jobs import GiveUp

    def broken(self):
        raise RuntimeError("a secret")

    import_id = await send(client, focus(charge()))
    monkeypatch.setattr(loader.Loader, "advance", broken)
    with pytest.raises(GiveUp):
        await load(home, import_id)
    found = await state(client, import_id)
    assert (found["status"], found["failure"]["code"]) == ("FAILED", "INTERNAL_ERROR")
    assert "secret" not in json.dumps(found)


async def test_a_large_file_in_many_portions_is_exact(client, home, monkeypatch, database_url):
    """Portions end anywhere: within a day, a series, and the totals of one batch."""
    monkeypatch.setattr(loader, "MOST_DAYS", 17)
    monkeypatch.setattr(loader, "MOST_TOTALS", 23)
    monkeypatch.setattr(loader, "ROWS_AT_ONCE", 13)
    monkeypatch.setattr(charges, "MOST_REMEMBERED", 5)
    dice = random.Random(3)
    rows = [
        charge(
            f"{dice.randrange(-(10**6), 10**9)}E-{dice.randrange(30)}",
            {"team": dice.choice(["a", "b", ""]), "n": str(dice.randrange(9))},
            ServiceName=f"Service {dice.randrange(5)}",
            SubAccountId=str(dice.randrange(4)),
            ChargePeriodStart=f"2026-11-{dice.randrange(1, 31):02}T{dice.randrange(24):02}:30:00Z",
            **(OTHER if dice.random() < 0.3 else {}),
        )
        for _ in range(400)
    ]
    await imported(client, home, focus(*rows))
    from cloudmetrics.costs.money import added, plain

    assert await amount(client) == plain(added(Decimal(row["BilledCost"]) for row in rows))
    for name, column in {
        "service": "ServiceName",
        "provider": "ProviderName",
        "account": "SubAccountId",
    }.items():
        for value in {row[column] for row in rows}:
            expected = added(Decimal(row["BilledCost"]) for row in rows if row[column] == value)
            assert await amount(client, **{name: value}) == plain(expected)
    (group,) = await breakdown(client, "tag:team")
    assert {row["value"] for row in group["rows"]} == {"a", "b", None}
    assert left_of(database_url, home) == {}


async def test_a_worker_that_comes_late_finds_nothing_to_do(client, home):
    import_id = await send(client, focus(charge()))
    await load(home, import_id)
    before = await state(client, import_id)
    await jobs.load(
        context_of(home.caller.tenant.database), workspace_id=home.workspace.id, import_id=import_id
    )
    assert await state(client, import_id) == before
    assert (await costs(client))["cost"]["amount"] == "1"
