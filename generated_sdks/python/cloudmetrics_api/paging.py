"""Lists that go on over all pages by themselves, and can be taken page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from .calls import Call
from .generated.types import Unset

if TYPE_CHECKING:
    from .client import AsyncCloudMetrics, CloudMetrics

T = TypeVar("T")
CursorIn = Literal["query", "fields"]


class Pagination(Protocol):
    """Where the next page begins."""

    next_cursor: str | None
    has_more: bool


class Listing(Protocol[T]):
    """An answer with a page of things."""

    data: list[T]

    @property
    def pagination(self) -> Pagination: ...


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some things of a list. `next_cursor` is where the next page begins, None on the last one."""

    items: list[T]
    next_cursor: str | None
    has_more: bool
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class Pager(Generic[T]):
    """A list. Iterating over it asks for page after page, as far as you go."""

    def __init__(
        self,
        client: CloudMetrics,
        call: Call,
        parse: Callable[[Mapping[str, Any]], Listing[T]],
        cursor_in: CursorIn = "query",
    ) -> None:
        self._client = client
        self._call = call
        self._parse = parse
        self._cursor_in = cursor_in

    def __repr__(self) -> str:
        return f"<Pager of {self._call.method} {self._call.path}: iterate over it, or over its pages()>"

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """The pages, each asked for when it is its turn.

        Raises InvalidAnswer where the list goes in a circle.
        """
        call: Call | None = self._call
        while call is not None:
            page = page_of(self._client.fetch(call, self._parse))
            yield page
            call = following(self._call, page, call, self._cursor_in)

    def page(self) -> Page[T]:
        """The first page alone, or the one at the cursor that the list was given."""
        return next(self.pages())


class AsyncPager(Generic[T]):
    """A list. Iterating over it with `async for` asks for page after page, as far as you go."""

    def __init__(
        self,
        client: AsyncCloudMetrics,
        call: Call,
        parse: Callable[[Mapping[str, Any]], Listing[T]],
        cursor_in: CursorIn = "query",
    ) -> None:
        self._client = client
        self._call = call
        self._parse = parse
        self._cursor_in = cursor_in

    def __repr__(self) -> str:
        return (
            f"<AsyncPager of {self._call.method} {self._call.path}: `async for` goes over it, or its pages()>"
        )

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[T]]:
        """The pages, each asked for when it is its turn.

        Raises InvalidAnswer where the list goes in a circle.
        """
        call: Call | None = self._call
        while call is not None:
            page = page_of(await self._client.fetch(call, self._parse))
            yield page
            call = following(self._call, page, call, self._cursor_in)

    async def page(self) -> Page[T]:
        """The first page alone, or the one at the cursor that the list was given."""
        return page_of(await self._client.fetch(self._call, self._parse))


def page_of(listing: Listing[T]) -> Page[T]:
    """The page that an answer holds."""
    pagination, meta = listing.pagination, getattr(listing, "meta", None)
    return Page(
        listing.data,
        pagination.next_cursor,
        pagination.has_more,
        {} if meta is None or isinstance(meta, Unset) else meta.to_dict(),
    )


def following(first: Call, page: Page[Any], last: Call, cursor_in: CursorIn) -> Call | None:
    """The call for the page after this one. A server that gives the same cursor again would never end."""
    if page.next_cursor is None:
        return None
    following = (
        first.with_query(cursor=page.next_cursor)
        if cursor_in == "query"
        else first.with_fields(cursor=page.next_cursor)
    )
    if following == last:
        from .errors import InvalidAnswer

        raise InvalidAnswer(
            "the list goes in a circle: its cursor leads to itself", status=200, trace_id=None
        )
    return following
