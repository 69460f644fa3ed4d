"""Where a code may be sent: what a client may register, and what counts as the same place."""

from __future__ import annotations

import re

LONGEST = 500

# No user, no fragment, no space, no backslash, nothing that browsers would mend or drop.
PATH = r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*)?"
HOST = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
WEB = re.compile(rf"https://{HOST}(?::[1-9][0-9]{{0,4}})?{PATH}")
LOOPBACK = re.compile(rf"(http://(?:127\.0\.0\.1|\[::1\]))(?::[1-9][0-9]{{0,4}})?({PATH})")
LOCALHOST = re.compile(rf"http://localhost(?::[1-9][0-9]{{0,4}})?{PATH}")
# RFC 8252 asks for a domain name in reverse, which also leaves out javascript: and its kind.
PRIVATE = re.compile(rf"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:{PATH}")
ORIGIN = re.compile(r"[a-z][a-z0-9.+-]*:(?://[^/?#]*)?")


class UnfitRedirect(Exception):
    """A code cannot be sent there; the message says what can be registered."""


def require_redirect(uri: str, *, native: bool) -> None:
    """Raises UnfitRedirect. `native` clients may also have a scheme of their own."""
    if len(uri) > LONGEST:
        raise UnfitRedirect(f"An address has at most {LONGEST} characters.")
    if WEB.fullmatch(uri) or LOOPBACK.fullmatch(uri) or LOCALHOST.fullmatch(uri):
        return
    if PRIVATE.fullmatch(uri):
        if native:
            return
        raise UnfitRedirect("Only a public client can have a scheme of its own.")
    raise UnfitRedirect(
        "Send an https address, http://127.0.0.1 or, for an app, a scheme such as com.example.app:/done; "
        "the host in lower case, without a user and a fragment."
    )


def same_place(registered: str, asked: str) -> bool:
    """Whether two addresses are the same, letter by letter.

    At a loopback address the port may differ, since a program on a desktop
    gets whichever is free (RFC 8252, 7.3).
    """
    if registered == asked:
        return True
    one, other = LOOPBACK.fullmatch(registered), LOOPBACK.fullmatch(asked)
    return one is not None and other is not None and one.groups() == other.groups()


def origin(uri: str) -> str:
    """The part of an address that a content security policy names: `https://app.example.com`."""
    found = ORIGIN.match(uri)
    return found[0] if found else "'none'"
