"""From lines to the records of a CSV file, which may go over several of them.

A quote that is opened by mistake would swallow the rest of the file. So a record that does
not come out right is given up after its first line, and reading goes on with the second.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from cloudmetrics.costs.focus.models import BadRow, FileUnfit
from cloudmetrics.costs.focus.unpacking import LONGEST_LINE

MOST_LINES = 20_000_000
# What a field may hold is bounded by its record.
csv.field_size_limit(2 * LONGEST_LINE)

Record = tuple[int, list[str]]


class Records:
    """The records of a file, each with the number of its first line; empty lines are none.

    `width` is how many fields a record has; the first one, which has the names, sets it.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._again: deque[bytes] = deque()
        self._number = 0
        self.width: int | None = None

    def __iter__(self) -> Iterator[Record | BadRow]:
        while (line := self._take()) is not None:
            if not line or line == b"\r":
                continue
            yield self._record(self._number, line)

    def _take(self) -> bytes | None:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is not None:
            self._number += 1
            if self._number > MOST_LINES:
                raise FileUnfit("TOO_LARGE", f"The file has more than {MOST_LINES:,} lines.")
        return line

    def _record(self, number: int, line: bytes) -> Record | BadRow:
        if len(line) > LONGEST_LINE:
            return BadRow(number, "TOO_LONG", f"The line is longer than {LONGEST_LINE:,} bytes.")
        if not line.count(b'"') % 2:
            return self._read(number, line)
        lines = self._until_closed(line)
        if lines is not None:
            found = self._read(number, b"\n".join(lines))
            if not isinstance(found, BadRow):
                return found
            self._put_back(lines[1:])
        return BadRow(number, "BROKEN_QUOTES", "A quote is opened here that is not closed in its field.")

    def _until_closed(self, line: bytes) -> list[bytes] | None:
        """The lines up to the one that closes the quotes; None, and only one is taken, where none does."""
        lines, size = [line], len(line)
        while size <= LONGEST_LINE and (line_after := self._take()) is not None:
            lines.append(line_after)
            size += len(line_after) + 1
            if line_after.count(b'"') % 2:
                return lines
        self._put_back(lines[1:])
        return None

    def _put_back(self, lines: list[bytes]) -> None:
        self._again.extendleft(reversed(lines))
        self._number -= len(lines)

    def _read(self, number: int, raw: bytes) -> Record | BadRow:
        try:
            fields = _fields(raw.decode())
        except UnicodeDecodeError:
            return BadRow(number, "NOT_UTF8", "The row is not UTF-8.")
        except csv.Error as error:
            return BadRow(number, "BROKEN_QUOTES", f"The row is not CSV: {error}.")
        if b"\0" in raw:
            return BadRow(number, "NOT_TEXT", "The row holds the character NUL.")
        if self.width is None:
            self.width = len(fields)
        if len(fields) != self.width:
            message = f"The row has {len(fields):,} fields, and the header has {self.width:,}."
            return BadRow(number, "FIELD_COUNT", message)
        return number, fields


def _fields(text: str) -> list[str]:
    if '"' not in text and "\r" not in text:
        return text.split(",")
    return next(csv.reader([text], strict=True))
