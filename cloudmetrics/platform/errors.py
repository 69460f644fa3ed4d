"""What can go wrong in any area. The gateway's table says how each looks over HTTP.

NotFound         the workspace has no such thing
InvalidCursor    a cursor that is not of this list
QueryTooSlow     a question that would take longer than it may
Unavailable      a part that the service stands on cannot be reached
"""


class NotFound(Exception):
    """The workspace has no such thing, or it belongs to another one."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The workspace has no such {what}.")


class InvalidCursor(Exception):
    """The cursor was changed, or comes from another list or workspace."""

    def __init__(self) -> None:
        super().__init__("Send the cursor exactly as the page before gave it, to the same list.")


class QueryTooSlow(Exception):
    """A question was given up, because answering it took longer than it may. Nothing of it goes on."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The answer would take more than {seconds:g} s. Ask for fewer days, for one website,"
            " or for less that only events can tell."
        )


class Unavailable(Exception):
    """A part that the service stands on cannot be reached; trying again will help."""
