"""Measures several servers in turns, so that a noisy minute of the machine hits them all alike."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.load import Sample, measure
from bench.servers import Server

WARM_UP = 0.5


@dataclass
class Turns:
    """What one server did in each of its turns; `cpu` is its processor time per request in microseconds."""

    samples: list[Sample]
    cpu: list[float]

    def median(self, figure: str) -> float:
        """The median over the turns of a figure of Sample, or of `cpu`."""
        values = self.cpu if figure == "cpu" else [float(getattr(each, figure)) for each in self.samples]
        return statistics.median(values)


def alternate(
    servers: Mapping[str, Server],
    request: bytes,
    *,
    rounds: int,
    seconds: float,
    tell: Callable[[str], None],
    status: int = 200,
) -> dict[str, Turns]:
    """Gives each server a turn in every round; the turns by the servers' names."""
    turns = {name: Turns([], []) for name in servers}
    for number in range(rounds):
        for name, server in servers.items():
            tell(f"round {number + 1} of {rounds}: {name}")
            measure(server.port, request, WARM_UP, status=status)
            before = server.cpu_seconds()
            sample = measure(server.port, request, seconds, status=status)
            turns[name].samples.append(sample)
            turns[name].cpu.append(1e6 * (server.cpu_seconds() - before) / sample.requests)
    return turns


def times_as_fast(ours: Turns, theirs: Turns) -> float:
    """The ratio of the rates: the median of the rounds' ratios, since a round's turns are neighbours."""
    return statistics.median(
        one.rate / other.rate for one, other in zip(ours.samples, theirs.samples, strict=True)
    )
