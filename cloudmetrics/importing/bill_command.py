"""`make import-costs`: the import of a bill with a progress bar and a summary."""

import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from cloudmetrics.importing.bills import Import, import_bill
from cloudmetrics.importing.sending import SendFailed
from cloudmetrics.importing.target import demo_key

WIDTH = 80
SHOWN = 10


def run_costs(file: str, key: str, *, base_url: str, data_dir: Path, on_error: str = "SKIP") -> int:
    """Imports a bill into the workspace of a key, or the demo's, and prints what became of it.

    Returns the exit code: 1, with one line on stderr, where nothing was loaded; else 0.
    """
    try:
        state = _with_progress(Path(file), base_url, key or demo_key(data_dir / "demo.json"), on_error)
    except OSError as error:
        return _fail(f"{file} cannot be read: {error.strerror or error}.")
    except SendFailed as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print("Interrupted. What is in will be loaded; repeating it counts nothing twice.", file=sys.stderr)
        return 130
    _print_summary(file, state)
    if state["failure"]:
        return _fail(f"Nothing was loaded: {state['failure']['message']}")
    return 0


def _with_progress(path: Path, base_url: str, key: str, on_error: str) -> Import:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Sending", total=None)

        def report(what: str, done: float, total: float) -> None:
            bar.update(task, description=what, completed=done, total=total)

        return import_bill(path, base_url, key, on_error=on_error, progress=report)


def _print_summary(file: str, state: Import) -> None:
    console = Console(highlight=False)
    table = Table(title=escape(Path(file).name), min_width=32)
    table.add_column("rows")
    table.add_column("", justify="right")
    for name in ("read", "loaded", "rejected"):
        table.add_row(name, f"{state[f'rows_{name}']:,}")
    console.print(table, width=min(WIDTH, console.width))
    for bill in state["bills"]:
        told = f"{bill['provider']}, {bill['billing_account']}, {bill['billing_period_start']}"
        console.print(f"{told}: {bill['rows']:,} rows", width=WIDTH, markup=False)
    for error in state["errors"][:SHOWN]:
        column = f" ({error['column']})" if error["column"] else ""
        console.print(f"line {error['line']:,}{column}: {error['message']}", width=WIDTH, markup=False)
    if state["rows_rejected"] > SHOWN:
        console.print(f"and {state['rows_rejected'] - SHOWN:,} more", width=WIDTH)


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1
