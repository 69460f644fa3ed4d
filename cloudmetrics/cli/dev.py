"""`make dev`: the service while it is written, in the foreground until a signal comes."""

from __future__ import annotations

import asyncio
import http.client
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from watchfiles import watch

from cloudmetrics.cli import demo, terminal
from cloudmetrics.cli.run import Stopped, run
from cloudmetrics.cli.worker import worker
from cloudmetrics.development.building import syntax_errors
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.processes import MARK, Child, StartupError
from cloudmetrics.platform.server import LISTEN_FD, PROJECT, TERMINAL_FD
from cloudmetrics.platform.supervisor import Supervisor

TICK_MILLISECONDS = 200
STEP_MILLISECONDS = 20
# Code that the server has imported, what it reads at its start, and the migrations.
CODE = (".py", ".sql", ".html", ".css", ".js")
FOLDERS = ("cloudmetrics", "migrations")


class Programs:
    """The server and the worker, which are started anew when their code changes.

    One that ends by itself is told once, and waits for the next change.
    """

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self.children = children
        self.say = say
        self._running: set[str] = set()

    def start(self) -> None:
        """Starts all that do not run, and waits until they serve."""
        missing = [child for child in self.children if not child.alive]
        for child in missing:
            child.start()
        for child in missing:
            try:
                child.await_ready(self.say)
            except StartupError as error:
                self.say(str(error))
        self._running = {child.name for child in self.children if child.alive}

    def stop(self) -> None:
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop()

    def tend(self) -> None:
        for child in self.children:
            if child.name in self._running and not child.alive:
                self._running.discard(child.name)
                self.say(
                    f"{child.name} ended ({child.ending}); it starts with the next change. See {child.log}"
                )


def dev(settings: Settings) -> int:
    """Runs everything until a signal comes; returns 0 after an orderly stop. Raises StartupError."""
    return run(replace(settings, environment="development", workers=1), serve)


def serve(settings: Settings, supervisor: Supervisor, listener: socket.socket) -> NoReturn:
    """Starts the programs, and starts them anew whenever their code changes."""
    demo_data = asyncio.run(demo.prepare(settings)) if settings.demo else None
    programs = Programs([server(settings, listener), worker(settings)], terminal.say)
    try:
        programs.start()
        terminal.banner(settings, demo_data)
        terminal.say("What is saved is live at once, and what is broken is told here.")
        if demo_data is not None and not demo.is_loaded(settings, demo_data):
            supervisor.start_once(demo.loader(settings))
        for changed in changes():
            supervisor.tend()
            programs.tend()
            if changed:
                take_in(settings, programs, changed)
        raise Stopped
    finally:
        programs.stop()


def take_in(settings: Settings, programs: Programs, changed: set[Path]) -> None:
    """Starts the programs anew by the code as it is now, unless it cannot even be read."""
    broken = syntax_errors(PROJECT, [path for path in changed if path.suffix == ".py"])
    for finding in broken:
        terminal.say(str(finding))
    if broken:
        return
    programs.stop()
    if any(path.parent.name == "migrations" for path in changed):
        try:
            asyncio.run(migrate(settings.database_url))
        except Exception as error:
            terminal.say(f"The migrations failed: {str(error).strip()}")
    programs.start()
    terminal.say(f"Started anew, for {', '.join(sorted(path.name for path in changed)[:3])}.")


def changes() -> Iterator[set[Path]]:
    """The code files that changed, group by group, and an empty group every TICK; ends with a signal."""
    # It would tell of the signal, which needs no telling.
    logging.getLogger("watchfiles").setLevel(logging.ERROR)
    for changed in watch(
        *(PROJECT / folder for folder in FOLDERS),
        watch_filter=lambda _, path: path.endswith(CODE),
        step=STEP_MILLISECONDS,
        rust_timeout=TICK_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        yield {Path(path) for _, path in changed}


def server(settings: Settings, listener: socket.socket) -> Child:
    """The server as a child; it prints where this process does, and logs to a file."""
    printed = os.dup(sys.stdout.fileno())
    marks = {
        MARK: str(settings.data_dir),
        LISTEN_FD: str(listener.fileno()),
        TERMINAL_FD: str(printed),
    }
    return Child(
        "The server",
        [sys.executable, "-m", "cloudmetrics.development.server"],
        PROJECT,
        settings.data_dir / "logs" / "server.log",
        lambda: answers(settings),
        environ=os.environ | settings.to_environ() | marks,
        stop_signal=signal.SIGTERM,
        patience=5,
        inherit=(listener.fileno(), printed),
    )


def answers(settings: Settings) -> bool:
    """Whether the server is there, be its contract sound or broken."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.request("GET", "/dev/reload.js", headers={"Connection": "close"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
