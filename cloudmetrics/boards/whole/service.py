"""Making dashboards with everything on them, in one go: from a template, or from another dashboard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.boards.dashboards import store
from cloudmetrics.boards.dashboards.models import Dashboard, NameTaken, Settings
from cloudmetrics.boards.templates.catalogue import Template
from cloudmetrics.boards.widgets import checking
from cloudmetrics.boards.widgets import store as widget_store
from cloudmetrics.boards.widgets.models import Draft, Widget
from cloudmetrics.boards.widgets.service import placed
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.ids import new_id

LONGEST_NAME = 100
MOST_COPIES = 100


async def from_template(caller: Caller, settings: Settings, template: Template) -> Dashboard:
    """A dashboard with the widgets of a template.

    Raises NameTaken, ScopeNotHeld, and NotFound for its website.
    """
    if settings.website_id is not None:
        await websites.get(caller, settings.website_id)
    checking.require_allowed(caller, template.drafts)
    async with caller.tenant.transaction() as transaction:
        return await create(transaction, caller, settings, template.drafts)


async def create(
    transaction: Transaction, caller: Caller, settings: Settings, drafts: Sequence[Draft]
) -> Dashboard:
    """A dashboard with widgets that have been judged already. Raises NameTaken, PlaceTaken."""
    now = clock.now_of(caller.tenant)
    dashboard = await store.create(transaction, caller, new_id(), settings, now)
    widgets: list[Widget] = []
    for draft in drafts:
        widget = placed(dashboard.id, draft, widgets, now)
        await widget_store.insert(transaction, caller.tenant.workspace_id, widget)
        widgets.append(widget)
    return dashboard


async def duplicate(caller: Caller, dashboard_id: UUID, name: str | None = None) -> Dashboard:
    """The same again, with all widgets, under a name that is made up where none is given.

    Favourites and share links stay with the first. Raises NotFound, NameTaken.
    """
    async with caller.tenant.transaction() as transaction:
        source = await store.lock(transaction, caller, dashboard_id)
        widgets = await widget_store.all_in(transaction, caller.tenant.workspace_id, dashboard_id)
        drafts = [widget.draft for widget in widgets]
        for candidate in [name] if name is not None else _names(source.name):
            with suppress(NameTaken):
                return await create(transaction, caller, replace(source.settings, name=candidate), drafts)
    raise NameTaken(name or source.name)


def _names(of: str) -> Iterator[str]:
    """What a copy may be called: `Weekly (copy)`, `Weekly (copy 2)` and so on."""
    for number in range(1, MOST_COPIES + 1):
        ending = " (copy)" if number == 1 else f" (copy {number})"
        yield of[: LONGEST_NAME - len(ending)] + ending
