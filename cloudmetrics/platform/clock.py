"""The time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """A moment in UTC as the API writes it: 2026-11-03T09:30:00.123456Z."""
    return moment.isoformat().replace("+00:00", "Z")
