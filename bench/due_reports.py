"""How soon a report starts when it is due, and what 100,000 rows of one take."""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psutil  # type: ignore[import-untyped]

from bench import machine
from bench.product import APP, Product, product
from bench.report import Figure, against_bar
from bench.servers import PROJECT, serving
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.reports.definitions import store as reports

DUE, WITHIN_SECONDS = 100, 20.0
BAR_SECONDS = 5.0
ROWS, BATCH = 100_000, 1_000
# More than this on top of what the process held before, and the rows are not streamed.
BAR_MB = 30.0
GLANCE = {"title": "At a glance", "question": {"metrics": ["visitors", "revenue"]}}
PAGES = {
    "title": "Pages",
    "question": {"metrics": ["pageviews"], "dimensions": ["page"], "limit": ROWS},
}


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Two tables. Server, worker and PostgreSQL share the cores that the load leaves."""
    with product() as served, serving(APP, served.environ) as server, _worker(served) as worker:
        address, headers = f"http://127.0.0.1:{server.port}", {"API-Key": served.key}
        with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
            tell(f"{DUE} reports become due")
            due = _due(client, served)
            tell(f"{ROWS:,} rows")
            _fill(client)
            export = _export(client, server.memory, lambda: worker.memory_info().rss / 2**20)
    return [due, export]


def _due(client: httpx.Client, served: Product) -> Figure:
    made = [_create(client, [GLANCE], schedule={"cron": "0 8 * * 1"}) for _ in range(DUE)]
    asyncio.run(_bring_forward(served, made))
    delays = []
    for report in made:
        run = _wait(lambda report=report: client.get(f"/v1/reports/{report}/runs").json()["data"])  # type: ignore[misc]
        started, due = (datetime.fromisoformat(run[name]) for name in ("started_at", "scheduled_for"))
        delays.append((started - due).total_seconds())
    table = Figure(f"{DUE} reports that become due within {WITHIN_SECONDS:g} s, one worker", ["", "s", "bar"])
    delays.sort()
    table.rows.append(["from due to started, median", f"{delays[DUE // 2]:.1f}", ""])
    table.rows.append(["slowest", f"{delays[-1]:.1f}", against_bar(delays[-1], BAR_SECONDS, at_least=False)])
    return table


async def _bring_forward(served: Product, made: list[str]) -> None:
    """Nobody waits for Monday: the next time of each is moved to one of the next seconds."""
    database = Database(served.environ["DATABASE_URL"], 1)
    tenant = Tenant(database, UUID(served.workspace_id))
    async with tenant.transaction() as transaction:
        for report in made:
            moment = datetime.now(UTC) + timedelta(seconds=random.uniform(1, WITHIN_SECONDS))
            await reports.plan(transaction, tenant, UUID(report), moment)
    await database.close()


def _fill(client: httpx.Client) -> None:
    """A view of each of very many pages."""
    website = client.get("/v1/websites?limit=1").json()["data"][0]["id"]
    moment = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for start in range(0, ROWS, BATCH):
        events = [
            {
                "id": f"export/{number}",
                "name": "pageview",
                "timestamp": moment,
                "website_id": website,
                "visitor_id": f"visitor {number % 1000}",
                "url": f"https://website-0.example/articles/{number}/about-something",
            }
            for number in range(start, start + BATCH)
        ]
        client.post("/v1/events", json={"events": events}).raise_for_status()


def _export(client: httpx.Client, server: Callable[[], float], worker: Callable[[], float]) -> Figure:
    report = _create(client, [PAGES])
    table = Figure(f"A report of {ROWS:,} rows", ["", "s", "MB before", "MB more at most", "bar"])
    before, begun = worker(), time.perf_counter()
    run = client.post(f"/v1/reports/{report}/runs").raise_for_status().json()["data"]["id"]
    path = f"/v1/reports/{report}/runs/{run}"
    most = before
    while client.get(path).json()["data"]["status"] in ("QUEUED", "RUNNING"):
        most = max(most, worker())
        time.sleep(0.05)
    done = client.get(path).json()["data"]
    assert done["status"] == "SUCCEEDED", done["error"]
    assert done["sections"][0]["rows"] == ROWS
    table.rows.append(_row("counted, stored and drawn by the worker", begun, before, most))
    for form in ("CSV", "JSON"):
        before, begun = server(), time.perf_counter()
        most, size = before, 0
        with client.stream("GET", f"{path}/download?format={form}") as response:
            for number, piece in enumerate(response.iter_bytes(65536)):
                size += len(piece)
                most = max(most, server()) if number % 20 == 0 else most
        row = _row(f"downloaded as {form}, {size / 2**20:.0f} MB", begun, before, max(most, server()))
        table.rows.append(row)
    return table


def _row(what: str, begun: float, before: float, most: float) -> list[str]:
    more = most - before
    seconds = f"{time.perf_counter() - begun:.1f}"
    return [what, seconds, f"{before:.0f}", f"{more:.0f}", against_bar(more, BAR_MB, at_least=False)]


def _create(client: httpx.Client, sections: list[dict[str, Any]], **more: Any) -> str:
    body = {"name": "Bench", "period": "LAST_7_DAYS", "sections": sections} | more
    created: str = client.post("/v1/reports", json=body).raise_for_status().json()["data"]["id"]
    return created


def _wait(runs: Callable[[], list[dict[str, Any]]]) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = runs()
        if found and found[0]["started_at"]:
            return found[0]
        time.sleep(0.1)
    raise TimeoutError("the report never ran")


@contextmanager
def _worker(served: Product) -> Iterator[psutil.Process]:
    """The product's worker as a process of its own, on the server's core."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "cloudmetrics", "worker"],
            cwd=PROJECT,
            env=os.environ | served.environ | {"DATA_DIR": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: machine.pin(machine.SERVER_CORES),  # noqa: PLW1509
        )
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()
