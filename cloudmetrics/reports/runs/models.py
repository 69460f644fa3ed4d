"""Runs of reports.

RunInProgress  the report runs already
RunNotDone     nothing can be downloaded yet, or ever
NoSuchSection  the run has fewer sections
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from cloudmetrics.analytics.metrics.models import DateRange
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row
from cloudmetrics.reports.definitions.models import Delivery, Section

Cause = Literal["SCHEDULE", "REQUEST"]
Status = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED"]

# More rows than these are left out of a section.
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Sent:
    """How the mail to one recipient stands."""

    recipient: str
    status: Literal["PENDING", "SENT", "FAILED"]
    sent_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        sent_at = iso(self.sent_at) if self.sent_at else None
        return {"recipient": self.recipient, "status": self.status, "sent_at": sent_at}


@dataclass(frozen=True, slots=True)
class Run:
    """One run, with the name and the sections that the report had when it began.

    `row_counts` are those of each section once it is done, `error` is why it failed.
    """

    id: UUID
    report_id: UUID
    cause: Cause
    status: Status
    name: str
    sections: Sequence[Section]
    timezone: str
    delivery: Delivery
    days: DateRange
    scheduled_for: datetime | None
    attempts: int
    row_counts: Sequence[int] | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deliveries: Sequence[Sent] = ()

    @classmethod
    def from_row(cls, row: Row) -> Run:
        days = DateRange(row.pop("start_date"), row.pop("end_date"))
        return cls(days=days, **row)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "report_id": str(self.report_id),
            "cause": self.cause,
            "status": self.status,
            "name": self.name,
            "start_date": self.days.start.isoformat(),
            "end_date": self.days.end.isoformat(),
            "sections": [
                {"title": section["title"], "rows": self.row_counts[number] if self.row_counts else None}
                for number, section in enumerate(self.sections)
            ],
            "deliveries": [sent.to_json() for sent in self.deliveries],
            "error": self.error,
            "scheduled_for": _moment(self.scheduled_for),
            "created_at": iso(self.created_at),
            "started_at": _moment(self.started_at),
            "finished_at": _moment(self.finished_at),
        }


@dataclass(frozen=True, slots=True)
class File:
    """Results to be downloaded, at once or in pieces. `contents` says which they are, in short."""

    name: str
    contents: bytes
    media_type: str
    content: bytes | AsyncIterator[bytes]


class RunInProgress(Exception):
    """The report runs already, or is about to."""

    def __init__(self) -> None:
        super().__init__("The report runs already. Wait until that run is done.")


class RunNotDone(Exception):
    """The run has no results, yet or at all."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"The run is {status}, and only one that SUCCEEDED has results.")


class NoSuchSection(Exception):
    """The run has fewer sections."""

    def __init__(self, sections: int) -> None:
        super().__init__(f"The report has {sections} sections; the first one is 1.")


def _moment(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
