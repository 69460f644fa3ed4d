"""Anomalies: how unusual a value is for its hour or day of the week.

The baseline is seasonal: the same window on the same weekday, at the same local time, in
each of the 8 weeks before. How far a value lies from their median is measured in robust
standard deviations, 1.4826 times the median absolute deviation (Iglewicz and Hoaglin, How to
Detect and Handle Outliers, 1993), so that a single odd week neither hides nor makes an
anomaly. Their recommended limit is 3.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WEEKS = 8
FEWEST_WEEKS = 4
# Turns a median absolute deviation into the standard deviation of a normal distribution.
CONSISTENT = 1.4826
# A past as regular as clockwork must not make an anomaly of every little difference.
LEAST_PART = 0.05


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual: the median, and how far from it a value usually lies."""

    median: float
    spread: float

    def deviation(self, value: float) -> float:
        """How many spreads a value lies above the median."""
        return (value - self.median) / self.spread


def baseline(values: Sequence[float], unit: float) -> Baseline:
    """The baseline of past values. `unit` is the least difference that matters."""
    middle = median(values)
    spread = CONSISTENT * median(abs(value - middle) for value in values)
    return Baseline(middle, max(spread, LEAST_PART * abs(middle), unit))
