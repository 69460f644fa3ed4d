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


def base_url_of(request: Request) -> str:
    """Where the service is reached from outside."""
    return _of(request).base_url


def _of(request: Request) -> Surroundings:
    found: Surroundings = request.scope[KEY]
    return found
