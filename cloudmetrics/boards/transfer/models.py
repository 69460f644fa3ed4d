"""A dashboard as a document, which means the same in every workspace.

It names websites, goals and funnels by the ids that they have where it comes from,
and says besides what they are called, so that they are found where it goes to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cloudmetrics.boards.dashboards.models import Settings
from cloudmetrics.boards.widgets.models import Draft

FORMAT, VERSION = "cloudmetrics.dashboard", 1


@dataclass(frozen=True, slots=True)
class Named:
    """A goal or a funnel of a website."""

    website_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Site:
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class Document:
    """A dashboard, and what the ids in it stand for."""

    settings: Settings
    drafts: Sequence[Draft]
    websites: Mapping[UUID, Site]
    goals: Mapping[UUID, Named]
    funnels: Mapping[UUID, Named]

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> Document:
        """From a body that fits the contract."""
        return cls(
            Settings.from_json({**sent["dashboard"], "position": 0}),
            [Draft.from_json(each) for each in sent["widgets"]],
            {UUID(each["id"]): Site(each["name"], each["domain"]) for each in sent["websites"]},
            _named_from(sent["goals"]),
            _named_from(sent["funnels"]),
        )

    def to_json(self) -> dict[str, Any]:
        settings = self.settings.to_json()
        return {
            "format": FORMAT,
            "version": VERSION,
            "dashboard": {name: settings[name] for name in ("name", "description", "website_id", "range")},
            "widgets": [draft.to_json() for draft in self.drafts],
            "websites": [
                {"id": str(website_id), "name": site.name, "domain": site.domain}
                for website_id, site in self.websites.items()
            ],
            "goals": _named_to(self.goals),
            "funnels": _named_to(self.funnels),
        }


def _named_from(sent: Sequence[Mapping[str, Any]]) -> dict[UUID, Named]:
    return {UUID(each["id"]): Named(UUID(each["of_website"]), each["name"]) for each in sent}


def _named_to(named: Mapping[UUID, Named]) -> list[dict[str, Any]]:
    return [
        {"id": str(identifier), "of_website": str(each.website_id), "name": each.name}
        for identifier, each in named.items()
    ]
