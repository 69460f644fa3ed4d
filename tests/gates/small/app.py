"""Serves the small contract to whoever knows one of its two keys."""

from pathlib import Path

from cloudmetrics.contract import Contract, Grant, Request, Unauthorized, serve

KEYS = {"full": {"things:read", "things:full"}, "read": {"things:read"}}


async def admit(_request: Request, credential: str) -> Grant:
    if credential not in KEYS:
        raise Unauthorized
    return Grant(None, frozenset(KEYS[credential]))


app = serve(
    Contract.load(Path(__file__).with_name("spec") / "openapi.yaml"),
    handlers="handlers",
    authenticators={"api_key": admit, "bearer": admit},
)
