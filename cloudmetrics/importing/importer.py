"""Imports a whole file, plain or gzip: an access log, or events as CSV or NDJSON."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from cloudmetrics.importing.access_log import Site, read_log
from cloudmetrics.importing.event_rows import read_events
from cloudmetrics.importing.result import ImportResult
from cloudmetrics.importing.sending import Event, SendFailed, encode_batches, send_batches

GZIP_MAGIC = b"\x1f\x8b"
# A file of which so many lines are broken, and none is good, is of another kind.
HOPELESS = 2_000

# Called after each answered batch with the bytes of the file that are read, and all its bytes.
Progress = Callable[[int, int], None]
# The events of a file with the numbers of their lines; broken ones are told to the result.
Reader = Callable[[BinaryIO, ImportResult], Iterator[tuple[int, Event]]]


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
    """Sends each line of an access log as one event of the website, whose pages live at `domain`.

    Safe to repeat, also after it was interrupted: an event has the same id each
    time. Raises OSError for a file that cannot be read, and SendFailed when the
    server refuses or stays away.
    """
    site = Site(website_id, domain, salt)
    return _import(
        path, lambda file, result: read_log(file, site, result), base_url, key, website_id, progress
    )


def import_events(
    path: Path,
    base_url: str,
    key: str,
    website_id: str,
    *,
    progress: Progress = lambda read, total: None,
) -> ImportResult:
    """Sends the events of a CSV or NDJSON file to a website. Safe to repeat, and raises, as `import_log`."""
    return _import(
        path, lambda file, result: read_events(file, website_id, result), base_url, key, website_id, progress
    )


def _import(
    path: Path, read: Reader, base_url: str, key: str, website_id: str, progress: Progress
) -> ImportResult:
    result = ImportResult()
    with path.open("rb") as stored:
        total = path.stat().st_size
        events = _undamaged(read(_unpacked(stored), result), result)
        for tally in send_batches(encode_batches(events), base_url, key):
            result.add(tally)
            if tally.codes["UNKNOWN_WEBSITE"]:
                raise SendFailed(f"There is no website {website_id} in the workspace of this key.")
            if result.nothing_fits and result.broken >= HOPELESS:
                first = result.first_broken[0]
                raise SendFailed(f"No line is an event. Line {first.number}, for one: {first.reason}")
            progress(stored.tell(), total)
    return result


def _unpacked(stored: BinaryIO) -> BinaryIO:
    packed = stored.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    stored.seek(0)
    return cast("BinaryIO", gzip.GzipFile(fileobj=stored)) if packed else stored


def _undamaged(events: Iterator[tuple[int, Event]], result: ImportResult) -> Iterator[tuple[int, Event]]:
    try:
        yield from events
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        # The lines before the damage are as good as any others.
        result.damage = f"the gzip data is damaged after line {result.lines} ({error})"
