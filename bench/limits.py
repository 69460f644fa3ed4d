"""What it costs to know a caller and to hold them to their limits."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from random import Random

import psycopg
import uvloop

from bench import machine
from bench.load import request_bytes
from bench.product import APP, ROWS, SECRET, Product, product
from bench.report import Figure, against_bar
from bench.rounds import alternate, times_as_fast
from bench.servers import serving
from cloudmetrics.accounts.access.service import Changes
from cloudmetrics.accounts.api_keys.usage import LastUsed
from cloudmetrics.accounts.plans import MOST_REQUESTS, read_limits
from cloudmetrics.contract import Operation, Request
from cloudmetrics.gateway.authentication import api_key_authenticator
from cloudmetrics.gateway.limits.service import Limits
from cloudmetrics.platform import memory
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring

RATE = 1_000  # checks per second
WARM_UP_SECONDS = 1.0
P50_BAR, P99_BAR = 0.5, 2.0  # ms
COST_BAR = 25.0  # % of the throughput
CLOSED, OPEN = "known and limited", "open to everybody"


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """The latency of a check at a steady rate, and what checks take of the throughput."""
    with product() as served:
        raise_limits(served)
        tell("checks at a steady rate")
        return [latency(served, seconds), throughput(served, rounds, seconds, tell)]


def latency(served: Product, seconds: float) -> Figure:
    # Like a server: on another core than the stores, and with what was imported out of the collector's way.
    machine.pin(machine.SERVER_CORES)
    memory.settle()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = sorted(runner.run(check_steadily(served, seconds)))
    machine.pin(machine.LOAD_CORES)
    p50, p99 = statistics.median(took), took[int(len(took) * 0.99)]
    table = Figure(f"Key check with all limits, {RATE:,} a second, in one process", ["", "ms", "bar"])
    table.rows.append(["median", f"{p50:.2f}", against_bar(p50, P50_BAR, at_least=False)])
    table.rows.append(["p99", f"{p99:.2f}", against_bar(p99, P99_BAR, at_least=False)])
    return table


async def check_steadily(served: Product, seconds: float) -> list[float]:
    """Milliseconds from the moment at which each check was due; the moments are random, as callers are.

    The first second, in which connections are opened and the key is looked up, is not counted.
    """
    database, redis = Database(served.environ["DATABASE_URL"]), Redis(served.environ["REDIS_URL"])
    authenticate = api_key_authenticator(
        database, Keyring(SECRET.encode()), Changes(database), LastUsed(database)
    )
    limits, took = Limits(redis, 1), []

    async def check(due: float) -> None:
        request = request_of(served.key)
        grant = await authenticate(request, served.key)
        await limits.admit(request, grant)
        took.append(1000 * (time.perf_counter() - due))

    chance, due = Random(1), time.perf_counter()
    for length in (WARM_UP_SECONDS, seconds):
        took.clear()
        end, running = due + length, []
        while due < end:
            due += chance.expovariate(RATE)
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            running.append(asyncio.ensure_future(check(max(due, time.perf_counter()))))
        await asyncio.gather(*running)
    await redis.close()
    await database.close()
    return took


def request_of(key: str) -> Request:
    scope = {
        "type": "http", "method": "GET", "path": "/v1/websites", "query_string": b"",
        "headers": [(b"api-key", key.encode())], "client": ("127.0.0.1", 1),
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    request = Request(scope, receive)
    request.operation = LIST_WEBSITES
    return request


def throughput(served: Product, rounds: int, seconds: float, tell: Callable[[str], None]) -> Figure:
    environ = served.environ | {"BENCH_WORKSPACE": served.workspace_id}
    with ExitStack() as stack:
        limited = environ | {"CLOUDMETRICS_RATE_LIMITS": "on"}
        servers = {
            CLOSED: stack.enter_context(serving(APP, limited)),
            OPEN: stack.enter_context(serving("bench.peers.open_way:app", environ)),
        }
        request = request_bytes(f"/v1/websites?limit={ROWS}", headers={"API-Key": served.key})
        turns = alternate(servers, request, rounds=rounds, seconds=seconds, tell=tell)
    table = Figure(
        "What knowing and limiting the caller costs, one worker, the whole way",
        ["", "req/s", "CPU µs", "cost %", "bar"],
    )
    cost = 100 * (1 - times_as_fast(turns[CLOSED], turns[OPEN]))
    for name, turn in turns.items():
        own = [f"{cost:.1f}", against_bar(cost, COST_BAR, at_least=False)] if name == CLOSED else ["", ""]
        table.rows.append([name, f"{turn.median('rate'):,.0f}", f"{turn.median('cpu'):,.0f}", *own])
    return table


def raise_limits(served: Product) -> None:
    """So far that the load keeps within them."""
    limits = json.dumps(read_limits({"requests": f"{MOST_REQUESTS}/minute", "workspace": f"{MOST_REQUESTS}"}))
    with psycopg.connect(served.environ["DATABASE_URL"]) as connection:
        connection.execute(
            "UPDATE workspaces SET limits = %s::jsonb WHERE workspace_id = %s", (limits, served.workspace_id)
        )


LIST_WEBSITES = Operation(
    "list-websites", "GET", "/v1/websites", "Websites", "", None, [], (), {}  # type: ignore[arg-type]
)  # fmt: skip
