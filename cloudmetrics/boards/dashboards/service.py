"""What can be done with dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.trash import service as trash
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.boards.dashboards import store
from cloudmetrics.boards.dashboards.models import Dashboard, Settings
from cloudmetrics.boards.widgets import checking
from cloudmetrics.boards.widgets import store as widget_store
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page

# What the trash and the audit log call it.
DASHBOARD = "DASHBOARD"


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Dashboard]:
    """The dashboards that a query asks for, by their positions unless it says otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    asked = store.DASHBOARDS.ask(caller, query)
    return asked.page(await store.listed(caller, asked))


async def get(caller: Caller, dashboard_id: UUID) -> Dashboard:
    """Raises NotFound."""
    dashboard = await store.get(caller, dashboard_id)
    if dashboard is None:
        raise NotFound("dashboard")
    return dashboard


async def create(caller: Caller, settings: Settings) -> Dashboard:
    """Raises NameTaken, and NotFound for an unknown website."""
    if settings.website_id is not None:
        await websites.get(caller, settings.website_id)
    async with caller.tenant.transaction() as transaction:
        return await store.create(transaction, caller, new_id(), settings, clock.now_of(caller.tenant))


async def change(caller: Caller, dashboard_id: UUID, fields: dict[str, Any]) -> Dashboard:
    """Changes those of the settings that are given, as the contract names them.

    Raises NotFound, NameTaken, and QuestionUnsound where a widget that leaves website
    or days to its dashboard could no longer be answered.
    """
    present = await get(caller, dashboard_id)
    wanted = Settings.from_json(present.settings.to_json() | fields)
    if wanted.website_id not in (None, present.settings.website_id):
        await websites.get(caller, wanted.website_id)
    await checking.require_inheritance(
        caller, present.settings, wanted, await widget_store.all_of(caller.tenant, dashboard_id)
    )
    async with caller.tenant.transaction() as transaction:
        before = await store.lock(transaction, caller, dashboard_id)
        settings = Settings.from_json(before.settings.to_json() | fields)
        now = clock.now_of(caller.tenant)
        await store.update(transaction, caller, dashboard_id, settings, now)
    return replace(before, settings=settings, updated_at=now)


async def delete(caller: Caller, dashboard_id: UUID) -> None:
    """Hides the dashboard with all that is on it; it can be restored for 30 days. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        dashboard = await store.lock(transaction, caller, dashboard_id)
        await store.set_deleted(transaction, caller, dashboard, clock.now_of(caller.tenant))
        await trash.put(transaction, caller.tenant, DASHBOARD, dashboard_id)
        await _record(transaction, caller, Action.DASHBOARD_DELETED, dashboard)


async def restore(caller: Caller, dashboard_id: UUID) -> Dashboard:
    """Brings a deleted dashboard back. Raises NotFound, NameTaken."""
    async with caller.tenant.transaction() as transaction:
        dashboard = await store.lock(transaction, caller, dashboard_id, deleted=True)
        await store.set_deleted(transaction, caller, dashboard, None)
        await trash.take(transaction, caller.tenant, DASHBOARD, dashboard_id)
        await _record(transaction, caller, Action.DASHBOARD_RESTORED, dashboard)
    return replace(dashboard, deleted_at=None)


async def set_favourite(caller: Caller, dashboard_id: UUID, wanted: bool) -> None:
    """For whoever calls, and nobody else. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        await store.lock(transaction, caller, dashboard_id)
        await store.set_favourite(transaction, caller, dashboard_id, wanted)


async def _record(transaction: Transaction, caller: Caller, action: Action, dashboard: Dashboard) -> None:
    subject = (DASHBOARD, dashboard.id)
    await audit.record(
        transaction,
        caller.tenant.workspace_id,
        Actor.of(caller),
        action,
        subject,
        name=dashboard.name,
    )
