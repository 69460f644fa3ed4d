"""Bills for tests: FOCUS files of few rows or of the sample, sent and loaded."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest

from cloudmetrics.costs.loading import jobs
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.jobs import JobContext
from cloudmetrics.platform.jobs.registry import Services
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring
from tests.integration.conftest import SECRET, Home, settings_for
from tests.integration.running import PROJECT

SAMPLE = PROJECT.parent / "shared" / "data" / "focus_1_0_sample.csv.gz"
needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason="the FOCUS sample is not beside the repository")
COSTS = {
    "BILLED": "BilledCost",
    "EFFECTIVE": "EffectiveCost",
    "LIST": "ListCost",
    "CONTRACTED": "ContractedCost",
}
CSV = {"Content-Type": "text/csv"}
GZIP = {"Content-Type": "application/gzip"}
USUAL = {
    "BilledCost": "1",
    "EffectiveCost": "1",
    "ListCost": "1",
    "ContractedCost": "1",
    "BillingAccountId": "payer",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-11-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-11-03T10:00:00Z",
    "ProviderName": "AWS",
    "ServiceCategory": "Compute",
    "ServiceName": "EC2",
    "SubAccountId": "account",
    "RegionId": "us-west-2",
    "RegionName": "Oregon",
    "Tags": "",
}


def charge(cost: str = "1", tags: Mapping[str, str] | None = None, **columns: str) -> dict[str, str]:
    """A row whose costs are all the same, unless they are given one by one."""
    same = dict.fromkeys(COSTS.values(), cost)
    told = {"Tags": orjson.dumps(tags).decode()} if tags else {}
    return USUAL | same | told | columns


def focus(*rows: Mapping[str, str], columns: Iterable[str] = tuple(USUAL)) -> bytes:
    """A file with these rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="raise")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def sample_rows() -> list[dict[str, str]]:
    with gzip.open(SAMPLE, "rt", newline="") as file:
        return list(csv.DictReader(file))


async def send(client: httpx.AsyncClient, file: Any, headers: Mapping[str, str] = CSV, **query: str) -> str:
    """Sends a file; returns the id of its import."""
    response = await client.post("/v1/costs/imports", content=file, headers=headers, params=query)
    assert response.status_code == 202, response.text
    body = response.json()["data"]
    assert response.headers["location"].endswith(f"/v1/costs/imports/{body['id']}")
    assert body["status"] == "PENDING"
    import_id: str = body["id"]
    return import_id


def context_of(database: Database) -> JobContext:
    """What a worker gives to a job; the jobs of costs use no more of it than the database."""
    settings = settings_for("", "redis://127.0.0.1:1")
    return JobContext(Services(database, Redis(settings.redis_url), Keyring(SECRET), settings), 0)


async def load(home: Home, import_id: str) -> None:
    """Does what a worker does for an import."""
    tenant = home.caller.tenant
    context = context_of(tenant.database)
    await jobs.load(context, workspace_id=tenant.workspace_id, import_id=import_id)
    await jobs.clean(context, workspace_id=tenant.workspace_id)
    await jobs.discard(context, workspace_id=tenant.workspace_id, import_id=import_id)


async def imported(
    client: httpx.AsyncClient, home: Home, file: Any, headers: Mapping[str, str] = CSV, **query: str
) -> dict[str, Any]:
    """Sends and loads a file; returns what became of it."""
    import_id = await send(client, file, headers, **query)
    await load(home, import_id)
    return await state(client, import_id)


async def state(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    response = await client.get(f"/v1/costs/imports/{import_id}")
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


async def costs(client: httpx.AsyncClient, **question: Any) -> dict[str, Any]:
    asked = {"start_date": "2026-11-01", "end_date": "2026-11-30"} | question
    response = await client.get("/v1/costs", params=asked)
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


async def amount(client: httpx.AsyncClient, **question: Any) -> str | None:
    """The cost of November 2026 as a text, or None."""
    found = (await costs(client, **question))["cost"]
    return found["amount"] if found else None


async def breakdown(client: httpx.AsyncClient, dimension: str, **question: Any) -> list[dict[str, Any]]:
    """A group per currency."""
    asked = {"start_date": "2026-11-01", "end_date": "2026-11-30", "dimension": dimension} | question
    response = await client.get("/v1/costs/breakdown", params=asked)
    assert response.status_code == 200, response.text
    groups: list[dict[str, Any]] = response.json()["data"]["by_currency"]
    return groups


def decimals(rows: Iterable[Mapping[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column] not in ("", "NULL")), Decimal(0))
