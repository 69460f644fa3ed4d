"""Files of events: NDJSON, an event per line, or CSV, an event per row under a line of names.

The fields are those of `POST /v1/events` (`id`, `name`, `timestamp`, `visitor_id`,
`url`, …). In CSV, a dot leads into an object (`revenue.amount_minor`,
`revenue.currency`, `properties.plan`), an empty cell is an absent field, and
properties are texts; commas, semicolons or tabs are between the cells. What an
export of events holds can be imported again: its `received_at` is left out, its
`website_id` becomes the one that is imported into, and nulls are absent fields.

An event without `id` gets one from what it says and its number among equal ones,
so that a file that is imported twice is stored once. Whether the fields make an
event is for the server to judge; what is no JSON object or has too few cells is
reported as broken here, with its line number.
"""

import csv
import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

import orjson

from cloudmetrics.importing.lines import Occurrences, read_lines
from cloudmetrics.importing.result import ImportResult
from cloudmetrics.importing.sending import Event, SendFailed

LONGEST_LINE = 1024 * 1024
DELIMITERS = ",;\t"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Fields that the server makes up itself.
MADE_UP = ("received_at", "page")
WHOLE_NUMBERS = {"revenue.amount_minor"}

csv.field_size_limit(LONGEST_LINE)


class NotAnEvent(ValueError):
    """A line that cannot be read; the message says why."""


class Finishing:
    """Makes events of one file whole: the website, and an id where there is none."""

    def __init__(self, website_id: str) -> None:
        self._website_id = website_id
        self._occurrences = Occurrences()

    def __call__(self, fields: dict[str, Any]) -> Event:
        event = {
            name: value for name, value in fields.items() if value is not None and name not in MADE_UP
        } | {"website_id": self._website_id}
        if "id" not in event:
            event["id"] = self._id(event)
        return event

    def _id(self, event: Event) -> str:
        said = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.blake2b(said, digest_size=16)
        number = self._occurrences.number(str(event.get("timestamp"))[:10], digest.digest())
        return hashlib.blake2b(f"{digest.hexdigest()} {number}".encode(), digest_size=16).hexdigest()


def read_events(file: BinaryIO, website_id: str, result: ImportResult) -> Iterator[tuple[int, Event]]:
    """The events of a file with the numbers of their lines. Raises SendFailed for CSV without names."""
    lines = read_lines(file, LONGEST_LINE)
    first = next(lines, b"").removeprefix(BYTE_ORDER_MARK)
    if b"\0" in first:
        raise SendFailed("The file is not text in UTF-8: save it as CSV or NDJSON in UTF-8.")
    finish = Finishing(website_id)
    if first.lstrip()[:1] in (b"{", b"[", b""):
        yield from _ndjson(chain([first], lines), finish, result)
    else:
        yield from _csv(chain([first], lines), finish, result)


def _ndjson(lines: Iterator[bytes], finish: Finishing, result: ImportResult) -> Iterator[tuple[int, Event]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        result.lines += 1
        try:
            yield number, finish(_object(line))
        except NotAnEvent as error:
            result.report_broken(number, str(error))


def _object(line: bytes) -> dict[str, Any]:
    if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
        raise NotAnEvent(f"longer than {LONGEST_LINE} bytes")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise NotAnEvent(f"no JSON: {error.msg}") from None
    if not isinstance(value, dict):
        raise NotAnEvent("no JSON object")
    return value


def _csv(lines: Iterator[bytes], finish: Finishing, result: ImportResult) -> Iterator[tuple[int, Event]]:
    first = next(lines)
    delimiter = max(DELIMITERS, key=_text(first).count)
    rows = csv.reader(map(_text, chain([first], lines)), delimiter=delimiter)
    names = _names(next(rows, []))
    while True:
        begins = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            result.lines += 1
            result.report_broken(begins, str(error))
            continue
        if not row:
            continue
        result.lines += 1
        try:
            yield begins, finish(_fields(names, row))
        except NotAnEvent as error:
            result.report_broken(begins, str(error))


def _text(line: bytes) -> str:
    # What is not UTF-8 is told of the row that it is in.
    return line.decode("utf-8", "surrogateescape")


def _names(row: list[str]) -> list[str]:
    names = [name.strip() for name in row]
    if "timestamp" not in names:
        raise SendFailed("The first line of a CSV file names the fields, and `timestamp` is one of them.")
    repeated = {name for name in names if names.count(name) > 1}
    if "" in names or repeated:
        raise SendFailed("Each column of a CSV file has a name of its own in the first line.")
    return names


def _fields(names: list[str], row: list[str]) -> dict[str, Any]:
    if len(row) != len(names):
        raise NotAnEvent(f"{len(row)} cells, where the first line has {len(names)}")
    fields: dict[str, Any] = {}
    for name, cell in zip(names, row, strict=True):
        if cell == "":
            continue
        if not _is_utf8(cell):
            raise NotAnEvent(f"{name} is not UTF-8")
        outer, dot, inner = name.partition(".")
        if dot and isinstance(fields.setdefault(outer, {}), dict):
            fields[outer][inner] = _value(name, cell)
        else:
            fields[name] = cell
    return fields


def _is_utf8(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def _value(name: str, cell: str) -> str | int:
    if name in WHOLE_NUMBERS and cell.removeprefix("-").isdecimal() and cell.isascii() and len(cell) < 20:
        return int(cell)
    return cell
