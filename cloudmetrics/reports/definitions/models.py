"""Definitions of reports, and what can be wrong with one.

InvalidSchedule   a schedule that cannot be read, or a time zone that does not exist
InvalidRecipient  an address that mail cannot be sent to
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row
from cloudmetrics.reports.periods import Period

Status = Literal["ACTIVE", "PAUSED"]
Delivery = Literal["ATTACHMENT", "LINK"]

Section = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A report as somebody wants it. `sections` are titles and questions, as the contract has them.

    Without `cron` it is run by hand only. `timezone` is None for the workspace's.
    """

    name: str
    period: Period
    sections: Sequence[Section]
    status: Status
    cron: str | None
    timezone: str | None
    recipients: Sequence[str]
    delivery: Delivery

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Wish:
        schedule = body.get("schedule") or {}
        return cls(
            body["name"],
            Period(body["period"]),
            body["sections"],
            body["status"],
            schedule.get("cron"),
            schedule.get("timezone"),
            body["recipients"],
            body["delivery"],
        )


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it is kept. `next_run_at` is None while nothing is planned."""

    id: UUID
    name: str
    period: Period
    sections: Sequence[Section]
    status: Status
    cron: str | None
    timezone: str
    recipients: Sequence[str]
    delivery: Delivery
    next_run_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Report:
        return cls(**row | {"period": Period(row["period"])})

    def to_json(self) -> dict[str, Any]:
        schedule = {"cron": self.cron, "timezone": self.timezone} if self.cron else None
        return {
            "id": str(self.id),
            "name": self.name,
            "period": self.period.value,
            "sections": list(self.sections),
            "status": self.status,
            "schedule": schedule,
            "recipients": list(self.recipients),
            "delivery": self.delivery,
            "next_run_at": iso(self.next_run_at) if self.next_run_at else None,
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        }


class InvalidSchedule(Exception):
    """The schedule makes no sense; `field` says which part of it, `code` why."""

    def __init__(self, message: str, code: str, field: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class InvalidRecipient(Exception):
    """Mail cannot be sent to the recipient of this index."""

    def __init__(self, index: int) -> None:
        super().__init__("Must be an address that mail can be sent to.")
        self.index = index
