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
    leap = 0
    if ":60" in text:
        text, leap = LEAP_SECOND.subn(r"\g<1>59", text)
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
        return moment + timedelta(seconds=leap) if leap else moment
    except (ValueError, OverflowError):
        return None
