"""Usage: the operation of spec/paths/usage.yaml."""

from __future__ import annotations

from typing import Any

from cloudmetrics.contract import Request
from cloudmetrics.gateway.limits.service import standings
from cloudmetrics.platform.caller import Caller
from cloudmetrics.usage import service as usage


async def get_usage(
    caller: Caller, request: Request, start_date: str | None, end_date: str | None
) -> dict[str, Any]:
    found = await usage.get(caller, start_date=start_date, end_date=end_date)
    return {"data": found.to_json() | {"rate_limits": standings(request)}, "meta": found.question()}
