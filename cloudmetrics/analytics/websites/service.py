"""What can be done with websites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.trash import service as trash
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.service import ROWS_AT_ONCE, children_first
from cloudmetrics.analytics.websites import store
from cloudmetrics.analytics.websites.models import Website
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.timezones import require_timezone

# What the trash and the audit log call it.
WEBSITE = "WEBSITE"


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Website]:
    """The live websites that a query asks for, oldest first unless it says otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    asked = store.WEBSITES.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def by_ids(caller: Caller, website_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Those of some websites that live."""
    asked = store.WEBSITES.ask(caller, {"id_in": website_ids, "limit": len(website_ids)})
    return {website.id: website.to_json() for website in await store.listed(caller.tenant, asked)}


async def get(caller: Caller, website_id: UUID) -> Website:
    """Raises NotFound."""
    website = await store.get(caller.tenant, website_id)
    if website is None:
        raise NotFound("website")
    return website


async def create(
    caller: Caller,
    *,
    name: str,
    domain: str,
    timezone: str = "UTC",
    currency: str | None = None,
    retention_days: int | None = None,
) -> Website:
    """Makes a website; without `currency` in the workspace's. Raises DomainTaken, UnknownTimezone."""
    await _require_timezone(caller, timezone)
    if currency is None:
        currency = (await workspaces.get(caller)).currency
    fields = {
        "id": new_id(),
        "name": name,
        "domain": domain.lower(),
        "timezone": timezone,
        "currency": currency,
        "retention_days": retention_days,
    }
    return await store.create(caller.tenant, fields, clock.now_of(caller.tenant))


async def update(
    caller: Caller,
    website_id: UUID,
    *,
    name: str,
    domain: str,
    timezone: str,
    currency: str,
    **retention: int | None,
) -> Website:
    """Replaces all four, and `retention_days` where it is given.

    Raises NotFound, DomainTaken, UnknownTimezone, and CurrencyInUse where the
    currency would change and something was earned already.
    """
    await _require_timezone(caller, timezone)
    fields = {"name": name, "domain": domain.lower(), "timezone": timezone, "currency": currency}
    return await store.update(caller.tenant, website_id, fields | retention, clock.now_of(caller.tenant))


async def require_stored(caller: Caller, website_id: UUID) -> None:
    """Raises NotFound for a website that neither lives nor can be restored."""
    if not await store.is_stored(caller.tenant, website_id):
        raise NotFound("website")


async def delete(caller: Caller, website_id: UUID) -> None:
    """Hides the website and its numbers at once; it can be restored for 30 days. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        now = clock.now_of(caller.tenant)
        name = await store.delete(transaction, caller.tenant, website_id, now)
        if name is None:
            raise NotFound("website")
        await trash.put(transaction, caller.tenant, WEBSITE, website_id)
        await _record(transaction, caller, Action.WEBSITE_DELETED, website_id, name)


async def restore(caller: Caller, website_id: UUID) -> Website:
    """Brings a deleted website back with its events and goals; one that lives stays as it is.

    Raises NotFound, also where its time has come; DomainTaken.
    """
    async with caller.tenant.transaction() as transaction:
        name = await store.restore(transaction, caller.tenant, website_id)
        if name is not None:
            await trash.take(transaction, caller.tenant, WEBSITE, website_id)
            await _record(transaction, caller, Action.WEBSITE_RESTORED, website_id, name)
    return await get(caller, website_id)


async def purge(tenant: Tenant, website_id: UUID) -> None:
    """Removes all that a deleted website had, whose time has come.

    It goes in many small transactions, so that nobody has to wait for it; one that
    was cut short is taken up again by the next.
    """
    if not await store.begin_purge(tenant, website_id, clock.now_of(tenant)):
        return
    for table in children_first(await store.tables_of_websites(tenant.database)):
        # The website's own row is what says that it may go, and so the last.
        while table != "websites" and await store.remove_rows(tenant, website_id, table, ROWS_AT_ONCE):
            pass
    await store.remove_rows(tenant, website_id, "websites", 1)


async def _record(
    transaction: Transaction, caller: Caller, action: Action, website_id: UUID, name: str
) -> None:
    actor, subject = Actor.of(caller), (WEBSITE, website_id)
    await audit.record(transaction, caller.tenant.workspace_id, actor, action, subject, name=name)


async def _require_timezone(caller: Caller, name: str) -> None:
    require_timezone(name)
    await store.require_timezone(caller.tenant, name)
