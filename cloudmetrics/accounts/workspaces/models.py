"""Workspaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from cloudmetrics.platform.clock import iso

Plan = Literal["FREE", "PRO", "STARTER", "GROWTH", "ENTERPRISE"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """The home of websites, events, keys and people.

    Either `sandbox_id` names its sandbox, or, if it is one, `sandbox_of` the
    workspace that it belongs to.
    """

    id: UUID
    name: str
    plan: Plan
    timezone: str
    currency: str
    created_at: datetime
    sandbox_id: UUID | None = None
    sandbox_of: UUID | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "plan": self.plan,
            "timezone": self.timezone,
            "currency": self.currency,
            "created_at": iso(self.created_at),
        }


class InvalidName(Exception):
    """A workspace's name has 1 to 100 characters."""
