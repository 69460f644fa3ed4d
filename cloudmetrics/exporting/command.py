"""`make export-events`: a website's events as a file, whole or not at all."""

import gzip
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, cast

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from cloudmetrics.importing.sending import SendFailed, explain, open_client, unreachable
from cloudmetrics.importing.target import Target, find_target

FORMATS = {".ndjson": "NDJSON", ".ndjson.gz": "NDJSON", ".parquet": "PARQUET"}


def run(
    file: str, website: str, key: str, *, period: Mapping[str, str], base_url: str, data_dir: Path
) -> int:
    """Writes the events into the file, and replaces it only once all of them are there.

    Returns the exit code: 1, with one line on stderr, where that could not be done.
    """
    path = Path(file)
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        suffix = next((each for each in FORMATS if path.name.endswith(each)), None)
        if suffix is None:
            raise SendFailed(f"{file} should end in {', '.join(FORMATS)}: the ending says what it will be.")
        target = find_target(base_url, website, key, data_dir / "demo.json")
        question = {name: moment for name, moment in period.items() if moment}
        with _opened(unfinished, packed=suffix.endswith(".gz")) as output:
            _receive(base_url, target, question | {"format": FORMATS[suffix]}, output)
        unfinished.replace(path)
    except OSError as error:
        return _fail(f"{file} cannot be written: {error.strerror or error}.", unfinished)
    except SendFailed as error:
        return _fail(str(error), unfinished)
    except KeyboardInterrupt:
        _fail("Interrupted. Nothing was written.", unfinished)
        return 130
    size = path.stat().st_size
    Console(highlight=False).print(
        f"{path.name} has the events of {target.name}: {size:,} bytes.", markup=False
    )
    return 0


def _opened(path: Path, *, packed: bool) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "wb", compresslevel=6)) if packed else path.open("wb")


def _receive(base_url: str, target: Target, question: Mapping[str, str], output: BinaryIO) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        # How much there is, nobody knows before the end.
        task = bar.add_task("Exporting", total=None)
        _stream(base_url, target, question, output, lambda size: bar.advance(task, size))


def _stream(
    base_url: str,
    target: Target,
    question: Mapping[str, str],
    output: BinaryIO,
    advance: Callable[[int], None],
) -> None:
    """Raises SendFailed where the answer is no file, or the file is cut."""
    begun = False
    with open_client(base_url, target.reading_key) as client:
        try:
            address = f"v1/websites/{target.website_id}/events/export"
            with client.stream("GET", address, params=dict(question)) as response:
                if response.status_code != 200:
                    response.read()
                    raise SendFailed(explain(response))
                begun = True
                for piece in response.iter_bytes():
                    output.write(piece)
                    advance(len(piece))
        except httpx.TransportError as error:
            if begun:
                raise SendFailed("The connection was cut in the middle of the file. Try again.") from error
            raise SendFailed(unreachable(client, error)) from error


def _fail(message: str, unfinished: Path) -> int:
    unfinished.unlink(missing_ok=True)
    print(message, file=sys.stderr)
    return 1
