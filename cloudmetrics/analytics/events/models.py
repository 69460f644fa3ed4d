"""Events and their receipts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Status(StrEnum):
    ACCEPTED = "ACCEPTED"
    DUPLICATE = "DUPLICATE"
    REJECTED = "REJECTED"


class Rejection(StrEnum):
    UNKNOWN_WEBSITE = "UNKNOWN_WEBSITE"
    TIMESTAMP_IN_FUTURE = "TIMESTAMP_IN_FUTURE"
    TIMESTAMP_OUT_OF_RANGE = "TIMESTAMP_OUT_OF_RANGE"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event is not stored: `code` for programs, `message` for people."""

    code: Rejection
    message: str


# Not frozen, since that would take longer to make than everything else of an event.
@dataclass(slots=True)
class Event:
    """Something that happened. `revenue_minor` is in minor units of `currency`."""

    event_id: str
    website_id: UUID
    visitor_id: str
    name: str
    occurred_at: datetime
    url: str | None = None
    referrer: str | None = None
    source: str | None = None
    # The source unless there is one, or it turns out to be the website's own.
    referring_host: str | None = None
    medium: str | None = None
    campaign: str | None = None
    device: str | None = None
    browser: str | None = None
    system: str | None = None
    country: str | None = None
    revenue_minor: int | None = None
    currency: str | None = None
    properties: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event."""

    event_id: str
    status: Status
    refusal: Refusal | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.event_id,
            "status": self.status.value,
            "code": self.refusal.code.value if self.refusal else None,
            "message": self.refusal.message if self.refusal else None,
        }


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of a batch, in its order."""

    receipts: list[Receipt]

    def to_json(self) -> dict[str, Any]:
        counts = Counter(receipt.status for receipt in self.receipts)
        return {
            "accepted": counts[Status.ACCEPTED],
            "duplicates": counts[Status.DUPLICATE],
            "rejected": counts[Status.REJECTED],
            "receipts": [receipt.to_json() for receipt in self.receipts],
        }
