"""`make import-log` and `make import-events`: the import with a progress bar and a summary."""

import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from cloudmetrics.importing.importer import Progress as Report
from cloudmetrics.importing.importer import import_events, import_log
from cloudmetrics.importing.result import ImportResult
from cloudmetrics.importing.sending import Refused, SendFailed
from cloudmetrics.importing.target import Target, find_target

WIDTH = 80


def run(
    kind: str, file: str, website: str, key: str, *, base_url: str, data_dir: Path, salt: str = ""
) -> int:
    """Imports the file, a `log` or `events`, and prints what became of its lines.

    Returns the exit code: 1, with one line on stderr, where the import could not
    be done or any line was refused by the server; else 0, also with broken lines.
    """
    try:
        with Path(file).open("rb"):
            target = find_target(base_url, website, key, data_dir / "demo.json")
        result = _import_with_progress(kind, Path(file), base_url, target, salt)
    except OSError as error:
        return _fail(f"{file} cannot be read: {error.strerror or error}.")
    except SendFailed as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print("Interrupted. Repeat the command to finish: nothing is counted twice.", file=sys.stderr)
        return 130
    _print_summary(file, target, result)
    return _verdict(kind, file, result)


def _import_with_progress(kind: str, path: Path, base_url: str, target: Target, salt: str) -> ImportResult:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Importing", total=None)
        report: Report = lambda read, total: bar.update(task, completed=read, total=total)  # noqa: E731
        if kind == "events":
            return import_events(path, base_url, target.key, target.website_id, progress=report)
        return import_log(
            path,
            base_url,
            target.key,
            target.website_id,
            domain=target.domain,
            salt=salt,
            progress=report,
        )


def _print_summary(file: str, target: Target, result: ImportResult) -> None:
    console = Console(highlight=False)
    table = Table(title=f"{escape(Path(file).name)} → {escape(target.name)}", min_width=32)
    table.add_column("lines")
    table.add_column("", justify="right")
    table.add_row("read", f"{result.lines:,}")
    table.add_row("accepted", f"{result.accepted:,}")
    table.add_row("duplicates", f"{result.duplicates:,}")
    table.add_row("rejected", f"{result.rejected:,}")
    table.add_row("broken", f"{result.broken:,}")
    console.print(table, width=min(WIDTH, console.width))
    for code, count in result.codes.most_common():
        console.print(f"rejected as {code}: {count:,}", width=WIDTH)
    _print_lines(console, "is rejected", result.first_rejected, result.rejected)
    _print_lines(console, "is broken", result.first_broken, result.broken)


def _print_lines(console: Console, what: str, first: list[Refused], count: int) -> None:
    for line in first:
        console.print(f"line {line.number:,} {what}: {line.reason}", width=WIDTH, markup=False)
    if count > len(first):
        console.print(f"… and {count - len(first):,} more", width=WIDTH)


def _verdict(kind: str, file: str, result: ImportResult) -> int:
    if result.damage:
        return _fail(f"{file} is not whole: {result.damage}. The lines before are imported.")
    if result.lines and result.broken == result.lines:
        what = "access log" if kind == "log" else "file of events"
        return _fail(f"{file} is no {what}: no line could be read.")
    if result.rejected:
        return _fail(f"The server rejected {result.rejected:,} lines.")
    return 0


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1
