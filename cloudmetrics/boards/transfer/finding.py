"""What the ids in a document stand for where it is brought in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from uuid import UUID

from cloudmetrics.analytics.goals import service as goals
from cloudmetrics.analytics.saved_funnels import service as saved_funnels
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.boards.transfer.models import Document
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import NotFound


class Finder:
    """Finds what a document names: by what the caller said, by the id itself, or by what it is called."""

    def __init__(self, caller: Caller, document: Document, becomes: Mapping[UUID, UUID]) -> None:
        self._caller = caller
        self._document = document
        self._becomes = becomes
        self._websites: dict[UUID, UUID | None] = {}

    async def website(self, website_id: UUID) -> UUID | None:
        """The website that is meant, or None where the workspace has none like it."""
        if website_id not in self._websites:
            self._websites[website_id] = await self._find_website(website_id)
        return self._websites[website_id]

    async def _find_website(self, website_id: UUID) -> UUID | None:
        wanted = self._becomes.get(website_id, website_id)
        with suppress(NotFound):
            return (await websites.get(self._caller, wanted)).id
        site = self._document.websites.get(website_id)
        if site is None or website_id in self._becomes:
            return None
        for same in ({"domain": site.domain.lower()}, {"name": site.name}):
            found = (await websites.list_page(self._caller, {**same, "limit": 2})).items
            # A domain is there once; of two with one name, nobody knows which is meant.
            if len(found) == 1:
                return found[0].id
        return None

    async def goal(self, goal_id: UUID) -> UUID | None:
        """The goal that is meant: the same, or the oldest of its name on the website that is meant."""
        named = self._document.goals.get(goal_id)
        website_id = await self.website(named.website_id) if named else None
        with suppress(NotFound):
            goal = await goals.get(self._caller, goal_id)
            if website_id in (None, goal.website_id):
                return goal.id
        if named is None or website_id is None:
            return None
        query = {"website_id": str(website_id), "name": named.name, "limit": 1}
        return _first(each.id for each in (await goals.list_page(self._caller, query)).items)

    async def funnel(self, funnel_id: UUID) -> UUID | None:
        """The funnel that is meant, found as a goal is."""
        named = self._document.funnels.get(funnel_id)
        website_id = await self.website(named.website_id) if named else None
        with suppress(NotFound):
            funnel = await saved_funnels.get(self._caller, funnel_id)
            if website_id in (None, funnel.website_id):
                return funnel.id
        if named is None or website_id is None:
            return None
        query = {"website_id": str(website_id), "name": named.name, "status": "ACTIVE", "limit": 1}
        return _first(each.id for each in (await saved_funnels.list_page(self._caller, query)).items)


def _first(found: Iterable[UUID]) -> UUID | None:
    return next(iter(found), None)
