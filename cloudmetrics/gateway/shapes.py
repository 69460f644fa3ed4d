"""The shapes of answers: one thing, many things, something new."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from cloudmetrics.contract import Request
from cloudmetrics.platform.paging import Page

Answer = tuple[dict[str, Any], int, dict[str, str]]

# What a path may hold as it is, by RFC 3986.
IN_PATHS = "/:@!$&'()*+,;="


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


def created(request: Request, thing: Created, *, levels: int = 0) -> Answer:
    """Something new, with its address below the list's, which lies so many levels above the path."""
    listed = "/".join(request.path.split("/")[:-levels]) if levels else request.path
    return one(thing), 201, {"location": f"{listed}/{thing.id}"}


def accepted(request: Request, thing: Created) -> Answer:
    """Something that is still to be worked at, with the address at which to see how far it is."""
    body, _, headers = created(request, thing)
    return body, 202, headers


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
        headers["link"] = f'<{_encoded_path(request)}?{query}>; rel="next"'
    return body, 200, headers


def _encoded_path(request: Request) -> str:
    """The path as it was sent, fit for a header. Decoded, a slash in an id would be one between segments."""
    raw: bytes | None = request.scope.get("raw_path")
    if raw is None:
        return quote(request.path, safe=IN_PATHS)
    return quote(raw.partition(b"?")[0], safe=f"{IN_PATHS}%")
