"""Goals."""

from typing import Any

from bench.peers.data import goal_list


async def list_goals(website_id: str, limit: int, status: str | None, created_since: str | None) -> Any:
    return goal_list(limit)
