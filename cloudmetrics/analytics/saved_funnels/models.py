"""Saved funnels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.trash.models import shown
from cloudmetrics.analytics.goals.conditions import Condition
from cloudmetrics.platform.clock import iso
from cloudmetrics.platform.database import Row


@dataclass(frozen=True, slots=True)
class Plan:
    """What an editor decides about a funnel: its name, its steps in order, and the hours for all of them."""

    name: str
    steps: tuple[Condition, ...]
    window_hours: int

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> Plan:
        """From a body that fits the contract."""
        steps = tuple(Condition.from_json(step) for step in sent["steps"])
        return cls(sent["name"], steps, int(sent["window_hours"]))

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "steps": [step.to_json() for step in self.steps],
            "window_hours": self.window_hours,
        }


@dataclass(frozen=True, slots=True)
class SavedFunnel:
    id: UUID
    website_id: UUID
    plan: Plan
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    @property
    def name(self) -> str:
        return self.plan.name

    @classmethod
    def from_row(cls, row: Row) -> SavedFunnel:
        names = ("id", "website_id", "created_at", "updated_at", "deleted_at")
        return cls(plan=Plan.from_json(row), **{name: row[name] for name in names})

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "website_id": str(self.website_id),
            **self.plan.to_json(),
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
            **shown(self.deleted_at),
        }
