"""From a body's bytes to the value that a handler gets, by media type."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from cloudmetrics.contract import media
from cloudmetrics.contract.documents import Place
from cloudmetrics.contract.errors import MalformedBody, UnsupportedMediaType, Violation
from cloudmetrics.contract.http import Request
from cloudmetrics.contract.merging import whole
from cloudmetrics.contract.reading import read_body, stream_body
from cloudmetrics.contract.shapes import Shapes
from cloudmetrics.contract.texts import decode_json, decode_text
from cloudmetrics.contract.violations import explain

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAX_FORM_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class MediaBody:
    """One media type of a request body: how it is decoded, checked and completed.

    `view` gives what a JSON Schema can check of a value that is not JSON;
    `complete` fills in the schema's defaults. `fields` are the declared ones of an
    object, and whether they may be null.
    """

    decode: Callable[[bytes, Request], Any]
    validator: Any
    complete: Callable[[Any], Any] | None = None
    view: Callable[[Any], Any] | None = None
    fields: Mapping[str, bool] = field(default_factory=dict)

    def judge(self, value: Any, violations: list[Violation]) -> tuple[Any, int]:
        """The value, completed where it is sound, and how many violations it has; those it adds."""
        checked = value if self.view is None else self.view(value)
        if not self.validator.is_valid(checked):
            found, total = explain(self.validator, checked)
            violations += found
            return value, total
        return (value if self.complete is None else self.complete(value)), 0


class Body:
    """An operation's request body.

    `limit` is in bytes, counted after decompression. With `streamed`, the handler
    gets an asynchronous iterator of bytes instead of a value. `default`, in a
    tuple of one, stands for a body that was not sent.
    """

    def __init__(
        self,
        by_media_type: Mapping[str, MediaBody],
        *,
        required: bool,
        limit: int,
        streamed: bool,
        default: tuple[Any] | None = None,
    ) -> None:
        self.by_media_type = dict(by_media_type)
        # Nearly every client names a media type as the contract does.
        self._as_declared = {name for name in by_media_type if "*" not in name}
        self.required = required
        self.limit = limit
        self.streamed = streamed
        self.default = default

    async def read(self, request: Request, violations: list[Violation]) -> tuple[Any, int]:
        """The body's value, and how many violations it has; those it adds to `violations`."""
        if self.streamed:
            if self.required or "content-type" in request.headers:
                self._select(request)
            return stream_body(request, self.limit), 0
        raw = request.body = await read_body(request, self.limit)
        if not raw and _says_nothing(request):
            if self.required:
                violations.append(Violation("REQUIRED", "A body is required.", pointer="", field="body"))
            return copy.deepcopy(self.default[0]) if self.default else None, int(self.required)
        chosen = self._select(request)
        return chosen.judge(chosen.decode(raw, request), violations)

    def replacement(
        self, shown: Mapping[str, Any], patch: Mapping[str, Any], violations: list[Violation]
    ) -> tuple[Any, int]:
        """The JSON body that would make of a thing what a merge patch does, judged like one that was sent."""
        chosen = self.by_media_type[media.JSON]
        return chosen.judge(whole(shown, patch, chosen.fields), violations)

    def _select(self, request: Request) -> MediaBody:
        header = request.headers.get("content-type", "")
        if header in self._as_declared:
            return self.by_media_type[header]
        name = media.match(media.essence(header), self.by_media_type)
        if name is None:
            accepted = ", ".join(self.by_media_type)
            said = f"not {media.essence(header)[:80]}" if header else "and the request names no Content-Type"
            raise UnsupportedMediaType(f"The body must be {accepted}, {said}.", headers={"accept": accepted})
        if media.charset(header) not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedMediaType(
                f"The charset {media.charset(header)[:40]} is not supported, UTF-8 is."
            )
        return self.by_media_type[name]


def _says_nothing(request: Request) -> bool:
    """Whether no bytes mean no body. Many clients name JSON where they send nothing at all."""
    header = request.headers.get("content-type", "")
    return not header or media.is_json(header)


class File(bytes):
    """A file of a multipart form: its bytes, with the name and media type that the client gave."""

    filename: str
    media_type: str

    def __new__(cls, content: bytes, filename: str, media_type: str) -> File:
        file = super().__new__(cls, content)
        file.filename, file.media_type = filename, media_type
        return file


