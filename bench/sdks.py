"""What the SDKs cost: beside the HTTP libraries under them, through their buffers, and to load."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx

from bench import sdk_go, sdk_javascript
from bench.report import Figure, against_bar
from bench.servers import PROJECT, free_port
from bench.start import until

SDK = PROJECT / "generated_sdks" / "python"
GOAL = "0192f3b1-1d02-7c55-8a41-6b0f3e9d7c20"
EVENTS = 50_000
IMPORT = """
from time import perf_counter
begun = perf_counter()
from cloudmetrics_api import CloudMetrics
print(perf_counter() - begun)
"""


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One table per question. All clients ask the same server, which answers at once."""
    sys.path.insert(0, str(SDK))
    with answering() as url:
        tell("requests")
        requests = Figure(
            "The Python SDK beside the library under it, one request at a time",
            ["", "requests/s", "of httpx", "bar"],
        )
        plain, ours = rates(url, rounds, seconds)
        requests.rows += rows("waiting", plain, ours)
        plain, ours = asyncio.run(async_rates(url, rounds, seconds))
        requests.rows += rows("awaited", plain, ours)
        requests.notes.append("httpx reads the answer's JSON; the SDK also makes it a model.")
        tell("the buffer")
        others = Figure("The Python SDK's buffer and import", ["", "", "bar"])
        rate = statistics.median(buffered(url) for _ in range(rounds))
        others.rows.append(["events/s through the buffer, sent", f"{rate:,.0f}", against_bar(rate, 10_000)])
        tell("JavaScript")
        javascript = sdk_javascript.figure(url, rounds, seconds)
        tell("Go")
        go = sdk_go.figure(url, rounds, seconds)
    tell("import")
    took = statistics.median(imported() for _ in range(max(rounds, 5))) * 1000
    others.rows.append(["import, ms", f"{took:.0f}", against_bar(took, 150, at_least=False)])
    return [requests, others, javascript, go]


def rows(name: str, plain: float, ours: float) -> list[list[str]]:
    share = ours / plain
    return [
        [f"httpx, {name}", f"{plain:,.0f}", "", ""],
        [f"SDK, {name}", f"{ours:,.0f}", f"{share:.2f}", against_bar(share, 0.85)],
    ]


@contextmanager
def answering() -> Iterator[str]:
    """The address of a server that answers at once."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.sdk_server", str(port)], cwd=PROJECT)
    try:
        until(lambda: _answers(f"http://127.0.0.1:{port}/"))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def rates(url: str, rounds: int, seconds: float) -> tuple[float, float]:
    """Requests/s of httpx and of the SDK, which take turns."""
    from cloudmetrics_api import CloudMetrics

    with (
        httpx.Client(headers={"API-Key": "cm_test_bench"}, trust_env=False) as plain,
        CloudMetrics("cm_test_bench", base_url=url, http_client=httpx.Client(trust_env=False)) as ours,
    ):
        both = [
            (
                turn(lambda: plain.get(f"{url}/v1/goals/{GOAL}").json(), seconds),
                turn(lambda: ours.goals.get(GOAL), seconds),
            )
            for _ in range(rounds)
        ]
    return statistics.median(each for each, _ in both), statistics.median(each for _, each in both)


def turn(call: Callable[[], object], seconds: float) -> float:
    count, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        call()
        count += 1
    return count / passed


async def async_rates(url: str, rounds: int, seconds: float) -> tuple[float, float]:
    """The same, awaited."""
    from cloudmetrics_api import AsyncCloudMetrics

    async with (
        httpx.AsyncClient(headers={"API-Key": "cm_test_bench"}, trust_env=False) as plain,
        httpx.AsyncClient(trust_env=False) as under,
        AsyncCloudMetrics("cm_test_bench", base_url=url, http_client=under) as ours,
    ):

        async def ask() -> object:
            return (await plain.get(f"{url}/v1/goals/{GOAL}")).json()

        both = [
            (await async_turn(ask, seconds), await async_turn(lambda: ours.goals.get(GOAL), seconds))
            for _ in range(rounds)
        ]
    return statistics.median(each for each, _ in both), statistics.median(each for _, each in both)


async def async_turn(call: Callable[[], Awaitable[object]], seconds: float) -> float:
    count, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        await call()
        count += 1
    return count / passed


def buffered(url: str) -> float:
    """Events/s from the first `add` until all of them are sent and answered."""
    from cloudmetrics_api import CloudMetrics

    with CloudMetrics("cm_test_bench", base_url=url, http_client=httpx.Client(trust_env=False)) as client:
        begun = time.perf_counter()
        with client.buffer() as events:
            for number in range(EVENTS):
                events.add(
                    {
                        "name": "pageview",
                        "website_id": GOAL,
                        "visitor_id": f"visitor-{number}",
                        "url": "https://shop.example.com/cart",
                    }
                )
        return EVENTS / (time.perf_counter() - begun)


def imported() -> float:
    """Seconds that the import takes in a new process."""
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT], cwd=SDK, capture_output=True, text=True, check=True
    )
    return float(ended.stdout)
