"""A call of the API, and how what it is given becomes a request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Any, Protocol
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from .generated.types import UNSET, Unset

JSON = "application/json"
KEY = "idempotency-key"
# What HTTP itself calls idempotent. A POST is repeated where the contract says that it may be.
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Model(Protocol):
    """Anything that was read from the API, and so can be written back."""

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked, before anybody knows where and as whom.

    `fields` become the body's JSON without those that are UNSET, `whole` is all of the body, `content`
    goes out as it is. `repeatable` says that sending it twice does no harm; a `keyed` call gets an
    Idempotency-Key, which makes it so.
    """

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    headers: Mapping[str, Any] | None = None
    fields: Mapping[str, Any] | None = None
    whole: Any = UNSET
    content: bytes | Unset = UNSET
    media_type: str = JSON
    accept: str = JSON
    repeatable: bool = False
    keyed: bool = False

    def with_query(self, **more: Any) -> Call:
        return replace(self, query={**(self.query or {}), **more})

    def with_fields(self, **more: Any) -> Call:
        return replace(self, fields={**(self.fields or {}), **more})

    def target(self) -> str:
        """Path and query, ready to be sent."""
        pairs = list(_pairs(self.query)) if self.query else []
        return f"{self.path}?{urlencode(pairs, quote_via=quote)}" if pairs else self.path

    def body(self) -> bytes | None:
        """What is sent. Raises ValueError for numbers that JSON does not know, TypeError for other things."""
        if not isinstance(self.content, Unset):
            return self.content
        if self.fields is not None:
            return to_json({name: value for name, value in self.fields.items() if value is not UNSET})
        return None if self.whole is UNSET else to_json(self.whole)

    def own_headers(self) -> dict[str, str]:
        """The headers that the call itself needs; a keyed one gets a key of its own unless it has one."""
        given = self.headers or {}
        headers = {
            name.lower(): text_of(value)
            for name, value in given.items()
            if value is not UNSET and value is not None
        }
        headers["accept"] = self.accept
        if self.content is not UNSET or self.fields is not None or self.whole is not UNSET:
            headers["content-type"] = self.media_type
        if self.keyed and KEY not in headers:
            headers[KEY] = str(uuid4())
        return headers

    @property
    def may_repeat(self) -> bool:
        return self.repeatable or self.keyed or self.method in REPEATABLE


def segment(value: object) -> str:
    """A value as one segment of a path. Raises ValueError for one that would lead to another path."""
    text = text_of(value)
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} names nothing; an id is needed here")
    return quote(text, safe="")


def text_of(value: object) -> str:
    """A value as it stands in a URL or a header."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def to_json(value: Any) -> bytes:
    text = json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple) or hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        if value is UNSET or value is None:
            continue
        if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
            yield name, text_of(value)
        else:
            for each in value:
                yield name, text_of(each)
