"""Audit log: the operation of spec/paths/audit-log.yaml."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.contract import Request
from cloudmetrics.gateway.shapes import Answer, many
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.clock import read_moment


async def list_audit_log(
    caller: Caller,
    request: Request,
    action: str | None,
    user_id: str | None,
    credential_id: str | None,
    subject_id: str | None,
    from_: str | None,
    to: str | None,
    cursor: str | None,
    limit: int,
) -> Answer:
    page = await audit.list_page(
        caller,
        action=action,
        user_id=UUID(user_id) if user_id else None,
        credential_id=UUID(credential_id) if credential_id else None,
        subject_id=UUID(subject_id) if subject_id else None,
        since=read_moment(from_, "from"),
        until=read_moment(to, "to"),
        cursor=cursor,
        limit=limit,
    )
    return many(request, page, limit)
