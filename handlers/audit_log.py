"""Audit log: the operation of spec/paths/audit-log.yaml."""

from __future__ import annotations

from typing import Any

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.relations import OF_AUDIT_ENTRY
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, listed
from cloudmetrics.platform.caller import Caller


async def list_audit_log(caller: Caller, request: Request, **query: Any) -> Answer:
    return await listed(request, caller, await audit.list_page(caller, query), query, OF_AUDIT_ENTRY)
