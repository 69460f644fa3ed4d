"""What a workspace has used, as it is counted and as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.platform.caller import CredentialKind
from cloudmetrics.platform.clock import iso


class Counted(NamedTuple):
    """Requests that are counted as one: of one day, operation, credential and status."""

    day: date
    operation: str
    credential_id: UUID
    status: int
    credential_kind: CredentialKind


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of some days, added up in four ways. A key that is gone, or a token, has no name."""

    by_day: Sequence[tuple[date, int]]
    by_operation: Sequence[tuple[str, int]]
    by_key: Sequence[tuple[CredentialKind, UUID, str | None, int]]
    by_status: Sequence[tuple[int, int]]

    def to_json(self, days: DateRange) -> dict[str, Any]:
        counted = dict(self.by_day)
        return {
            "total": sum(counted.values()),
            "by_day": [{"date": day.isoformat(), "requests": counted.get(day, 0)} for day in days],
            "by_operation": [
                {"operation_id": operation, "requests": requests} for operation, requests in self.by_operation
            ],
            "by_key": [
                {"credential": {"kind": kind, "id": str(identifier)}, "name": name, "requests": requests}
                for kind, identifier, name, requests in self.by_key
            ],
            "by_status": [{"status": status, "requests": requests} for status, requests in self.by_status],
        }


@dataclass(frozen=True, slots=True)
class Storage:
    """What lies in the store: websites, their events, and about how many bytes these take."""

    websites: int
    events: int
    event_bytes: int

    def to_json(self) -> dict[str, Any]:
        return {"websites": self.websites, "events": self.events, "event_bytes": self.event_bytes}


@dataclass(frozen=True, slots=True)
class Quota:
    """How a workspace stands with its events of a month; `warnings` are percents, and when each was told."""

    limit: int
    used: int
    month: date
    resets_at: datetime
    warnings: Sequence[tuple[int, datetime]]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": "events",
            "limit": self.limit,
            "used": self.used,
            "remaining": max(0, self.limit - self.used),
            "used_ratio": self.used / self.limit,
            "starts_on": self.month.isoformat(),
            "resets_at": iso(self.resets_at),
            "warnings": [
                {"percent": percent, "warned_at": iso(warned_at)} for percent, warned_at in self.warnings
            ],
        }


@dataclass(frozen=True, slots=True)
class Usage:
    """All of it. `events` are those of each day by the time at which they happened."""

    days: DateRange
    requests: Requests
    events: Sequence[tuple[date, int]]
    storage: Storage
    quota: Quota | None

    def to_json(self) -> dict[str, Any]:
        counted = dict(self.events)
        return {
            "requests": self.requests.to_json(self.days),
            "events": {
                "total": sum(counted.values()),
                "by_day": [{"date": day.isoformat(), "events": counted.get(day, 0)} for day in self.days],
            },
            "storage": self.storage.to_json(),
            "quotas": [self.quota.to_json()] if self.quota else [],
        }

    def question(self) -> dict[str, Any]:
        return {"start_date": self.days.start.isoformat(), "end_date": self.days.end.isoformat()}
