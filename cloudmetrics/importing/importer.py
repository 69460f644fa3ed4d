"""Imports a whole access log, plain or gzip, line by line."""

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from cloudmetrics.importing.access_log import LONGEST_LINE, AccessLog, NotALogLine, Site, read_lines
from cloudmetrics.importing.sending import SendFailed, Tally, encode_batches, send_batches

GZIP_MAGIC = b"\x1f\x8b"
SHOWN_BROKEN_LINES = 5

# Called after each answered batch with the bytes of the file that are read, and all its bytes.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class BrokenLine:
    number: int
    reason: str


@dataclass
class ImportResult:
    """`lines` = `accepted` + `duplicates` + `rejected` + `broken`.

    `codes` counts the rejected events by code; `first_broken` shows the first broken
    lines; `damage` says why the rest of a gzip file could not be unpacked.
    """

    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    broken: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    first_broken: list[BrokenLine] = field(default_factory=list)
    damage: str | None = None

    def report_broken(self, number: int, reason: str) -> None:
        self.broken += 1
        if len(self.first_broken) < SHOWN_BROKEN_LINES:
            self.first_broken.append(BrokenLine(number, reason))


def import_log(
    path: Path,
    base_url: str,
    key: str,
    website_id: str,
    *,
    domain: str,
    salt: str = "",
    progress: Progress = lambda read, total: None,
) -> ImportResult:
    """Sends each line of the log as one event of the website, whose pages live at `domain`.

    Safe to repeat, also after it was interrupted: an event has the same id each
    time. Raises OSError for a file that cannot be read, and SendFailed when the
    server refuses or stays away.
    """
    result = ImportResult()
    site = Site(website_id, domain, salt)
    with path.open("rb") as stored:
        total = path.stat().st_size
        events = _events(_unpacked(stored), AccessLog(site), result)
        sent = Tally()
        for tally in send_batches(encode_batches(events), base_url, key):
            sent.add(tally)
            if sent.codes["UNKNOWN_WEBSITE"]:
                raise SendFailed(f"There is no website {website_id} in the workspace of this key.")
            progress(stored.tell(), total)
    result.accepted, result.duplicates = sent.accepted, sent.duplicates
    result.rejected, result.codes = sent.rejected, sent.codes
    return result


def _unpacked(stored: BinaryIO) -> BinaryIO:
    packed = stored.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    stored.seek(0)
    return cast("BinaryIO", gzip.GzipFile(fileobj=stored)) if packed else stored


def _events(file: BinaryIO, log: AccessLog, result: ImportResult) -> Iterator[dict[str, Any]]:
    for raw in _readable_lines(file, result):
        result.lines += 1
        line = raw.rstrip(b"\r\n")
        try:
            _refuse_parts(raw, line, log)
            yield log.event(line)
        except NotALogLine as error:
            result.report_broken(result.lines, str(error))


def _refuse_parts(raw: bytes, line: bytes, log: AccessLog) -> None:
    """A part of a line would become an event of its own beside that of the whole line."""
    if raw.endswith(b"\n"):
        return
    if len(raw) == LONGEST_LINE:
        raise NotALogLine(f"longer than {LONGEST_LINE} bytes")
    if log.ends_in_quotes and not line.endswith(b'"'):
        raise NotALogLine("the last line is not finished")


def _readable_lines(file: BinaryIO, result: ImportResult) -> Iterator[bytes]:
    try:
        yield from read_lines(file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        # The lines before the damage are as good as any others.
        result.damage = f"the gzip data is damaged after line {result.lines} ({error})"
