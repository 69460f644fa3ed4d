"""An operation's parameters: declared in the contract, decoded and checked together.

Values are keyed by the handler's argument. One validator checks them all, so
that every violation is found at once.
"""

from __future__ import annotations

import copy
import difflib
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import cookie_parser

from cloudmetrics.contract import media
from cloudmetrics.contract.documents import Place
from cloudmetrics.contract.errors import MalformedBody, Violation
from cloudmetrics.contract.http import Request
from cloudmetrics.contract.schemas import Schemas, address
from cloudmetrics.contract.shapes import Shapes
from cloudmetrics.contract.styles import (
    Reader,
    Undecodable,
    decoder,
    plain,
    plain_cookie,
    plain_header,
    plain_query,
)
from cloudmetrics.contract.texts import decode_json
from cloudmetrics.contract.violations import explain

STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
DEFAULT_STYLES = {location: styles[0] for location, styles in STYLES.items()}
TEXTS = {"path": plain, "query": plain_query, "header": plain_header, "cookie": plain_cookie}
# OpenAPI ignores parameters of these names: other parts of the contract declare them.
IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
# What a handler may ask for besides the operation's parameters.
INJECTED = frozenset({"body", "caller", "request"})
MAX_QUERY_PARTS = 256
ABSENT = object()

