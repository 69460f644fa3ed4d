"""The whole way of a request: key check, tenant, one PostgreSQL read of 30 rows, a validated answer."""

import hmac
import json
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256

import redis

from bench.load import request_bytes
from bench.product import APP, ROWS, SECRET, Product, product
from bench.report import Figure, against_bar
from bench.rounds import alternate, times_as_fast
from bench.servers import serving

OURS, PLAIN = "CloudMetrics", "plain FastAPI"
BAR = 2.0


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One table: rates and latencies of both."""
    with ExitStack() as stack:
        served = stack.enter_context(product())
        introduce_key(served)
        servers = {
            OURS: stack.enter_context(serving(APP, served.environ)),
            PLAIN: stack.enter_context(serving("bench.peers.plain_way:app", served.environ)),
        }
        request = request_bytes(f"/v1/websites?limit={ROWS}", headers={"API-Key": served.key})
        turns = alternate(servers, request, rounds=rounds, seconds=seconds, tell=tell)
    table = Figure(
        f"One worker, the whole way: key check, tenant, one read of {ROWS} rows",
        ["", "req/s", "p50 ms", "p95 ms", "p99 ms", "CPU µs", "ours ×", "bar"],
    )
    for name, turn in turns.items():
        row = [name, f"{turn.median('rate'):,.0f}"]
        row += [f"{turn.median(figure):.1f}" for figure in ("p50", "p95", "p99")]
        row.append(f"{turn.median('cpu'):,.0f}")
        ratio = times_as_fast(turns[OURS], turn)
        row += ["", ""] if name == OURS else [f"{ratio:.2f}", against_bar(ratio, BAR)]
        table.rows.append(row)
    table.notes.append(
        "The plain one has a psycopg pool and redis-py. Ours also traces and logs each request."
    )
    return [table]


def introduce_key(served: Product) -> None:
    """Puts into Redis what the plain application knows about the key, in its own form."""
    digest = hmac.digest(SECRET.encode(), served.key.encode(), sha256).hex()
    record = {"workspace_id": served.workspace_id, "scopes": ["websites:read", "websites:full"]}
    with redis.Redis.from_url(served.environ["REDIS_URL"]) as store:
        store.set(f"plain:{digest}", json.dumps(record))
