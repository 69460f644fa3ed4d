"""What can be done with templates: to look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudmetrics.boards.templates.catalogue import TEMPLATES, Template
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.paging import Page, page, unseal

LISTING = "dashboard templates"


def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Template]:
    """The templates, the most general first. Raises InvalidCursor."""
    order, limit = list(TEMPLATES), query["limit"]
    cursor = query.get("cursor")
    begin = 0 if cursor is None else int(unseal(caller, LISTING, cursor)) + 1
    found = [TEMPLATES[each] for each in order[begin : begin + limit + 1]]
    return page(caller, LISTING, found, limit, lambda template: str(order.index(template.id)))
