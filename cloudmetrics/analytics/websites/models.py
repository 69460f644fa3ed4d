"""Websites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.platform.clock import iso


@dataclass(frozen=True, slots=True)
class Website:
    """A website or an app. Days begin in its time zone; it earns in its currency only.

    Days more than `retention_days` ago are forgotten; None keeps them for ever.
    """

    id: UUID
    name: str
    domain: str
    timezone: str
    # The time zone before, until all days are redrawn, and the share of events that are.
    answering_timezone: str | None
    rebuilt: float | None
    currency: str
    retention_days: int | None
    created_at: datetime
    updated_at: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "domain": self.domain,
            "timezone": self.timezone,
            "timezone_change": self._timezone_change(),
            "currency": self.currency,
            "retention_days": self.retention_days,
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        }

    def _timezone_change(self) -> dict[str, Any] | None:
        if self.answering_timezone is None:
            return None
        return {"previous_timezone": self.answering_timezone, "progress": self.rebuilt}


class DomainTaken(Exception):
    """Another website of the workspace has this domain."""

    def __init__(self, domain: str) -> None:
        super().__init__(f"Another website of the workspace has the domain {domain}.")


class CurrencyInUse(Exception):
    """The website has earned something already, in its present currency."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"The website has revenue in {currency}, so its currency can no longer change.")
