"""What can be done with share links."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.boards.dashboards import service as dashboards
from cloudmetrics.boards.share_links import store
from cloudmetrics.boards.share_links.models import (
    NewShareLink,
    Opened,
    ShareLink,
    digests_of,
    new_token,
    workspace_of,
)
from cloudmetrics.boards.showing import service as showing
from cloudmetrics.boards.showing.models import View
from cloudmetrics.boards.widgets import checking
from cloudmetrics.boards.widgets import store as widget_store
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.signing import Keyring


async def list_page(caller: Caller, dashboard_id: UUID, query: Mapping[str, Any]) -> Page[ShareLink]:
    """The links of a dashboard, oldest first. Raises NotFound, InvalidCursor, InvalidMoment."""
    await dashboards.get(caller, dashboard_id)
    asked = store.SHARE_LINKS.ask(caller, query, dashboard=dashboard_id)
    return asked.page(await store.listed(caller.tenant, dashboard_id, asked))


async def get(caller: Caller, dashboard_id: UUID, share_link_id: UUID) -> ShareLink:
    """Raises NotFound."""
    await dashboards.get(caller, dashboard_id)
    link = await store.get(caller.tenant, dashboard_id, share_link_id)
    if link is None:
        raise NotFound("share link")
    return link


async def create(caller: Caller, dashboard_id: UUID, *, name: str, days: int, base_url: str) -> NewShareLink:
    """A link that is good for some days. Its token is in what this returns, and never seen again.

    Raises NotFound, and ScopeNotHeld where the caller could not have asked what it shows.
    """
    dashboard = await dashboards.get(caller, dashboard_id)
    widgets = await widget_store.all_of(caller.tenant, dashboard_id)
    checking.require_allowed(caller, [widget.draft for widget in widgets])
    now = clock.now_of(caller.tenant)
    link = ShareLink(new_id(), dashboard.id, name, caller.user_id, now, now + timedelta(days=days), None, now)
    token = new_token(caller.tenant.workspace_id)
    async with caller.tenant.transaction() as transaction:
        await store.create(transaction, caller.tenant, link, digests_of(caller.keyring, token)[0])
        await _record(transaction, caller, Action.SHARE_LINK_CREATED, link)
    return NewShareLink(link, token, base_url)


async def revoke(caller: Caller, dashboard_id: UUID, share_link_id: UUID) -> None:
    """Ends a link at once. Doing it twice changes nothing. Raises NotFound."""
    link = await get(caller, dashboard_id, share_link_id)
    async with caller.tenant.transaction() as transaction:
        if await store.revoke(transaction, caller.tenant, link.id, clock.now_of(caller.tenant)):
            await _record(transaction, caller, Action.SHARE_LINK_REVOKED, link)


async def open_link(database: Database, keyring: Keyring, token: str) -> Caller | None:
    """Whoever has a good token: somebody without any scope, who may see one dashboard. None for a bad one."""
    workspace_id = workspace_of(token)
    if workspace_id is None:
        return None
    opened = await store.find(database, workspace_id, digests_of(keyring, token))
    return _stranger(database, keyring, opened) if opened else None


def _stranger(database: Database, keyring: Keyring, opened: Opened) -> Caller:
    tenant = Tenant(database, opened.workspace_id, opened.ahead)
    return Caller(tenant, keyring, credential_id=opened.share_link_id)


async def show(caller: Caller) -> View:
    """The dashboard that the link of a stranger shows. Raises NotFound."""
    assert caller.credential_id is not None
    dashboard_id = await store.dashboard_of(caller.tenant, caller.credential_id)
    if dashboard_id is None:
        raise NotFound("dashboard")
    return await showing.show(caller, dashboard_id)


async def _record(transaction: Transaction, caller: Caller, action: Action, link: ShareLink) -> None:
    await audit.record(
        transaction,
        caller.tenant.workspace_id,
        Actor.of(caller),
        action,
        ("SHARE_LINK", link.id),
        dashboard_id=str(link.dashboard_id),
        name=link.name,
    )
