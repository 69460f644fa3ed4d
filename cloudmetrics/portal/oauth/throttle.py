"""Slows down whoever calls the pages and endpoints too often, by their address.

What is guessed here has 256 random bits, and passwords have limits of their own;
this only keeps one machine from taking all of ours. So while Redis is away,
nobody is counted.
"""

from __future__ import annotations

from werkzeug.exceptions import TooManyRequests

from cloudmetrics.accounts.networks import counted_as
from cloudmetrics.platform import clock
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.portal.oauth.addresses import client_address
from cloudmetrics.portal.oauth.services import Services

WINDOW_SECONDS = 60
# A server that refreshes its people's tokens each hour may have 18,000 of them.
PROGRAMS, PAGES = 300, 120


def admit(services: Services, kind: str, most: int) -> None:
    """Counts a request. Raises TooManyRequests, which says when to go on."""
    now = int(clock.now().timestamp())
    who = services.keyring.digest("oauth address", counted_as(client_address()).encode()).hex()[:32]
    key = f"oauth:{kind}:{who}:{now // WINDOW_SECONDS}"
    try:
        (count,) = services.call(services.redis.count({key: WINDOW_SECONDS}))
    except Unavailable:
        return
    if count > most:
        raise TooManyRequests(retry_after=WINDOW_SECONDS - now % WINDOW_SECONDS)
