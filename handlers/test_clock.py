"""The test clock: the operations of spec/paths/test-clock.yaml."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.gateway.shapes import one
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import read_moment


async def get_test_clock(caller: Caller) -> dict[str, Any]:
    return one(await test_clocks.get(caller))


async def advance_test_clock(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    moment = read_moment(body.get("to"), "to")
    if moment is not None:
        return one(await test_clocks.advance_to(caller, moment))
    return one(await test_clocks.advance(caller, timedelta(seconds=int(body["advance_seconds"]))))


async def delete_test_clock(caller: Caller) -> None:
    await test_clocks.stop(caller)
