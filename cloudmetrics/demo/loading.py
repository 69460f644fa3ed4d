"""Loads the demo traffic into a website, over HTTP like any other client."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from cloudmetrics.demo.bill import bill
from cloudmetrics.demo.traffic import events
from cloudmetrics.importing import import_bill
from cloudmetrics.importing.sending import (
    SendFailed,
    Tally,
    encode_batches,
    explain,
    open_client,
    send_batches,
    unreachable,
)

# Called after each answered batch with the events sent so far, and all there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LoadResult:
    """How many events were stored now, and how many were there already."""

    accepted: int
    duplicates: int


def load(
    base_url: str,
    key: str,
    website_id: str,
    *,
    days: int = 30,
    until: datetime | None = None,
    seed: int = 1,
    currency: str = "USD",
    domain: str = "demo.example",
    progress: Progress = lambda sent, total: None,
) -> LoadResult:
    """Sends the traffic of the last `days` days up to `until` (now, if not given).

    Safe to repeat and to resume: what is stored already counts as a duplicate.
    `key` needs `events:write`. Raises SendFailed, with one sentence that says why.
    """
    until = until or datetime.now(UTC)
    traffic = list(events(website_id, days=days, until=until, seed=seed, currency=currency, domain=domain))
    sent = Tally()
    progress(0, len(traffic))
    for tally in send_batches(encode_batches(enumerate(traffic, 1)), base_url, key):
        sent.add(tally)
        if sent.rejected:
            code, count = sent.codes.most_common(1)[0]
            raise SendFailed(f"The server rejected {count:,} demo events with {code}.")
        progress(sent.events, len(traffic))
    return LoadResult(sent.accepted, sent.duplicates)


BUDGET = {
    "name": "Website",
    "amount": {"amount_minor": 50_000, "currency": "USD"},
    "filters": {"tags": {"application": "website"}},
}
# A fresh service has nothing else to do.
WORKER_SECONDS = 60.0


def load_costs(
    base_url: str, key: str, website_id: str, *, days: int = 30, until: datetime | None = None
) -> int:
    """Sends the bill of the last `days` days, and says whose costs they are; how many charges it has.

    Safe to repeat: a bill takes the place of the same one. `key` needs `costs:write`.
    Raises SendFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bill.csv"
        file.write_bytes(bill(days=days, until=until or datetime.now(UTC)))
        loaded = import_bill(file, base_url, key, patience=WORKER_SECONDS)
    allocation = {"tag_key": "application", "tag_value": "website", "website_id": website_id}
    with open_client(base_url, key) as client:
        _create(client, "v1/costs/allocations", allocation)
        _create(client, "v1/costs/budgets", BUDGET)
    rows: int = loaded["rows_loaded"]
    return rows


def _create(client: httpx.Client, path: str, body: dict[str, Any]) -> None:
    """The first of its kind; where there is one already, it was made before."""
    try:
        response = client.get(path, params={"limit": 1})
        if response.status_code == 200 and not response.json()["data"]:
            response = client.post(path, json=body)
    except httpx.TransportError as error:
        raise SendFailed(unreachable(client, error)) from error
    if response.status_code not in (200, 201):
        raise SendFailed(explain(response))
