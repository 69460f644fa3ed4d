"""Reading the history of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.alerting.history import store
from cloudmetrics.alerting.history.models import Event
from cloudmetrics.alerting.rules import service as rules
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.paging import Page


async def list_page(caller: Caller, alert_id: UUID, query: Mapping[str, Any]) -> Page[Event]:
    """What became of a rule, newest first unless the query says otherwise. Raises NotFound, InvalidCursor."""
    await rules.get(caller, alert_id)
    asked = store.HISTORY.ask(caller, query, alert_id=alert_id)
    return asked.page(await store.listed(caller.tenant, alert_id, asked))
