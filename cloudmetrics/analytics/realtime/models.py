"""Who is there now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cloudmetrics.platform.clock import iso

PRESENT = timedelta(minutes=5)
MINUTES = 30


@dataclass(frozen=True, slots=True)
class Realtime:
    """The numbers of one moment, `at`.

    `minutes` has visitors and page views by the beginning of each minute in which
    anything happened; `pages` and `sources` have their visitors, the most first.
    """

    at: datetime
    visitors: int
    minutes: Mapping[datetime, tuple[int, int]]
    pages: Sequence[tuple[str, int]]
    sources: Sequence[tuple[str, int]]

    def to_json(self) -> dict[str, Any]:
        first = first_minute(self.at)
        starts = [first + timedelta(minutes=number) for number in range(MINUTES)]
        rows = [(start, *self.minutes.get(start, (0, 0))) for start in starts]
        return {
            "visitors": self.visitors,
            "minutes": [
                {"started_at": iso(start), "visitors": visitors, "pageviews": pageviews}
                for start, visitors, pageviews in rows
            ],
            "pages": [{"page": page, "visitors": visitors} for page, visitors in self.pages],
            "sources": [
                {"source": source or None, "visitors": visitors} for source, visitors in self.sources
            ],
        }


def first_minute(at: datetime) -> datetime:
    """The beginning of the oldest minute that is told."""
    return at.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
