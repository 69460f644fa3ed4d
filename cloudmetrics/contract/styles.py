"""How a parameter's value is written into a URL, a header or a cookie: OpenAPI's styles.

Every decoder takes raw text, still percent-encoded, so that a delimiter inside
a value (`%2C`) is not taken for one between values, and gives a JSON value.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, repeat
from urllib.parse import unquote

from cloudmetrics.contract.documents import Place
from cloudmetrics.contract.shapes import Coerce, Shapes

Decode = Callable[[str], object]

SPACE = re.compile(r"%20|\+| ")
PIPE = re.compile(r"\||%7[Cc]")
COMMA = re.compile(",")

# The delimiter between the values of one list or object that is not exploded.
DELIMITERS = {
    "form": COMMA,
    "simple": COMMA,
    "label": COMMA,
    "matrix": COMMA,
    "spaceDelimited": SPACE,
    "pipeDelimited": PIPE,
}
# The delimiter between them in an exploded path segment or header.
EXPLODED = {"simple": COMMA, "label": re.compile(r"\."), "matrix": re.compile(";")}
PREFIXES = {"label": ".", "matrix": ";"}


class Undecodable(ValueError):
    """A value is not written as its style says. The message says why, `code` which rule."""

    def __init__(self, message: str, code: str = "ENCODING") -> None:
        super().__init__(message)
        self.code = code


def plain(text: str) -> str:
    """Text as it was before it was percent-encoded. Raises Undecodable."""
    if "%" in text:
        try:
            text = unquote(text, errors="strict")
        except UnicodeDecodeError:
            raise Undecodable("Must be percent-encoded UTF-8.") from None
    if "\0" in text:
        raise Undecodable("Must not hold the character NUL.")
    return text


def plain_query(text: str) -> str:
    """The same in a query, where a plus sign is a space."""
    return plain(text.replace("+", " ") if "+" in text else text)


def plain_header(text: str) -> str:
    """A header's text: UTF-8 where it is, since HTTP says only bytes. Raises Undecodable."""
    try:
        text = text.strip().encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise Undecodable("Must be UTF-8.") from None
    if "\0" in text:
        raise Undecodable("Must not hold the character NUL.")
    return text


def plain_cookie(text: str) -> str:
    """A cookie's text: percent-encoded, or UTF-8 as it is. Raises Undecodable."""
    return plain(plain_header(text))


@dataclass(frozen=True, slots=True)
class Reader:
    """The pieces of a schema that decoding needs, found once at start-up.

    `scalar` reads a scalar or a list's items; `firsts` its first items, where
    each has a schema of its own. A text of values between commas has a
    `longest` length.
    """

    kind: str  # scalar, separated, array or object
    scalar: Coerce | None
    fields: dict[str, Coerce | None]
    other: Coerce | None
    text: Callable[[str], str]
    firsts: tuple[Coerce | None, ...] = ()
    longest: int | None = None

    @classmethod
    def of(cls, shapes: Shapes, place: Place | None, text: Callable[[str], str]) -> Reader:
        types = shapes.types(place) if place else set()
        if place and (values := shapes.separated(place)):
            items = shapes.coerce(shapes.items(values))
            return cls("separated", items, {}, None, text, longest=shapes.longest(place))
        if place and "array" in types and "string" not in types:
            firsts = tuple(map(shapes.coerce, shapes.first_items(place)))
            return cls("array", shapes.coerce(shapes.items(place)), {}, None, text, firsts)
        if place and "object" in types and "string" not in types:
            other = shapes.open_ended(place)
            fields = {name: shapes.coerce(part) for name, part in shapes.properties(place).items()}
            return cls(
                "object", None, fields, None if isinstance(other, bool) else shapes.coerce(other), text
            )
        return cls("scalar", shapes.coerce(place), {}, None, text)

    def one(self, raw: str) -> object:
        """A scalar."""
        text = self.text(raw)
        return text if self.scalar is None else self.scalar(text)

    def separated(self, raw: str) -> list[object]:
        """The values of a text that has commas between them, one with a comma inside in quotes (RFC 4180).

        They are told apart after decoding: most clients encode the commas of a text.
        """
        text = self.text(raw)
        if self.longest is not None and len(text) > self.longest:
            raise Undecodable(f"Must be at most {self.longest} characters long.", "TOO_LONG")
        try:
            values = next(csv.reader([text], skipinitialspace=True, strict=True), [])
        except csv.Error:
            raise Undecodable("Must be values between commas, as in a line of CSV.", "FORMAT") from None
        return list(values) if self.scalar is None else [self.scalar(value) for value in values]

    def many(self, raws: Iterable[str]) -> list[object]:
        """The items of a list."""
        if not self.firsts:
            return [self.one(raw) for raw in raws]
        coerces = chain(self.firsts, repeat(self.scalar))
        pairs = zip(map(self.text, raws), coerces, strict=False)
        return [text if coerce is None else coerce(text) for text, coerce in pairs]

    def field(self, name: str, raw: str) -> object:
        """The value of one field of an object."""
        text = self.text(raw)
        coerce = self.fields.get(name, self.other)
        return text if coerce is None else coerce(text)

    def alternating(self, raws: list[str]) -> dict[str, object]:
        """An object written as name, value, name, value."""
        if len(raws) % 2:
            raise Undecodable("Must be names and values in turn.", "FORMAT")
        names = map(self.text, raws[::2])
        return {name: self.field(name, raw) for name, raw in zip(names, raws[1::2], strict=True)}

    def pairs(self, raws: Iterable[str]) -> dict[str, object]:
        """An object written as name=value, name=value."""
        split = (raw.partition("=")[::2] for raw in raws)
        return {(key := self.text(name)): self.field(key, raw) for name, raw in split}


def decoder(reader: Reader, style: str, explode: bool, name: str) -> Decode:
    """A decoder of one raw text: a path segment, a header, a cookie or one query value."""
    if reader.kind == "scalar":
        return _scalar(reader, style, name)
    if reader.kind == "separated":
        return reader.separated
    delimiter = EXPLODED[style] if explode and style in EXPLODED else DELIMITERS[style]

    def decode(raw: str) -> object:
        raw = _unprefixed(raw, style, explode, name)
        parts = [part.strip() for part in delimiter.split(raw)] if raw else []
        if reader.kind == "array":
            if explode and style == "matrix":
                parts = [part.partition("=")[2] for part in parts]
            return reader.many(parts)
        return reader.pairs(parts) if explode and style in EXPLODED else reader.alternating(parts)

    return decode


def _scalar(reader: Reader, style: str, name: str) -> Decode:
    if style not in PREFIXES:
        return reader.one
    return lambda raw: reader.one(_unprefixed(raw, style, False, name))


def _unprefixed(raw: str, style: str, explode: bool, name: str) -> str:
    """A label without its dot, a matrix without `;name=`. Raises Undecodable where it lacks them."""
    prefix = PREFIXES.get(style, "")
    named = style == "matrix" and not explode
    if not raw.startswith(prefix) or (named and raw.partition("=")[0] != f";{name}"):
        raise Undecodable(f"Must begin with {prefix}{name if named else ''}.", "FORMAT")
    raw = raw.removeprefix(prefix)
    return raw.partition("=")[2] if named else raw
