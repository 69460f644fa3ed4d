"""Websites."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from cloudmetrics.accounts.trash.models import shown


class Website(NamedTuple):
    """A website or an app. Days begin in its time zone; it earns in its currency only.

    Days more than `retention_days` ago are forgotten; None keeps them for ever. The
    fields stand in the order of the columns that they are read from.
    """

    id: UUID
    name: str
    domain: str
    timezone: str
    currency: str
    retention_days: int | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    # The time zone before, until all days are redrawn, and the share of events that are.
    answering_timezone: str | None = None
    rebuilt: float | None = None

    def to_json(self) -> dict[str, Any]:
        change = None
        if self.answering_timezone is not None:
            change = {"previous_timezone": self.answering_timezone, "progress": self.rebuilt}
        return {
            "id": self.id,
            "name": self.name,
            "domain": self.domain,
            "timezone": self.timezone,
            "currency": self.currency,
            "retention_days": self.retention_days,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "timezone_change": change,
            **shown(self.deleted_at),
        }


class DomainTaken(Exception):
    """Another website of the workspace has this domain."""

    def __init__(self, domain: str) -> None:
        super().__init__(f"Another website of the workspace has the domain {domain}.")


class CurrencyInUse(Exception):
    """The website has earned something already, in its present currency."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"The website has revenue in {currency}, so its currency can no longer change.")
