"""What can go wrong in any area. The gateway's table says how each looks over HTTP.

NotFound         the workspace has no such thing
InvalidCursor    a cursor that is not of this list
TooManyRequests  more requests than the caller is allowed
OutOfQuota       more than the workspace's plan has left
QueryTooSlow     a question that would take longer than it may
Unavailable      a part that the service stands on cannot be reached
└── Overtaken    others changed the same things at the same moment
"""

from collections.abc import Mapping
from typing import Any


class NotFound(Exception):
    """The workspace has no such thing, or it belongs to another one."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The workspace has no such {what}.")


class InvalidCursor(Exception):
    """The cursor was changed, or comes from another list or workspace."""

    def __init__(self) -> None:
        super().__init__("Send the cursor exactly as the page before gave it, to the same list.")


class LimitReached(Exception):
    """The caller is not allowed as much. `seconds` is when another try makes sense; `details` say more."""

    def __init__(self, message: str, seconds: int, details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.details = dict(details)


class TooManyRequests(LimitReached):
    """More requests than the caller is allowed."""


class OutOfQuota(LimitReached):
    """More than what is left of the workspace's quota."""


class QueryTooSlow(Exception):
    """A question was given up, because answering it took longer than it may. Nothing of it goes on."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The answer would take more than {seconds:g} s. Ask for fewer days, for one website,"
            " or for less that only events can tell."
        )


class Unavailable(Exception):
    """A part that the service stands on cannot be reached; trying again will help."""


class Overtaken(Unavailable):
    """Others changed the same things at the same moment. Nothing was done; trying again will help."""
