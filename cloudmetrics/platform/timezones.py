"""Names of time zones, as both Python and PostgreSQL know them."""

from functools import cache
from zoneinfo import available_timezones

# Not places, but whatever a machine happens to be set to.
NOT_ZONES = {"localtime", "Factory"}


class UnknownTimezone(Exception):
    """The IANA database has no time zone of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` is not a time zone of the IANA database; write it like Europe/Berlin.")


@cache
def known_timezones() -> frozenset[str]:
    return frozenset(available_timezones() - NOT_ZONES)


def require_timezone(name: str) -> None:
    """Raises UnknownTimezone, also where only the spelling of upper and lower case differs."""
    if name not in known_timezones():
        raise UnknownTimezone(name)
