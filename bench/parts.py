"""Where the engine's own time goes: what a request cannot do without, step by step, and all else."""

import asyncio
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import uvloop

from bench.engine import OURS, PEERS
from bench.framework import OPERATIONS, alternate, load
from bench.peers.data import CONTRACT, POST_BODY, goal_list, receipts
from bench.report import Figure
from cloudmetrics.contract import Contract

READ, FIND, JUDGE = "reading the body", "finding no key twice", "judging the body"
TRIES, TIMES = 9, 200

Steps = dict[str, Callable[[], Any]]


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """A row per step, a column per operation; the last rows are the rest and the whole."""
    apps, costs = {OURS: load(PEERS[OURS])}, {}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for (title, request), steps in zip(OPERATIONS.items(), steps_of_operations(), strict=True):
            turns = runner.run(alternate(apps, request, rounds, seconds, tell))
            alone = {name: _cost(step) for name, step in steps.items()}
            whole = statistics.median(turns[OURS])
            costs[title] = {**alone, "all else": whole - sum(alone.values()), "together": whole}
    table = Figure("Where the engine's time goes", ["CPU µs", *costs])
    for name in next(iter(costs.values())):
        table.rows.append([name, *(f"{each[name]:.1f}" for each in costs.values())])
    table.notes.append("All else: finding the operation, parameters, arguments, heads, and cold caches.")
    return [table]


def steps_of_operations() -> list[Steps]:
    """What each operation does with its bodies, ready to be called."""
    contract = Contract.load(CONTRACT)
    place = contract.documents.root / "components" / "schemas"
    is_page, is_batch, is_receipts = (
        contract.schemas.at(place / name).is_valid for name in ("GoalList", "EventsCreate", "Receipts")
    )
    batch = orjson.loads(POST_BODY)
    pages = [_answering(partial(goal_list, limit), is_page) for limit in (100, 10)]
    reading = {
        READ: lambda: orjson.loads(POST_BODY),
        FIND: lambda: orjson.dumps(batch) == POST_BODY,
        JUDGE: lambda: is_batch(batch),
    }
    no_body = dict.fromkeys(reading, lambda: None)
    receive = _answering(lambda: receipts([event["id"] for event in batch["events"]]), is_receipts)
    return [*(no_body | page for page in pages), reading | receive]


def _answering(handler: Callable[[], Any], is_valid: Callable[[Any], bool]) -> Steps:
    answer = handler()
    return {
        "the handler": handler,
        "judging the answer": lambda: is_valid(answer),
        "writing the answer": lambda: orjson.dumps(answer),
    }


def _cost(step: Callable[[], Any]) -> float:
    """Microseconds of processor time that a step takes: the least of some tries, which nothing disturbed."""
    tries = []
    for _ in range(TRIES):
        worked = time.process_time()
        for _ in range(TIMES):
            step()
        tries.append(1e6 * (time.process_time() - worked) / TIMES)
    return min(tries)
