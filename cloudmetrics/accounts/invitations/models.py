"""Invitations to a workspace.

AlreadyInvited       there is one for this address already
WrongInvitee         it was sent to somebody else than who accepts it
PasswordRequired     whoever has no account yet has to choose a password
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from cloudmetrics.platform.caller import Role
from cloudmetrics.platform.clock import iso

LIFE = timedelta(days=7)

Status = Literal["PENDING", "EXPIRED"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody may become a member. It is gone once it is accepted or revoked."""

    id: UUID
    email: str
    role: Role
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShownInvitation:
    """An invitation as it is shown at some moment."""

    invitation: Invitation
    now: datetime

    @property
    def id(self) -> UUID:
        return self.invitation.id

    def to_json(self) -> dict[str, Any]:
        shown = self.invitation
        status: Status = "EXPIRED" if shown.expires_at <= self.now else "PENDING"
        return {
            "id": str(shown.id),
            "email": shown.email,
            "role": shown.role,
            "status": status,
            "invited_by": str(shown.invited_by) if shown.invited_by else None,
            "created_at": iso(shown.created_at),
            "expires_at": iso(shown.expires_at),
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """What the holder of a token is invited to, and whether they have an account already."""

    workspace_id: UUID
    workspace_name: str
    email: str
    role: Role
    user_id: UUID | None


class AlreadyInvited(Exception):
    """There is an invitation for this address already."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is invited already. Resend or revoke that invitation.")


class WrongInvitee(Exception):
    """The invitation was sent to another address than that of whoever accepts it."""

    def __init__(self) -> None:
        super().__init__("The invitation was sent to another address than that of your account.")


class PasswordRequired(Exception):
    """There is no account with this address yet, so a password has to be chosen."""

    def __init__(self) -> None:
        super().__init__("Choose a password: there is no account with this address yet.")
