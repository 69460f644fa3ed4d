"""The time: the real one, and each workspace's own, which a test clock can move ahead."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


class Clocked(Protocol):
    """Whatever lives by a clock of its own, such as a tenant."""

    @property
    def ahead(self) -> timedelta: ...


def now_of(tenant: Clocked) -> datetime:
    """The present moment in a workspace, in UTC. All that happens inside of one happens by this clock."""
    return now() + tenant.ahead


def today_of(tenant: Clocked, timezone: str) -> date:
    """The present day in a workspace, somewhere in the world."""
    return now_of(tenant).astimezone(ZoneInfo(timezone)).date()


class InvalidMoment(Exception):
    """A moment that the calendar does not have, such as a leap second; `field` says where it stands."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(f"`{text}` is no moment that can be stored.")
        self.field = field


def read_moment(text: str | None, field: str) -> datetime | None:
    """A moment as the contract has checked it (RFC 3339), in UTC. Raises InvalidMoment."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidMoment(text, field) from None


def iso(moment: datetime) -> str:
    """A moment in UTC as the API writes it: 2026-11-03T09:30:00.123456Z."""
    return moment.isoformat().replace("+00:00", "Z")
