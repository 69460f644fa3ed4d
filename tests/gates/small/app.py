"""Serves the small contract; every credential may do everything."""

from pathlib import Path

from cloudmetrics.contract import Contract, Grant, Request, serve


async def admit(_request: Request, _credential: str) -> Grant:
    return Grant(None, frozenset({"things:read", "things:full"}))


app = serve(
    Contract.load(Path(__file__).with_name("spec") / "openapi.yaml"),
    handlers="handlers",
    authenticators={"api_key": admit, "bearer": admit},
)
