"""Members of a workspace.

LastOwner      a workspace has always an owner
AlreadyMember  the person is one already
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.platform.caller import Role
from cloudmetrics.platform.clock import iso


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a workspace. `id` is the person's."""

    id: UUID
    email: str
    role: Role
    joined_at: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "email": self.email,
            "role": self.role,
            "joined_at": iso(self.joined_at),
        }


class LastOwner(Exception):
    """The only owner can neither leave nor be anything less."""

    def __init__(self) -> None:
        super().__init__("A workspace needs an owner. Make somebody else an owner first.")


class AlreadyMember(Exception):
    """The person is a member already."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is a member already.")
