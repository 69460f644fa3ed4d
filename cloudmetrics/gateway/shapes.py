"""The shapes of answers: one thing, many things, something new."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from cloudmetrics.contract import Request
from cloudmetrics.platform.paging import Page

Answer = tuple[dict[str, Any], int, dict[str, str]]


class Thing(Protocol):
    """Whatever can be written as a JSON object."""

    def to_json(self) -> dict[str, Any]: ...


class Created(Thing, Protocol):
    """Something with an id, and so with an address."""

    @property
    def id(self) -> object: ...


AnyThing = TypeVar("AnyThing", bound=Thing)


def one(thing: Thing) -> dict[str, Any]:
    return {"data": thing.to_json(), "meta": {}}


def created(request: Request, thing: Created) -> Answer:
    """Something new, with its address below the list's."""
    return one(thing), 201, {"location": f"{request.path}/{thing.id}"}


def many(request: Request, page: Page[AnyThing], limit: int) -> Answer:
    """A page of a list, with a link to the next one that keeps whatever filters the list."""
    body = {
        "data": [thing.to_json() for thing in page.items],
        "pagination": {"next_cursor": page.next_cursor, "has_more": page.has_more},
    }
    headers = {}
    if page.next_cursor is not None:
        asked = parse_qsl(request.query_string.decode())
        filters = [(name, value) for name, value in asked if name not in ("limit", "cursor")]
        query = urlencode([*filters, ("limit", limit), ("cursor", page.next_cursor)])
        headers["link"] = f'<{request.path}?{query}>; rel="next"'
    return body, 200, headers
