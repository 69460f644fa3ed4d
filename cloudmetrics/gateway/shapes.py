"""The shapes of answers: one thing, many things, something new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, unquote_plus

from cloudmetrics.contract import Request
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.collections import Relations, expand
from cloudmetrics.platform.paging import Page

Answer = tuple[dict[str, Any], int, dict[str, str]]

# What a path may hold as it is, by RFC 3986.
IN_PATHS = "/:@!$&'()*+,;="
IN_QUERIES = f"{IN_PATHS}?%"


# Headers that are much longer get lost on the way.
LONGEST_LINKS = 4096


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


async def expanded(
    caller: Caller, thing: Thing, paths: Sequence[str] | None, relations: Relations
) -> dict[str, Any]:
    """One thing, with the related things that are asked for. Raises MissingScope."""
    shown = thing.to_json()
    await expand(caller, [shown], paths, relations)
    return {"data": shown, "meta": {}}


async def listed(
    request: Request,
    caller: Caller,
    page: Page[AnyThing],
    query: Mapping[str, Any],
    relations: Relations | None = None,
) -> Answer:
    """A page of a collection, with the related things that the query asks for. Raises MissingScope."""
    body, status, headers = many(request, page, query["limit"])
    await expand(caller, body["data"], query.get("expand"), relations or {})
    return body, status, headers


def many(request: Request, page: Page[AnyThing], limit: int) -> Answer:
    """A page of a list, with links to the first and the next one."""
    body = {
        "data": [thing.to_json() for thing in page.items],
        "pagination": {"next_cursor": page.next_cursor, "has_more": page.has_more},
    }
    return body, 200, _links(request, page.next_cursor, limit)


def _links(request: Request, next_cursor: str | None, limit: int) -> dict[str, str]:
    """Links that keep whatever filters and sorts the list, as it was sent."""
    asked = request.query_string.decode().split("&")
    kept = [part for part in asked if unquote_plus(part.partition("=")[0]) not in ("", "limit", "cursor")]
    first = quote("&".join([*kept, f"limit={limit}"]), safe=IN_QUERIES)
    queries = {"first": first}
    if next_cursor is not None:
        queries = {"next": f"{first}&cursor={next_cursor}", "first": first}
    path = _encoded_path(request)
    shown = ""
    for rel, query in queries.items():
        more = f'{shown}{", " if shown else ""}<{path}?{query}>; rel="{rel}"'
        shown = more if len(more) <= LONGEST_LINKS else shown
    return {"link": shown} if shown else {}


def _encoded_path(request: Request) -> str:
    """The path as it was sent, fit for a header. Decoded, a slash in an id would be one between segments."""
    raw: bytes | None = request.scope.get("raw_path")
    if raw is None:
        return quote(request.path, safe=IN_PATHS)
    return quote(raw.partition(b"?")[0], safe=f"{IN_PATHS}%")
