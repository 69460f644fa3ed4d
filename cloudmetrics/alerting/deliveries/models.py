"""Deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from cloudmetrics.platform.clock import iso

# What is older is deleted, by the clock of the workspace. The contract says so too.
KEPT = timedelta(days=90)


class Status(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one channel. `message` is what is told, the same in every attempt."""

    id: UUID
    alert_id: UUID | None
    incident_id: UUID | None
    channel_id: UUID
    channel_kind: str
    destination: str
    status: Status
    attempts: int
    message: Mapping[str, Any]
    created_at: datetime
    last_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    response_status: int | None = None
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "alert_id": str(self.alert_id) if self.alert_id else None,
            "incident_id": str(self.incident_id) if self.incident_id else None,
            "channel_id": str(self.channel_id),
            "channel_kind": self.channel_kind,
            "destination": self.destination,
            "type": self.message["type"],
            "status": self.status.value,
            "attempts": self.attempts,
            "created_at": iso(self.created_at),
            "last_attempt_at": iso(self.last_attempt_at) if self.last_attempt_at else None,
            "delivered_at": iso(self.delivered_at) if self.delivered_at else None,
            "response_status": self.response_status,
            "error": self.error,
        }


class DeliveryNotFailed(Exception):
    """Only what was given up can be sent again."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"The delivery is {status.value}. Only one that has FAILED can be sent again.")
