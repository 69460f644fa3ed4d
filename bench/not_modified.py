"""What it costs to say that nothing changed, beside saying all again: a page of 100 rows."""

import asyncio
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack

from bench.limits import raise_limits
from bench.load import request_bytes
from bench.product import APP, Product, add_workspace, product
from bench.report import Figure, against_bar
from bench.rounds import Turns, alternate, times_as_fast
from bench.servers import serving

ROWS = 100
FULL, UNCHANGED = "200, the page", "304, nothing changed"
BAR = 3.0


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One table: rates and costs of both answers, from one server."""
    with ExitStack() as stack:
        served = stack.enter_context(product())
        workspace_id, key = asyncio.run(
            add_workspace(served.environ["DATABASE_URL"], "Hundred", websites=ROWS)
        )
        raise_limits(Product(served.environ, workspace_id, key))
        server = stack.enter_context(serving(APP, served.environ | {"CLOUDMETRICS_RATE_LIMITS": "on"}))
        path, headers = f"/v1/websites?limit={ROWS}", {"API-Key": key}
        known = headers | {"If-None-Match": etag_at(f"http://127.0.0.1:{server.port}{path}", headers)}
        turns = {FULL: Turns([], []), UNCHANGED: Turns([], [])}
        for number in range(rounds):
            for name, sent in ((FULL, headers), (UNCHANGED, known)):
                tell(f"round {number + 1} of {rounds}: {name}")
                turn = alternate(
                    {name: server}, request_bytes(path, headers=sent), rounds=1, seconds=seconds,
                    tell=lambda _: None, status=int(name[:3]),
                )[name]  # fmt: skip
                turns[name].samples += turn.samples
                turns[name].cpu += turn.cpu
    table = Figure(
        f"A page of {ROWS} rows, and that it did not change; one worker, known and limited",
        ["", "req/s", "p50 ms", "p95 ms", "CPU µs", "304 ×", "bar"],
    )
    ratio = times_as_fast(turns[UNCHANGED], turns[FULL])
    for name, turn in turns.items():
        row = [name, f"{turn.median('rate'):,.0f}"]
        row += [f"{turn.median(figure):.1f}" for figure in ("p50", "p95")]
        row.append(f"{turn.median('cpu'):,.0f}")
        row += [f"{ratio:.2f}", against_bar(ratio, BAR)] if name == UNCHANGED else ["", ""]
        table.rows.append(row)
    return [table]


def etag_at(url: str, headers: dict[str, str]) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
        return str(response.headers["ETag"])
