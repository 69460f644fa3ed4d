"""What a worker of the whole product holds in memory, before and under load."""

from collections.abc import Callable

from bench.load import measure, request_bytes
from bench.product import APP, ROWS, product
from bench.report import Figure, against_bar
from bench.servers import serving

BAR_MB = 120.0


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One row at the start, one after as many requests as the turns of the other figures bring."""
    with product() as served, serving(APP, served.environ) as server:
        request = request_bytes(f"/v1/websites?limit={ROWS}", headers={"API-Key": served.key})
        tell("first requests")
        measure(server.port, request, 0.2)
        first = server.memory()
        tell("load")
        measure(server.port, request, rounds * seconds)
        loaded = server.memory()
    table = Figure("Memory of a worker", ["", "MB", "bar"])
    for when, size in (("after the first requests", first), ("after a load", loaded)):
        table.rows.append([when, f"{size:.0f}", against_bar(size, BAR_MB, at_least=False)])
    return [table]
