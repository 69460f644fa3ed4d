"""Serves the small contract to whoever knows the one key."""

from pathlib import Path

from cloudmetrics.contract import Contract, Grant, Request, Unauthorized, serve


async def admit(_request: Request, credential: str) -> Grant:
    if credential != "full":
        raise Unauthorized
    return Grant(None, frozenset({"things:read", "things:full"}))


app = serve(
    Contract.load(Path(__file__).with_name("spec") / "openapi.yaml"),
    handlers="handlers",
    authenticators={"api_key": admit, "bearer": admit},
)
