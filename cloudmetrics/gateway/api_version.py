"""Which version of the API a client was written for, and whether this one will do.

Within a major version everything stays, and things are added: `Accept-Version: 1.2` is
satisfied by 1.2 and any later 1.x. Whoever sends none takes what there is.
"""

from __future__ import annotations

import re

from cloudmetrics.contract import ASGIApp, Receive, Request, Scope, Send
from cloudmetrics.contract.endpoint import send_response
from cloudmetrics.gateway.problems import Problems

HEADER = b"accept-version"
WANTED = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?")


class ApiVersion:
    """ASGI middleware that refuses requests for a version that is not offered."""

    def __init__(self, app: ASGIApp, *, version: str, problems: Problems) -> None:
        self.app = app
        self.version = version
        self.problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name == HEADER and not satisfies(self.version, value.decode("latin-1")):
                    request = Request(scope, receive)
                    response = await self.problems.of_version(request, self.version)
                    await send_response(response, send, head=scope["method"] == "HEAD")
                    return
        await self.app(scope, receive, send)


def satisfies(version: str, wanted: str) -> bool:
    """Whether a version will do for a client that was written for another one, given as 1, 1.2 or 1.2.3."""
    found = WANTED.fullmatch(wanted.strip())
    offered = WANTED.match(version)
    if found is None or offered is None or int(found[1]) != int(offered[1]):
        return False
    return _after_major(offered) >= _after_major(found)


def _after_major(version: re.Match[str]) -> tuple[int, int]:
    return int(version[2] or 0), int(version[3] or 0)
