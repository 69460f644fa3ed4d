"""Entries of the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from cloudmetrics.platform.caller import Caller, CredentialKind
from cloudmetrics.platform.clock import iso


class Action(StrEnum):
    """What can be written down. The contract lists the same, by test."""

    WORKSPACE_CREATED = "WORKSPACE_CREATED"
    WORKSPACE_UPDATED = "WORKSPACE_UPDATED"
    WORKSPACE_DELETED = "WORKSPACE_DELETED"
    WORKSPACE_RESTORED = "WORKSPACE_RESTORED"
    MEMBER_ADDED = "MEMBER_ADDED"
    MEMBER_ROLE_CHANGED = "MEMBER_ROLE_CHANGED"
    MEMBER_REMOVED = "MEMBER_REMOVED"
    INVITATION_CREATED = "INVITATION_CREATED"
    INVITATION_RESENT = "INVITATION_RESENT"
    INVITATION_REVOKED = "INVITATION_REVOKED"
    API_KEY_CREATED = "API_KEY_CREATED"
    API_KEY_UPDATED = "API_KEY_UPDATED"
    API_KEY_ROTATED = "API_KEY_ROTATED"
    API_KEY_REVOKED = "API_KEY_REVOKED"
    API_KEY_LEAKED = "API_KEY_LEAKED"
    OAUTH_CLIENT_CREATED = "OAUTH_CLIENT_CREATED"
    OAUTH_CLIENT_UPDATED = "OAUTH_CLIENT_UPDATED"
    OAUTH_CLIENT_SECRET_ROTATED = "OAUTH_CLIENT_SECRET_ROTATED"  # noqa: S105
    OAUTH_CLIENT_DELETED = "OAUTH_CLIENT_DELETED"
    OAUTH_GRANT_CREATED = "OAUTH_GRANT_CREATED"
    OAUTH_GRANT_REVOKED = "OAUTH_GRANT_REVOKED"
    WEBSITE_DELETED = "WEBSITE_DELETED"
    WEBSITE_RESTORED = "WEBSITE_RESTORED"
    GOAL_DELETED = "GOAL_DELETED"
    GOAL_RESTORED = "GOAL_RESTORED"
    ALERT_CREATED = "ALERT_CREATED"
    ALERT_UPDATED = "ALERT_UPDATED"
    ALERT_DELETED = "ALERT_DELETED"
    ALERT_CHANNEL_CREATED = "ALERT_CHANNEL_CREATED"
    ALERT_CHANNEL_DELETED = "ALERT_CHANNEL_DELETED"
    ALERT_DELIVERY_RESENT = "ALERT_DELIVERY_RESENT"
    BUDGET_CREATED = "BUDGET_CREATED"
    BUDGET_UPDATED = "BUDGET_UPDATED"
    BUDGET_DELETED = "BUDGET_DELETED"
    ALLOCATION_CREATED = "ALLOCATION_CREATED"
    ALLOCATION_DELETED = "ALLOCATION_DELETED"
    COST_IMPORT_CREATED = "COST_IMPORT_CREATED"
    FUNNEL_DELETED = "FUNNEL_DELETED"
    FUNNEL_RESTORED = "FUNNEL_RESTORED"
    DASHBOARD_DELETED = "DASHBOARD_DELETED"
    DASHBOARD_RESTORED = "DASHBOARD_RESTORED"
    SHARE_LINK_CREATED = "SHARE_LINK_CREATED"
    SHARE_LINK_REVOKED = "SHARE_LINK_REVOKED"
    SIGNED_IN = "SIGNED_IN"
    REPORT_CREATED = "REPORT_CREATED"
    REPORT_UPDATED = "REPORT_UPDATED"
    REPORT_DELETED = "REPORT_DELETED"
    PASSWORD_SET = "PASSWORD_SET"  # noqa: S105
    SECOND_FACTOR_ENABLED = "SECOND_FACTOR_ENABLED"
    SECOND_FACTOR_REMOVED = "SECOND_FACTOR_REMOVED"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. All is None where the service acted on its own account."""

    user_id: UUID | None = None
    credential_kind: CredentialKind | None = None
    credential_id: UUID | None = None
    address: str | None = None

    @classmethod
    def of(cls, caller: Caller) -> Actor:
        return cls(caller.user_id, caller.credential_kind, caller.credential_id, caller.address)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was done: never changed, never removed while the workspace lives."""

    id: UUID
    recorded_at: datetime
    action: str
    user_id: UUID | None
    credential_kind: CredentialKind | None
    credential_id: UUID | None
    address: str | None
    subject_kind: str
    subject_id: UUID | None
    details: dict[str, Any]
    request_id: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "recorded_at": iso(self.recorded_at),
            "action": self.action,
            "user_id": _text(self.user_id),
            "credential": self.credential_kind
            and {"kind": self.credential_kind, "id": _text(self.credential_id)},
            "address": self.address,
            "subject": {"kind": self.subject_kind, "id": _text(self.subject_id)},
            "details": self.details,
            "request_id": self.request_id,
        }


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None
