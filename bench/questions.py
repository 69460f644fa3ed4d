"""Questions about 30 days of the largest workspace, over HTTP, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bench.dataset import DAYS, EVENTS, Dataset, dataset
from bench.load import measure, request_bytes
from bench.product import APP
from bench.report import Figure, against_bar
from bench.servers import Server, serving

ASKING = 1

QUESTIONS = {
    "unfiltered": ("", 10.0),
    "by source": ("&source=source-3", 30.0),
    "by source and device": ("&source=source-3&device=mobile", 400.0),
    "with a goal": ("&goal=signup", 400.0),
}


def figures(rounds: int, seconds: float, tell: Callable[[str], None], events: int = EVENTS) -> list[Figure]:
    """One table: a row per question."""
    with dataset(events, tell) as data, serving(APP, data.product.environ) as server:
        return [asking(server, data, seconds, tell)]


def asking(server: Server, data: Dataset, seconds: float, tell: Callable[[str], None]) -> Figure:
    tenant = data.tenants[0]
    start = (data.end - timedelta(days=DAYS - 1)).date()
    path = f"/v1/metrics?website_id={tenant.website_id}&start_date={start}&end_date={data.end.date()}"
    table = Figure(
        f"GET /v1/metrics: 30 days, {tenant.events:,} of {data.events:,} events, one at a time",
        ["question", "req/s", "p50 ms", "p95 ms", "bar"],
    )
    for name, (filters, bar) in QUESTIONS.items():
        tell(name)
        request = request_bytes(path + filters, headers={"API-Key": tenant.key})
        sample = measure(server.port, request, seconds, ASKING)
        table.rows.append(
            [
                name,
                f"{sample.rate:,.0f}",
                f"{sample.p50:.1f}",
                f"{sample.p95:.1f}",
                against_bar(sample.p95, bar, at_least=False),
            ]
        )
    return table
