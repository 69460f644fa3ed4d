"""Taking dashboards out as documents, and bringing them in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.goals import service as goals
from cloudmetrics.analytics.questions.models import Fault, QuestionUnsound
from cloudmetrics.analytics.saved_funnels import service as saved_funnels
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.boards.dashboards import service as dashboards
from cloudmetrics.boards.dashboards.models import Dashboard, Settings
from cloudmetrics.boards.transfer.finding import Finder
from cloudmetrics.boards.transfer.models import Document, Named, Site
from cloudmetrics.boards.whole import service as whole
from cloudmetrics.boards.widgets import checking
from cloudmetrics.boards.widgets import store as widget_store
from cloudmetrics.boards.widgets.grid import overlapping
from cloudmetrics.boards.widgets.models import Draft, Kind
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import NotFound

DOCUMENT = "/document"


async def export(caller: Caller, dashboard_id: UUID) -> Document:
    """A dashboard as a document. What was deleted since is named by its id alone. Raises NotFound."""
    dashboard = await dashboards.get(caller, dashboard_id)
    drafts = [widget.draft for widget in await widget_store.all_of(caller.tenant, dashboard_id)]
    goals_named, funnels_named = await _goals(caller, drafts), await _funnels(caller, drafts)
    named = [*goals_named.values(), *funnels_named.values()]
    website_ids = {
        dashboard.settings.website_id,
        *map(_website_of, drafts),
        *(each.website_id for each in named),
    }
    sites = {}
    for website_id in sorted(each for each in website_ids if each is not None):
        with suppress(NotFound):
            website = await websites.get(caller, website_id)
            sites[website_id] = Site(website.name, website.domain)
    return Document(dashboard.settings, drafts, sites, goals_named, funnels_named)


async def bring_in(
    caller: Caller, document: Document, *, name: str | None = None, becomes: Mapping[UUID, UUID]
) -> Dashboard:
    """A dashboard of a document. `becomes` says which website stands for one of the document.

    Raises QuestionUnsound with everything that makes no sense in it, NameTaken, ScopeNotHeld.
    """
    checking.require_allowed(caller, document.drafts)
    finder = Finder(caller, document, becomes)
    faults = [
        Fault("UNKNOWN_WEBSITE", checking.UNKNOWN_WEBSITE, f"/websites/{number}/to")
        for number, source in enumerate(becomes)
        if await finder.website(source) is None
    ]
    settings = replace(document.settings, name=name or document.settings.name)
    if settings.website_id is not None:
        meant = await finder.website(settings.website_id)
        if meant is None:
            pointer = f"{DOCUMENT}/dashboard/website_id"
            faults.append(Fault("UNKNOWN_WEBSITE", checking.UNKNOWN_WEBSITE, pointer))
        settings = replace(settings, website_id=meant)
    drafts = [await _translated(draft, finder) for draft in document.drafts]
    for number, draft in enumerate(drafts):
        faults += await _faults(caller, draft, settings, number)
    faults += _overlaps(drafts)
    if faults:
        raise QuestionUnsound(faults)
    async with caller.tenant.transaction() as transaction:
        return await whole.create(transaction, caller, settings, drafts)


async def _faults(caller: Caller, draft: Draft, settings: Settings, number: int) -> list[Fault]:
    found = await checking.faults_of(caller, draft, settings)
    return [replace(fault, pointer=f"{DOCUMENT}/widgets/{number}{fault.pointer}") for fault in found]


def _overlaps(drafts: list[Draft]) -> list[Fault]:
    """Each widget that lies on one before it, once."""
    boxes = {UUID(int=number): draft.box for number, draft in enumerate(drafts) if draft.box is not None}
    later = sorted({second.int for _, second in overlapping(boxes)})
    message = "It overlaps a widget before it."
    return [Fault("OVERLAP", message, f"{DOCUMENT}/widgets/{number}/layout") for number in later]


async def _translated(draft: Draft, finder: Finder) -> Draft:
    """A widget with the ids of this workspace. What is not found stays, and is found wanting later."""
    if draft.kind is Kind.FUNNEL:
        meant = await finder.funnel(UUID(draft.content["funnel_id"]))
        return replace(draft, content=_with(draft.content, funnel_id=meant))
    if draft.question is None:
        return draft
    query: dict[str, Any] = draft.question
    if query["website_id"] is not None:
        query = _with(query, website_id=await finder.website(UUID(query["website_id"])))
    if query["goal_id"] is not None:
        query = _with(query, goal_id=await finder.goal(UUID(query["goal_id"])))
    return replace(draft, content={**draft.content, "query": query})


def _with(content: dict[str, Any], **ids: UUID | None) -> dict[str, Any]:
    return {**content, **{name: str(meant) for name, meant in ids.items() if meant is not None}}


def _website_of(draft: Draft) -> UUID | None:
    named = draft.question["website_id"] if draft.question else None
    return UUID(named) if named else None


async def _goals(caller: Caller, drafts: list[Draft]) -> dict[UUID, Named]:
    found = {}
    for goal_id in sorted({draft.question["goal_id"] for draft in drafts if draft.question} - {None}):
        with suppress(NotFound):
            goal = await goals.get(caller, UUID(goal_id))
            found[goal.id] = Named(goal.website_id, goal.name)
    return found


async def _funnels(caller: Caller, drafts: list[Draft]) -> dict[UUID, Named]:
    found = {}
    for funnel_id in sorted({draft.content["funnel_id"] for draft in drafts if draft.kind is Kind.FUNNEL}):
        with suppress(NotFound):
            funnel = await saved_funnels.get(caller, UUID(funnel_id))
            found[funnel.id] = Named(funnel.website_id, funnel.name)
    return found