Query = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as the contract declares it. `argument` is the handler's name for it.

    `selects` names the part of the answer whose fields the parameter chooses among.
    """

    name: str
    location: str
    argument: str
    required: bool
    schema: Place | None
    style: str
    explode: bool
    media_type: str | None = None
    selects: str | None = None

    @classmethod
    def parse(cls, node: Mapping[str, Any], place: Place) -> Parameter:
        """From a Parameter Object. `place` is where its fields stand."""
        name, location = node["name"], node["in"]
        style = node.get("style", DEFAULT_STYLES[location])
        media_type = next(iter(node.get("content") or {}), None)
        schema = place / "schema" if "schema" in node else None
        if media_type and "schema" in node["content"][media_type]:
            schema = place / "content" / media_type / "schema"
        explode = node.get("explode", style in ("form", "cookie"))
        required, selects = bool(node.get("required")), node.get("x-selects")
        return cls(name, location, argument(name), required, schema, style, explode, media_type, selects)


def argument(name: str) -> str:
    """A parameter's name as a Python identifier: `X-Tenant-Id` → `x_tenant_id`, `status:in` → `status_in`.

    Python's own words get a `_` at the end: `from` → `from_`.
    """
    identifier = re.sub(r"\W+", "_", name).strip("_")
    identifier = identifier.lower() if "-" in name else identifier
    if keyword.iskeyword(identifier):
        return f"{identifier}_"
    return identifier if identifier.isidentifier() else f"_{identifier}"


def with_arguments(declared: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """The parameters, each with an argument of its own: where one is taken, `id` becomes `query_id`."""
    found: list[Parameter] = []
    taken = set(INJECTED)
    for parameter in declared:
        name = parameter.argument
        while name in taken:
            name = f"{parameter.location}_{name}"
        taken.add(name)
        found.append(replace(parameter, argument=name))
    return tuple(found)


class Parameters:
    """All parameters of one operation, ready to be read from requests."""

    def __init__(
        self,
        declared: Iterable[Parameter],
        shapes: Shapes,
        schemas: Schemas,
        *,
        also: Iterable[str] = (),
    ) -> None:
        """`also` names query parameters that somebody else reads, such as an API key."""
        self.declared = list(declared)
        self.by_argument = {parameter.argument: parameter for parameter in self.declared}
        self.defaults = {
            parameter.argument: default[0]
            for parameter in self.declared
            if parameter.schema and (default := shapes.default(parameter.schema)) is not None
        }
        self._separated = {p.argument for p in self.declared if p.schema and shapes.separated(p.schema)}
        self._mutable = any(isinstance(value, (dict, list)) for value in self.defaults.values())
        readers = [(p, _source(p, shapes)) for p in self.declared]
        self._path = [(p, read) for p, read in readers if p.location == "path"]
        # Where it stands under its own name only, and there are many, most are not there.
        self._query = [
            (p.name if _names(p, shapes) == [p.name] else None, p, read)
            for p, read in readers
            if p.location == "query"
        ]
        self._headers = [(p, read) for p, read in readers if p.location == "header"]
        self._cookies = [(p, read) for p, read in readers if p.location == "cookie"]
        self._known = {name for p in self.declared if p.location == "query" for name in _names(p, shapes)}
        self._known.update(also)
        self._prefixes = tuple(f"{p.name}[" for p in self.declared if p.style == "deepObject")
        self._open = next((p for p in self.declared if _takes_any_name(p, shapes)), None)
        self._open_reader = Reader.of(shapes, self._open.schema, plain_query) if self._open else None
        self._validator = schemas.compile(
            {
                "type": "object",
                "properties": {
                    p.argument: {"$ref": address(shapes.separated(p.schema) or p.schema)} if p.schema else {}
                    for p in self.declared
                },
                "required": [p.argument for p in self.declared if p.required],
            }
        )

    def read(
        self, request: Request, path_values: Mapping[str, str], violations: list[Violation]
    ) -> tuple[dict[str, Any], int]:
        """The arguments that the request gives, and how many violations they have.

        The first hundred of these are added to `violations`.
        """
        values: dict[str, Any] = {}
        for parameter, read in self._path:
            _take(values, parameter, read, path_values[parameter.name], violations)
        if self._query or request.query_string:
            self._read_query(request.query_string, values, violations)
        for parameter, read in self._headers:
            if (text := request.headers.get(parameter.name.lower())) is not None:
                _take(values, parameter, read, text, violations)
        if self._cookies:
            # Browsers send more cookies than the contract knows, some of them oddly written.
            cookies = cookie_parser(request.headers.get("cookie", ""))
            for parameter, read in self._cookies:
                if parameter.name in cookies:
                    _take(values, parameter, read, cookies[parameter.name], violations)
        unseen = 0
        if self.declared and not self._validator.is_valid(values):
            unseen = self._explain(values, violations)
        if self.defaults:
            values = {**(copy.deepcopy(self.defaults) if self._mutable else self.defaults), **values}
        return values, len(violations) + unseen

    def _read_query(self, raw: bytes, values: dict[str, Any], violations: list[Violation]) -> None:
        try:
            query = parse_query(raw)
        except Undecodable as error:
            violations.append(Violation(error.code, str(error), parameter="", field=""))
            return
        for name, parameter, read in self._query:
            if name is None or name in query:
                _take(values, parameter, read, query, violations)
        if not self._known.issuperset(query):
            self._read_others(query, values, violations)

    def _read_others(self, query: Query, values: dict[str, Any], violations: list[Violation]) -> None:
        """Names that no parameter bears: fields of an open object, or a mistake."""
        for name in [name for name in query if name not in self._known]:
            if self._prefixes and name.startswith(self._prefixes) and _is_deep(name):
                continue
            if self._open and self._open_reader:
                self._read_open(self._open, self._open_reader, name, query[name], values, violations)
                continue
            close = difflib.get_close_matches(name[:100], self._known, 1)
            hint = f"; did you mean {close[0]}?" if close else "."
            message = f"{name[:100]} is not a parameter here{hint}"
            violations.append(Violation("UNKNOWN_PARAMETER", message, parameter=name[:100], field=name[:100]))

    @staticmethod
    def _read_open(
        parameter: Parameter,
        reader: Reader,
        name: str,
        raws: list[str],
        values: dict[str, Any],
        violations: list[Violation],
    ) -> None:
        try:
            value = reader.field(name, _once(raws))
        except Undecodable as error:
            violations.append(Violation(error.code, str(error), parameter=parameter.name, field=name[:100]))
            return
        values.setdefault(parameter.argument, {})[name] = value

    def _explain(self, values: dict[str, Any], violations: list[Violation]) -> int:
        """Add what the validator objects to, and say how much more there is."""
        refused = {violation.parameter for violation in violations}
        shown, total = explain(self._validator, values)
        for found in shown:
            first, *within = (
                token.replace("~1", "/").replace("~0", "~") for token in (found.pointer or "").split("/")[1:]
            )
            parameter = self.by_argument[first]
            if parameter.name in refused:
                continue
            message = found.message
            if not within and found.code == "REQUIRED":
                message = f"{parameter.name} is required."
            elif within and first in self._separated:
                message = f"{str(values[first][int(within[0])])[:100]}: {message}"
            field = parameter.name if found.field == first else found.field
            violations.append(Violation(found.code, message, parameter=parameter.name, field=field))
        return total - len(shown)


def parse_query(raw: bytes) -> Query:
    """Names → raw values, in order. Raises Undecodable."""
    query: Query = {}
    if not raw:
        return query
    try:
        parts = raw.decode("utf-8").split("&", MAX_QUERY_PARTS)
    except UnicodeDecodeError:
        raise Undecodable("The query must be percent-encoded UTF-8.") from None
    if len(parts) > MAX_QUERY_PARTS:
        raise Undecodable(f"The query may hold at most {MAX_QUERY_PARTS} parameters.", "TOO_MANY")
    for part in parts:
        if part:
            name, _, value = part.partition("=")
            query.setdefault(plain_query(name), []).append(value)
    return query


def _take(
    values: dict[str, Any],
    parameter: Parameter,
    read: Callable[[Any], Any],
    source: Any,
    violations: list[Violation],
) -> None:
    try:
        value = read(source)
    except Undecodable as error:
        violations.append(Violation(error.code, str(error), parameter=parameter.name, field=parameter.name))
        return
    if value is not ABSENT:
        values[parameter.argument] = value


def _source(parameter: Parameter, shapes: Shapes) -> Callable[[Any], Any]:
    """The function that reads a parameter from where it stands."""
    text = TEXTS[parameter.location]
    if parameter.media_type:
        decode = content_decoder(parameter.media_type, text)
    else:
        reader = Reader.of(shapes, parameter.schema, text)
        if parameter.location == "query":
            return _query_source(parameter, reader)
        decode = decoder(reader, parameter.style, parameter.explode, parameter.name)
    return decode if parameter.location != "query" else _single(parameter.name, decode)


def content_decoder(media_type: str, text: Callable[[str], str]) -> Callable[[str], Any]:
    """For a parameter or header with `content`: JSON inside, read as strictly as a body, or text."""
    if not media.is_json(media_type):
        return text

    def decode(raw: str) -> Any:
        try:
            return decode_json(text(raw).encode())
        except MalformedBody:
            raise Undecodable("Must be JSON.", "FORMAT") from None

    return decode


def _query_source(parameter: Parameter, reader: Reader) -> Callable[[Query], Any]:
    name = parameter.name
    if parameter.style == "deepObject":
        return lambda query: _deep_object(query, name, reader)
    if parameter.explode and reader.kind == "array":
        return lambda query: reader.many(query[name]) if name in query else ABSENT
    if parameter.explode and reader.kind == "object":
        return lambda query: (
            {field: reader.field(field, _once(query[field])) for field in reader.fields if field in query}
            or ABSENT
        )
    return _single(name, decoder(reader, parameter.style, parameter.explode, name))


def _single(name: str, decode: Callable[[str], Any]) -> Callable[[Query], Any]:
    def read(query: Query) -> Any:
        raws = query.get(name)
        return ABSENT if raws is None else decode(_once(raws))

    return read


def _once(raws: list[str]) -> str:
    if len(raws) > 1:
        raise Undecodable("Must be given once.", "REPEATED")
    return raws[0]


def _deep_object(query: Query, name: str, reader: Reader) -> Any:
    start = len(name) + 1
    found = {
        (field := key[start:-1]): reader.field(field, _once(raws))
        for key, raws in query.items()
        if key.startswith(f"{name}[") and _is_deep(key)
    }
    return found or ABSENT


def _is_deep(name: str) -> bool:
    """Whether a name is `object[field]`. OpenAPI gives `object[field][inner]` no meaning."""
    return name.endswith("]") and name.count("[") == 1 == name.count("]")


def _exploded_object(parameter: Parameter, shapes: Shapes) -> bool:
    return (
        parameter.location == "query"
        and parameter.style == "form"
        and parameter.explode
        and parameter.media_type is None
        and parameter.schema is not None
        and Reader.of(shapes, parameter.schema, plain_query).kind == "object"
    )


def _names(parameter: Parameter, shapes: Shapes) -> list[str]:
    if parameter.schema and _exploded_object(parameter, shapes):
        return list(shapes.properties(parameter.schema))
    return [] if parameter.style == "deepObject" else [parameter.name]


def _takes_any_name(parameter: Parameter, shapes: Shapes) -> bool:
    return bool(
        parameter.schema
        and _exploded_object(parameter, shapes)
        and shapes.open_ended(parameter.schema) is not False
    )
