"""What an erasure removed, and what it left."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cloudmetrics.platform.clock import iso


@dataclass(frozen=True, slots=True)
class Traces:
    """What is stored of a visitor under their id."""

    events: int = 0
    visits: int = 0
    days: int = 0

    def to_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Erasure:
    """The proof of an erasure: what was removed, and what was found afterwards, in one transaction."""

    visitor_id: str
    erased_at: datetime
    removed: Traces
    remaining: Traces

    def to_json(self) -> dict[str, Any]:
        return {
            "visitor_id": self.visitor_id,
            "erased_at": iso(self.erased_at),
            "removed": self.removed.to_json(),
            "remaining": self.remaining.to_json(),
        }
