"""Imports: what was sent, how far it was read, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from cloudmetrics.platform.clock import iso

MOST_ERRORS = 100


class Status(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class OnError(StrEnum):
    """What rows that cannot be loaded mean for the others."""

    SKIP = "SKIP"
    ABORT = "ABORT"


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill that counts as an import brought it."""

    provider: str
    billing_account: str
    billing_period: date
    charges: int

    def to_json(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "billing_account": self.billing_account,
            "billing_period_start": self.billing_period.isoformat(),
            "rows": self.charges,
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a file was read. `errors` has the first rejected rows as JSON objects."""

    pieces_read: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    errors: Sequence[Mapping[str, Any]] = ()
    focus_version: str | None = None


@dataclass(frozen=True, slots=True)
class CostImport:
    """A file that was sent. `bytes` is its size as it came; `pieces` is in how many it is kept."""

    id: UUID
    status: Status
    on_error: OnError
    bytes: int
    pieces: int
    tally: Tally
    failure: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    bills: list[Bill] = field(default_factory=list)

    @property
    def progress(self) -> float:
        """Which part of the file was read, from 0 to 1."""
        if self.status is Status.SUCCEEDED:
            return 1.0
        return self.tally.pieces_read / self.pieces if self.pieces else 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "status": self.status.value,
            "on_error": self.on_error.value,
            "bytes": self.bytes,
            "progress": self.progress,
            "focus_version": self.tally.focus_version,
            "rows_read": self.tally.rows_read,
            "rows_loaded": self.tally.rows_loaded,
            "rows_rejected": self.tally.rows_rejected,
            "errors": list(self.tally.errors),
            "failure": dict(self.failure) if self.failure else None,
            "bills": [bill.to_json() for bill in self.bills],
            "created_at": iso(self.created_at),
            "started_at": iso(self.started_at) if self.started_at else None,
            "finished_at": iso(self.finished_at) if self.finished_at else None,
        }


class TooManyImports(Exception):
    """As many imports wait or run as a workspace may have at once."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} imports of the workspace are not finished yet.")


class RunSuperseded(Exception):
    """Another run of the same import has begun, or it is over: this one may write no more."""
