"""A million FOCUS rows: sent and loaded by a worker, and then broken down, over HTTP.

The bill is drawn up: 1,389 charges that recur every hour of a month, as clouds bill by the hour,
with three tags each. One that recurs less, by the day, is measured beside it.
"""

from __future__ import annotations

import csv
import gzip
import http.client
import io
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psutil  # type: ignore[import-untyped]

from bench.machine import SERVER_CORES, pin
from bench.product import APP, Product, product
from bench.questions import percentile
from bench.report import Figure, against_bar
from bench.servers import PROJECT, Server, serving

ROWS = 1_000_000
IMPORT_SECONDS, IMPORT_MB, BREAKDOWN_MS = 90.0, 300.0, 50.0
MONTH, DAYS = datetime(2026, 10, 1), 30
COLUMNS = (
    *("AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency"),
    *("BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription"),
    *("ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory"),
    *("CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus"),
    *("CommitmentDiscountType", "ConsumedQuantity", "ConsumedUnit", "ContractedCost"),
    *("ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName", "ListCost", "ListUnitPrice"),
    *("PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId"),
    *("RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName"),
    *("SkuId", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags"),
)
BREAKDOWNS = {
    "by provider": "dimension=provider",
    "by service": "dimension=service",
    "by account": "dimension=account",
    "by region": "dimension=region",
    "by a tag": "dimension=tag:application",
    "one service, by day": "",
    "by account, one service": "dimension=account&service=Service+3",
    "by resource": "dimension=resource",
}
HELD = ("by provider", "by service", "by account", "by region", "by a tag", "one service, by day")


@dataclass(frozen=True)
class Shape:
    """A bill of so many charges, each of which recurs so many times a day."""

    name: str
    charges: int
    a_day: int


SHAPES = (Shape("by the hour", ROWS // (24 * DAYS) + 1, 24), Shape("by the day", ROWS // DAYS + 1, 1))


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """How long loading takes and how much memory; how long breakdowns take."""
    loading = Figure(
        f"{ROWS:,} FOCUS rows, from the first byte sent to the last row counting",
        ["bill", "MB as CSV", "MB sent", "s", "bar", "worker MB", "bar", "server MB"],
    )
    asking = Figure(
        "Breakdowns of 30 days of them, beside the 30 days before, one at a time",
        ["breakdown", *(f"{shape.name}, {name}" for shape in SHAPES for name in ("p50 ms", "p95 ms", "bar"))],
    )
    asked: dict[str, list[str]] = {name: [name] for name in BREAKDOWNS}
    for shape in SHAPES:
        with (
            product() as served,
            serving(APP, served.environ) as server,
            tempfile.TemporaryDirectory() as folder,
        ):
            file = Path(folder) / "bill.csv.gz"
            tell(f"a bill {shape.name} is drawn up")
            size = draw_up(file, shape)
            tell(f"a bill {shape.name} is loaded")
            loading.rows.append([shape.name, f"{size / 2**20:.0f}", *load(served, server, file)])
            for name, query in BREAKDOWNS.items():
                tell(f"{shape.name}: {name}")
                taken = ask(server, served.key, query, seconds)
                late = percentile(taken, 0.95)
                bar = against_bar(late, BREAKDOWN_MS, at_least=False) if name in HELD else ""
                asked[name] += [f"{statistics.median(taken):.1f}", f"{late:.1f}", bar]
    asking.rows = list(asked.values())
    return [loading, asking]


def draw_up(path: Path, shape: Shape) -> int:
    """Writes a bill, packed; returns its size as text."""
    dice = Random(7)
    charges = [charge(dice, number) for number in range(shape.charges)]
    size, left = 0, ROWS
    step = timedelta(hours=24 // shape.a_day)
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write((",".join(COLUMNS) + "\n").encode())
        for turn in range(DAYS * shape.a_day):
            start = MONTH + turn * step
            times = {
                "ChargePeriodStart": f"{start:%Y-%m-%d %H:%M:%S}",
                "ChargePeriodEnd": f"{start + step:%Y-%m-%d %H:%M:%S}",
            }
            text = io.StringIO()
            writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
            for each in charges[:left]:
                cost = f"{Decimal(dice.randrange(1, 10**9)).scaleb(-11):.11f}"
                writer.writerow(
                    each
                    | times
                    | {"BilledCost": cost, "ListCost": cost, "EffectiveCost": cost, "ContractedCost": cost}
                )
            left -= min(left, len(charges))
            written = text.getvalue().encode()
            file.write(written)
            size += len(written)
    return size


def charge(dice: Random, number: int) -> dict[str, str]:
    """What all rows of a charge have in common; columns that are not told are NULL."""
    service, account, region = dice.randrange(33), dice.randrange(70), dice.randrange(26)
    tags = {
        "application": f"Application {dice.randrange(200)}",
        "environment": dice.choice(["dev", "prod"]),
        "business_unit": f"Unit {dice.randrange(40)}",
    }
    return dict.fromkeys(COLUMNS, "NULL") | {
        "BillingAccountId": "1234567890123",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-10-01 00:00:00",
        "BillingPeriodEnd": "2026-11-01 00:00:00",
        "ChargeCategory": "Usage",
        "ChargeDescription": f"$0.40 per million requests of kind {number} in region {region}",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": "2.000000000000000",
        "ConsumedUnit": "Requests",
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "PricingCategory": "Standard",
        "PricingQuantity": "2.00000000000",
        "PricingUnit": "Requests",
        "ProviderName": "AWS",
        "PublisherName": "Amazon Web Services, Inc.",
        "RegionId": f"region-{region}",
        "RegionName": f"Region {region}",
        "ResourceId": f"arn:aws:service-{service}:region-{region}:{account}:resource/{number}",
        "ResourceType": f"type {number % 13}",
        "ServiceCategory": f"Category {service % 10}",
        "ServiceName": f"Service {service}",
        "SkuId": f"SKU{number % 267}",
        "SubAccountId": f"{account:012}",
        "SubAccountName": f"Account {account}",
        "Tags": orjson.dumps(tags).decode(),
    }


def load(served: Product, server: Server, file: Path) -> list[str]:
    """Sends a bill while a worker waits for it, until it counts."""
    with working(served) as worker, watching(worker) as peak:
        began = time.perf_counter()
        import_id = send_file(server, served.key, file)
        while (state := get(server, served.key, f"/v1/costs/imports/{import_id}")["data"])[
            "finished_at"
        ] is None:
            time.sleep(0.1)
        seconds = time.perf_counter() - began
    if (state["status"], state["rows_loaded"]) != ("SUCCEEDED", ROWS):
        raise RuntimeError(f"The import ended as {state}.")
    return [
        f"{file.stat().st_size / 2**20:.0f}",
        f"{seconds:.1f}",
        against_bar(seconds, IMPORT_SECONDS, at_least=False),
        f"{peak[0]:.0f}",
        against_bar(peak[0], IMPORT_MB, at_least=False),
        f"{server.memory():.0f}",
    ]


@contextmanager
def working(served: Product) -> Iterator[psutil.Process]:
    """A worker of the product, on the core of the server, which has little to do meanwhile."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cloudmetrics", "worker"],
        cwd=PROJECT,
        env=os.environ | served.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: pin(SERVER_CORES),  # noqa: PLW1509
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def watching(process: psutil.Process) -> Iterator[list[float]]:
    """The most memory of a process, in MB, looked at ten times a second."""
    peak, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            peak[0] = max(peak[0], process.memory_info().rss / 2**20)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def send_file(server: Server, key: str, file: Path) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with file.open("rb") as body:
        headers = {
            "API-Key": key,
            "Content-Type": "application/gzip",
            "Content-Length": str(file.stat().st_size),
        }
        connection.request("POST", "/v1/costs/imports", body, headers)
        answer = orjson.loads(connection.getresponse().read())
    connection.close()
    import_id: str = answer["data"]["id"]
    return import_id


def ask(server: Server, key: str, query: str, seconds: float) -> list[float]:
    """How long each answer took, in milliseconds."""
    dates = f"start_date={MONTH:%Y-%m-%d}&end_date={MONTH + timedelta(days=DAYS - 1):%Y-%m-%d}"
    path = f"/v1/costs/breakdown?{query}&{dates}" if query else f"/v1/costs?service=Service+3&{dates}"
    taken: list[float] = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    until = time.monotonic() + seconds
    while len(taken) < 10 or time.monotonic() < until:
        started = time.perf_counter()
        connection.request("GET", path, headers={"API-Key": key})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(body.decode())
        taken.append(1000 * (time.perf_counter() - started))
    connection.close()
    return taken


def get(server: Server, key: str, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path, headers={"API-Key": key})
    answer = orjson.loads(connection.getresponse().read())
    connection.close()
    return answer
