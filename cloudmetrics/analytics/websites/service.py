"""What can be done with websites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.analytics.websites import store
from cloudmetrics.analytics.websites.models import Website
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.timezones import require_timezone


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


async def delete(caller: Caller, website_id: UUID) -> None:
    """Hides the website and its numbers at once. Raises NotFound."""
    if not await store.delete(caller.tenant, website_id, clock.now_of(caller.tenant)):
        raise NotFound("website")


async def _require_timezone(caller: Caller, name: str) -> None:
    require_timezone(name)
    await store.require_timezone(caller.tenant, name)
