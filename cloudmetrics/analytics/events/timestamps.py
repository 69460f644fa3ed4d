"""Timestamps as clients write them (RFC 3339), as moments in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

LEAP_SECOND = re.compile(r"(T\d\d:\d\d:)60")


def parse_timestamp(text: str) -> datetime | None:
    """The moment in UTC, cut to microseconds, or None where it is outside of the years 1 to 9999.

    A leap second is the second after it, which is how the clocks that
    everything here runs on count.
    """
    text = text.upper()
    ordinary, leap = LEAP_SECOND.subn(r"\g<1>59", text)
    try:
        return datetime.fromisoformat(ordinary).astimezone(UTC) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        return None
