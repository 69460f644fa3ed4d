"""What became of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import iso

# What is older is deleted, by the clock of the workspace. The contract says so too.
KEPT = timedelta(days=400)


class Happening(StrEnum):
    """The contract lists the same, by test."""

    FIRED = "FIRED"
    RESOLVED = "RESOLVED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    MUTED = "MUTED"
    UNMUTED = "UNMUTED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Event:
    """`details` hold the signal of the moment, what it was compared with, who did it, or until when."""

    id: UUID
    alert_id: UUID
    kind: Happening
    occurred_at: datetime
    incident_id: UUID | None
    value: float | None
    details: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "kind": self.kind.value,
            "occurred_at": iso(self.occurred_at),
            "incident_id": str(self.incident_id) if self.incident_id else None,
            "value": self.value,
            "signal": self.details.get("signal"),
            "threshold": self.details.get("threshold"),
            "muted_until": self.details.get("until"),
            "by": self.details.get("by"),
        }


def actor(caller: Caller) -> dict[str, Any]:
    """Who does something, as it is written down."""
    credential = None
    if caller.credential_kind is not None:
        identifier = str(caller.credential_id) if caller.credential_id else None
        credential = {"kind": caller.credential_kind, "id": identifier}
    return {"user_id": str(caller.user_id) if caller.user_id else None, "credential": credential}
