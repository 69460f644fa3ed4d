"""Batch: the operation of spec/paths/batch.yaml."""

from __future__ import annotations

from typing import Any

from cloudmetrics.contract import Request
from cloudmetrics.gateway import batch
from cloudmetrics.platform.caller import Caller


async def run_batch(caller: Caller, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    found = await batch.answers(request, caller, body["requests"], atomic=body["atomic"])
    return {"data": {"atomic": body["atomic"], "answers": found}, "meta": {}}
