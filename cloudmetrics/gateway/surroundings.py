"""What a handler may need of the gateway besides the caller: it travels in the request's scope."""

from __future__ import annotations

from cloudmetrics.contract import ASGIApp, Receive, Request, Scope, Send
from cloudmetrics.gateway.problems import Problems

KEY = "gateway.surroundings"


class Surroundings:
    """ASGI middleware. `base_url` is where the service is reached from outside."""

    def __init__(self, app: ASGIApp, problems: Problems, base_url: str) -> None:
        self.app = app
        self.problems = problems
        self.base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[KEY] = self
        await self.app(scope, receive, send)


def problems_of(request: Request) -> Problems:
    """What writes problem documents."""
    return _of(request).problems


def address_of(request: Request, path: str) -> str:
    """A path as an address that works from outside."""
    return f"{_of(request).base_url}{path}"


def _of(request: Request) -> Surroundings:
    found: Surroundings = request.scope[KEY]
    return found
