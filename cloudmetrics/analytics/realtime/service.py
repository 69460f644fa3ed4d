"""Asking who is there now."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.analytics.realtime import store
from cloudmetrics.analytics.realtime.models import Realtime
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller


async def get(caller: Caller, website_id: UUID | None = None) -> Realtime:
    """Of one website, or of all. Raises NotFound, QueryTooSlow."""
    if website_id is not None:
        await websites.get(caller, website_id)
    return await store.now(caller.tenant, website_id, clock.now_of(caller.tenant))
