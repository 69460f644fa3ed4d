"""The clock of a sandbox, and what can stand against moving it.

SandboxRequired  time is moved in sandboxes only
MomentPassed     a clock only goes forward
MomentTooFar     a clock cannot be moved as far
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cloudmetrics.platform.clock import iso

# How far ahead of the real time a clock can be: ten years.
MOST_AHEAD = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class TestClock:
    """What a sandbox's clock shows at a moment of the real time. It goes on from there like any clock."""

    # pytest would take it for a test.
    __test__ = False

    real_time: datetime
    ahead: timedelta

    def to_json(self) -> dict[str, Any]:
        return {
            "now": iso(self.real_time + self.ahead),
            "real_time": iso(self.real_time),
            "ahead_seconds": self.ahead // timedelta(seconds=1),
        }


class SandboxRequired(Exception):
    """A credential of a live workspace asks for a test clock."""

    def __init__(self) -> None:
        super().__init__("Only the time of a sandbox can be moved; use a cm_test_ key.")


class MomentPassed(Exception):
    """The clock should show a moment that it has passed already."""

    def __init__(self, now: datetime) -> None:
        super().__init__(f"The clock shows {iso(now)} already, and only goes forward.")


class MomentTooFar(Exception):
    """The clock would be further ahead than it can be; `field` says what asked for it."""

    def __init__(self, field: str) -> None:
        super().__init__(f"The clock can be at most {MOST_AHEAD.days:,} days ahead of the real time.")
        self.field = field
