"""Stock Connexion, its AsyncApp, on the 3.0 copy of the contract."""

from typing import Any

from connexion import AsyncApp
from connexion.resolver import Resolver

from bench.peers.data import contract_3_0, goal_list, receipts


async def list_goals(
    website_id: str, limit: int = 100, status: str | None = None, created_since: str | None = None
) -> Any:
    return goal_list(limit)


async def create_events(body: dict[str, Any]) -> Any:
    return receipts([event["id"] for event in body["events"]])


HANDLERS = {"list-goals": list_goals, "create-events": create_events}

app = AsyncApp(__name__)
app.add_api(contract_3_0(), resolver=Resolver(HANDLERS.__getitem__), validate_responses=True)
