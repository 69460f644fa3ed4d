"""What the commands print: at most 80 columns, and never a reason to fail."""

import time
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.markup import escape

from cloudmetrics.platform.config import Settings

console = Console(highlight=False, soft_wrap=True)


def show(text: str) -> None:
    """Prints lines with rich's markup. A terminal that is gone must not keep the service from stopping."""
    with suppress(OSError):
        console.print(text)


def say(text: str) -> None:
    """Prints one line with the time of the day."""
    show(f"[dim]{time.strftime('%H:%M:%S')}[/dim]  {escape(text)}")


def farewell() -> None:
    """The last line. A progress bar that was cut short has left the cursor hidden."""
    with suppress(OSError):
        console.show_cursor()
    say("Stopped.")


def show_addresses(base: str) -> None:
    for name, path in (
        ("API", "/v1"),
        ("Docs", "/docs"),
        ("Swagger UI", "/api/docs"),
        ("Readiness", "/readyz"),
    ):
        show(f"  {name:<12}{base}{path}")


def banner(settings: Settings, demo: dict[str, Any] | None) -> None:
    """Where everything is, and how to begin."""
    base = escape(settings.base_url)
    show("\n[bold green]CloudMetrics[/bold green] is running. Ctrl-C stops it.\n")
    show_addresses(base)
    if demo is None:
        show("\n  Make an account and its first key:  make owner EMAIL=you@example.com\n")
        return
    keys = demo["workspaces"][0]["keys"]
    file = escape(str(settings.data_dir / "demo.json"))
    show(f"\n  Keys of the workspace [bold]demo[/bold]; all are in {file}\n")
    for name, key in keys.items():
        show(f"  {name:<12}{key}")
    show("\n  Try it:\n")
    # One line however long, so that it can be pasted.
    show(f"curl -H 'API-Key: {keys['read']}' '{base}/v1/metrics'\n")


def mock_banner(settings: Settings, key: str) -> None:
    """Where the mock is, the key that opens it, and how to choose what it answers."""
    base = escape(settings.base_url)
    show("\n[bold green]CloudMetrics[/bold green] answers from its examples. Ctrl-C stops it.\n")
    show_addresses(base)
    show(f"\n  {'Key':<12}{key}")
    show("\n  Any key of that form will do. Answers have X-Mock: true; choose one with")
    show("  Prefer: code=404, or Prefer: example=name. Try it:\n")
    # One line however long, so that it can be pasted.
    show(f"curl -H 'API-Key: {key}' '{base}/v1/websites'\n")
