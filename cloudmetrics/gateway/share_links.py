"""From the token of a share link to whoever may see one dashboard by it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from cloudmetrics.boards.share_links import service as share_links
from cloudmetrics.contract import Authenticator, Grant, Request, Unauthorized
from cloudmetrics.gateway.authentication import REFUSAL_SECONDS
from cloudmetrics.gateway.client_address import client_address
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.signing import Keyring


def share_link_authenticator(database: Database, keyring: Keyring) -> Authenticator:
    """Nothing is remembered, so that a link that was revoked opens nothing from that moment on.

    The caller has no allowance of its own: whoever comes by a link is counted as a
    stranger is, by their address.
    """

    async def authenticate(request: Request, credential: str) -> Grant:
        """Raises Unauthorized: the same for every bad token, so that nobody learns what is wrong with it."""
        begun = time.monotonic()
        caller = await share_links.open_link(database, keyring, credential)
        if caller is None:
            await asyncio.sleep(REFUSAL_SECONDS - (time.monotonic() - begun))
            raise Unauthorized
        return Grant(replace(caller, address=client_address(request)))

    return authenticate
