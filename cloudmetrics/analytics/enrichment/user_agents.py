"""Device, browser and system from a user agent, by ua-parser and the data of its project.

Its expressions run in linear time, so that no user agent takes long. The text itself
is not stored, only kept in memory while it is among the last ones seen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ua_parser import parse

# A batch has few different ones; to read a new one takes as long as to store an event.
REMEMBERED = 4096
LONGEST = 1024
LONGEST_NAME = 50

DESKTOPS = ("Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Debian", "FreeBSD", "OpenBSD", "Chrome OS")


class Client(NamedTuple):
    """What a visitor uses; None for what the user agent does not tell."""

    device: str | None = None
    browser: str | None = None
    system: str | None = None


UNKNOWN = Client()


@lru_cache(REMEMBERED)
def read_user_agent(user_agent: str) -> Client:
    """Whoever says that it is a robot has the device `bot`; what no rule knows stays None."""
    # Halves of surrogate pairs are no text to the library.
    parsed = parse(user_agent[:LONGEST].encode("utf-8", "replace").decode())
    system = parsed.os.family if parsed.os else None
    device = parsed.device.family if parsed.device else ""
    browser = parsed.user_agent.family if parsed.user_agent else None
    return Client(_form(device, system or "", user_agent), _short(browser), _short(system))


def read_header(user_agent: str) -> Client:
    """The same of a request's own header, which tells of the visitor only where a browser sent it."""
    return read_user_agent(user_agent[:LONGEST]) if user_agent.startswith("Mozilla/") else UNKNOWN


def _form(device: str, system: str, user_agent: str) -> str | None:
    if device == "Spider" or "Headless" in user_agent:
        return "bot"
    if system == "iOS":
        return "tablet" if device == "iPad" else "mobile"
    if system == "Android":
        # Google asks tablets to leave this word out.
        return "mobile" if "Mobile" in user_agent else "tablet"
    if system == "Windows Phone":
        return "mobile"
    return "desktop" if system in DESKTOPS else None


def _short(name: str | None) -> str | None:
    return name[:LONGEST_NAME] if name else None
