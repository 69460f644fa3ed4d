"""What the validation of responses costs: our engine with and without schemas for them."""

from collections.abc import Callable
from contextlib import ExitStack

from bench.engine import OPERATIONS
from bench.report import Figure, against_bar
from bench.rounds import alternate
from bench.servers import serving

VARIANTS = {"checked": "bench.peers.ours:app", "unchecked": "bench.peers.ours_unchecked:app"}
BAR_PERCENT = 5.0


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One table with a row per operation."""
    table = Figure(
        "What response validation costs", ["CPU µs of a request", "checked", "unchecked", "cost %", "bar"]
    )
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(app)) for name, app in VARIANTS.items()}
        for title, request in OPERATIONS.items():
            turns = alternate(servers, request, rounds=rounds, seconds=seconds, tell=tell)
            # Processor time, since rates of two turns differ by more than the bar allows.
            checked, unchecked = turns["checked"].median("cpu"), turns["unchecked"].median("cpu")
            cost = 100 * (checked / unchecked - 1)
            bar = against_bar(cost, BAR_PERCENT, at_least=False)
            table.rows.append([title, f"{checked:,.0f}", f"{unchecked:,.0f}", f"{cost:.1f}", bar])
    return [table]
