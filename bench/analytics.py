"""Questions, reports, dashboards and events on the same data set, which is put in only once."""

from __future__ import annotations

from collections.abc import Callable

from bench import dashboards, ingest, questions, reports
from bench.dataset import EVENTS, dataset
from bench.duck import duck
from bench.product import APP
from bench.report import Figure
from bench.servers import serving


def figures(rounds: int, seconds: float, tell: Callable[[str], None], events: int = EVENTS) -> list[Figure]:
    """The tables of `questions`, `reports`, `dashboards` and `ingest`."""
    small = questions.on_a_tenth(events, seconds, tell)
    with dataset(events, tell) as data, serving(APP, data.product.environ) as server:
        tell("events are put into DuckDB")
        with duck(data) as raw:
            asked = questions.asking(server, data, seconds, tell, raw, small)
        return [
            *asked,
            reports.asking(server, data, seconds, tell),
            dashboards.looking(server, data, seconds, tell),
            ingest.sending(server, data, rounds * seconds, tell),
        ]
