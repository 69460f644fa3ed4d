"""Events."""

from typing import Any

from bench.peers.data import receipts


async def create_events(body: dict[str, Any]) -> Any:
    return receipts([event["id"] for event in body["events"]])