def form_decoder(shapes: Shapes, schema: Place | None) -> Callable[[bytes, Request], dict[str, Any]]:
    """A decoder of urlencoded and multipart forms, which gives fields the types of their schemas."""
    properties = shapes.properties(schema) if schema else {}
    lists = {name for name, place in properties.items() if "array" in shapes.types(place)}
    convert = {
        name: _field_decoder(shapes, shapes.items(place) if name in lists else place)
        for name, place in properties.items()
    }

    def decode(raw: bytes, request: Request) -> dict[str, Any]:
        if media.essence(request.headers.get("content-type", "")) == FORM:
            pairs = _urlencoded(raw)
        else:
            pairs = _multipart(raw, request)
        value: dict[str, Any] = {}
        for name, text in pairs:
            if isinstance(text, str) and "\0" in name + text:
                raise MalformedBody("The body holds the character NUL, which no text may.")
            item = convert[name](text) if name in convert else text
            if name in lists:
                value.setdefault(name, []).append(item)
            elif name in value:
                raise MalformedBody(f"The field {name[:80]} stands twice in the form.")
            else:
                value[name] = item
        return value

    return decode


def _field_decoder(shapes: Shapes, place: Place | None) -> Callable[[Any], Any]:
    """A field's text as its schema has it; an object is written as JSON, says OpenAPI."""
    types = shapes.types(place) if place else set()
    if "object" in types and "string" not in types:
        return lambda part: decode_json(part if isinstance(part, bytes) else part.encode())
    coerce = shapes.coerce(place)
    return lambda part: coerce(part) if coerce is not None and isinstance(part, str) else part


def _urlencoded(raw: bytes) -> list[tuple[str, Any]]:
    try:
        return parse_qsl(
            decode_text(raw), keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
        )
    except (UnicodeDecodeError, ValueError):
        raise MalformedBody(f"The body is no form of at most {MAX_FORM_FIELDS} fields in UTF-8.") from None


def _multipart(raw: bytes, request: Request) -> list[tuple[str, Any]]:
    """Fields as text, files as File."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield raw

    headers = Headers({"content-type": request.headers["content-type"]})
    parser = MultiPartParser(
        headers, pieces(), max_files=MAX_FORM_FIELDS, max_fields=MAX_FORM_FIELDS, max_part_size=len(raw) + 1
    )
    # The body is in memory already, so nothing is gained by a file on disk.
    parser.spool_max_size = len(raw) + 1
    try:
        form = _run(parser.parse())
    except (MultiPartException, FormParserError, KeyError, AssertionError, UnicodeDecodeError) as error:
        raise MalformedBody(f"The body is not multipart/form-data: {error}.") from None
    _, options = parse_options_header(headers["content-type"])
    if b"--%b--" % options[b"boundary"] not in raw:
        raise MalformedBody("The body is not multipart/form-data: it ends too early.")
    position = 0
    pairs: list[tuple[str, Any]] = []
    for name, part in form.multi_items():
        if isinstance(part, UploadFile):
            pairs.append((name, File(part.file.read(), part.filename or "", part.content_type or "")))
            continue
        if not part.isascii():
            # The parser takes what is not UTF-8 for Latin-1, and so what it read isn't there to be found.
            position = raw.find(part.encode(), position)
            if position < 0:
                raise MalformedBody(f"The field {name[:80]} is not UTF-8.")
        pairs.append((name, part))
    return pairs


def form_view(value: dict[str, Any]) -> dict[str, Any]:
    """A form as a schema can check it: a file counts as a string of its bytes."""
    return {name: _as_text(item) for name, item in value.items()}


def bytes_view(value: bytes) -> str:
    """Bytes as a schema can check them: a string of as many characters."""
    return value.decode("latin-1")


def _as_text(item: Any) -> Any:
    if isinstance(item, bytes):
        return bytes_view(item)
    return [_as_text(part) for part in item] if isinstance(item, list) else item


def _run(coroutine: Any) -> Any:
    """Drive a coroutine that never waits, since its input is all there."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise MalformedBody("The body is not multipart/form-data: it ends too early.")
