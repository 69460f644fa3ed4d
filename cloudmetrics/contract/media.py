"""Media types: which of those that the contract names a header means."""

from __future__ import annotations

import re
from collections.abc import Iterable

JSON = "application/json"
FORM = re.compile(r"[^/\s*]+/[^/\s*]+\Z")


def essence(header: str) -> str:
    """`Application/JSON; charset=utf-8` → `application/json`."""
    return header.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether a media type's syntax is JSON's."""
    kind = essence(media_type)
    return kind == JSON or kind.endswith("+json")


def charset(header: str) -> str:
    """The charset that a content type names; utf-8 where it names none."""
    for part in header.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


def match(wanted: str, offered: Iterable[str]) -> str | None:
    """The most specific of the offered types or ranges (`text/*`, `*/*`) that covers `wanted`."""
    if not FORM.match(wanted):
        return None
    ranges = {essence(item): item for item in offered}
    for candidate in (wanted, f"{wanted.partition('/')[0]}/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return None


def negotiate(accept: str, offered: list[str]) -> str | None:
    """The offered type that an Accept header likes best; the first one where it has no preference."""
    if not accept:
        return offered[0]
    wishes = [_wish(part) for part in accept.split(",")]
    ranked = [(_quality(item, wishes), -position, item) for position, item in enumerate(offered)]
    quality, _, best = max(ranked)
    return best if quality > 0 else None


def _wish(part: str) -> tuple[str, float]:
    name, *parameters = part.split(";")
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return name.strip().lower(), float(value)
            except ValueError:
                return name.strip().lower(), 0.0
    return name.strip().lower(), 1.0


def _quality(offer: str, wishes: list[tuple[str, float]]) -> float:
    """By the most specific range that covers the offer, as RFC 9110 has it."""
    kind = essence(offer)
    for candidate in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        for name, quality in wishes:
            if name == candidate:
                return quality
    return 0.0
