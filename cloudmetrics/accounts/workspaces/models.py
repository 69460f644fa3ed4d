"""Workspaces, and what can stand against a wish about one.

InvalidName      a name that is blank or too long
PersonRequired   only a person can do this, not a program
LiveCredentialRequired   the sandbox cannot reach out of itself
OwnerRequired    only an owner can do this
LockedOut        the caller would shut out themselves
TooManyWorkspaces
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from cloudmetrics.platform.caller import Role
from cloudmetrics.platform.clock import iso

Plan = Literal["FREE", "PRO", "STARTER", "GROWTH", "ENTERPRISE"]

# How long a deleted workspace can be brought back.
GRACE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Workspace:
    """The home of websites, events, keys and people.

    Either `sandbox_id` names its sandbox, or, if it is one, `sandbox_of` the
    workspace that it belongs to. `deleted_at` is set while it waits to be removed.
    """

    id: UUID
    name: str
    plan: Plan
    timezone: str
    currency: str
    created_at: datetime
    sandbox_id: UUID | None = None
    sandbox_of: UUID | None = None
    cors_origins: tuple[str, ...] = ()
    allowed_networks: tuple[str, ...] = ()
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShownWorkspace:
    """A workspace as it is shown to somebody with a role in it; a program has none."""

    workspace: Workspace
    role: Role | None

    @property
    def id(self) -> UUID:
        return self.workspace.id

    def to_json(self) -> dict[str, Any]:
        shown, deleted_at = self.workspace, self.workspace.deleted_at
        return {
            "id": str(shown.id),
            "name": shown.name,
            "plan": shown.plan,
            "timezone": shown.timezone,
            "currency": shown.currency,
            "cors_origins": list(shown.cors_origins),
            "allowed_networks": list(shown.allowed_networks),
            "is_sandbox": shown.sandbox_of is not None,
            "role": self.role,
            "created_at": iso(shown.created_at),
            "deleted_at": iso(deleted_at) if deleted_at else None,
            "removed_after": iso(deleted_at + GRACE) if deleted_at else None,
        }


class InvalidName(Exception):
    """A workspace's name has 1 to 100 characters."""


class PersonRequired(Exception):
    """A program asks for what only a person can do."""

    def __init__(self) -> None:
        super().__init__("Only a person can do this: use a token that a person has granted.")


class LiveCredentialRequired(Exception):
    """A credential of the sandbox asks for something outside of it."""

    def __init__(self) -> None:
        super().__init__("A credential of the sandbox cannot do this; use one of the live workspace.")


class OwnerRequired(Exception):
    """Somebody who is no owner asks for what only owners can do."""

    def __init__(self) -> None:
        super().__init__("Only an owner of the workspace can do this, with a token of their own.")


class LockedOut(Exception):
    """The networks leave out the address that the request comes from."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"You call from {address}, which the networks leave out: you would lock yourself out."
        )


class StillReferred(Exception):
    """Rows cannot be removed, since somebody has added one that refers to them."""


class TooManyWorkspaces(Exception):
    """The person is a member of as many workspaces as one can be."""

    def __init__(self, most: int) -> None:
        super().__init__(f"You are a member of {most} workspaces, and cannot be one of more.")
