"""`make run`: stores, migrations, demo data and the server, in the foreground until a signal comes."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import FrameType
from typing import NoReturn

import psutil  # type: ignore[import-untyped]

from cloudmetrics.cli import terminal
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.data_folder import DataFolder
from cloudmetrics.platform.embedded import Stores, child_user, is_store_of
from cloudmetrics.platform.external import check_database, check_redis
from cloudmetrics.platform.processes import MARK, StartupError, end_leftovers
from cloudmetrics.platform.server import listen, server
from cloudmetrics.platform.supervisor import Supervisor

TICK = 0.2
BETWEEN_TRIMS = 30.0
SPARE_CONNECTIONS = 30


class Stopped(BaseException):
    """A signal asked to stop. Not an Exception, so that no handler of errors keeps it."""


class Interrupts:
    """The first signal raises Stopped; once stopping, a further one makes the stop quicker."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self)

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping:
            self.supervisor.hurry()
            return
        self.stopping = True
        raise Stopped


Serve = Callable[[Settings, Supervisor, socket.socket], NoReturn]


def run(settings: Settings, then: Serve | None = None) -> int:
    """Runs everything until SIGINT, SIGTERM or SIGHUP; returns 0 after an orderly stop.

    `then` is what runs on the stores; unless it is given, the server and the worker.
    Raises StartupError when something stands in the way; nothing is left behind then.
    """
    settings = replace(settings, data_dir=settings.data_dir.resolve())
    supervisor = Supervisor(terminal.say)
    interrupts = Interrupts(supervisor)
    try:
        with ExitStack() as cleanup:
            folder = DataFolder(settings.data_dir)
            cleanup.callback(folder.release)
            folder.claim()
            end_leftovers(lambda process: is_leftover(process, settings))
            listener = cleanup.enter_context(listen(settings))
            check_external_stores(settings)
            stores = Stores(
                settings.data_dir,
                connections=settings.workers * (settings.database_pool_size + 2) + SPARE_CONNECTIONS,
                user=child_user(settings.data_dir) if embeds(settings) else "same",
            )
            folder.make()
            cleanup.callback(stores.clean_up)
            cleanup.callback(supervisor.stop)
            cleanup.callback(stop_accepting, listener, interrupts)
            settings = start_stores(
                replace(settings, secret_key=settings.secret_key or folder.secret_key()), stores, supervisor
            )
            (then or serve)(settings, supervisor, listener)
    except Stopped:
        terminal.farewell()
    return 0


def is_leftover(process: psutil.Process, settings: Settings) -> bool:
    """Whether a process was started by an earlier supervisor of the same data folder."""
    marked: str | None = process.environ().get(MARK)
    return marked == str(settings.data_dir) or is_store_of(process, settings.data_dir)


def stop_accepting(listener: socket.socket, interrupts: Interrupts) -> None:
    interrupts.stopping = True
    listener.close()


def embeds(settings: Settings) -> bool:
    """Whether any store is to be embedded."""
    return not (settings.database_url and settings.redis_url)


def check_external_stores(settings: Settings) -> None:
    if settings.database_url:
        check_database(settings.database_url)
    if settings.redis_url:
        check_redis(settings.redis_url)


def start_stores(settings: Settings, stores: Stores, supervisor: Supervisor) -> Settings:
    """Starts the stores that no URL names, and migrates; returns the settings with all URLs."""
    children = []
    if embeds(settings):
        stores.prepare()
    if not settings.database_url:
        children.append(stores.postgres())
    if not settings.redis_url:
        children.append(stores.redis())
    supervisor.start(*children)
    settings = replace(
        settings,
        database_url=settings.database_url or stores.database_url,
        redis_url=settings.redis_url or stores.redis_url,
    )
    from cloudmetrics.platform.migrations import migrate

    try:
        asyncio.run(migrate(settings.database_url))
    except Exception as error:
        raise StartupError(f"The migrations failed: {str(error).strip()}") from error
    return settings


def serve(settings: Settings, supervisor: Supervisor, listener: socket.socket) -> NoReturn:
    """Starts the server, fills it with demo data if that is still to do, and keeps all of it running."""
    # Imported here, so that a start that fails early fails quickly.
    from cloudmetrics.cli import demo
    from cloudmetrics.cli.worker import worker

    demo_data = asyncio.run(demo.prepare(settings)) if settings.demo else None
    supervisor.start(server(settings, listener))
    supervisor.start(worker(settings))
    terminal.banner(settings, demo_data)
    if demo_data is not None and not demo.is_loaded(settings, demo_data):
        supervisor.start_once(demo.loader(settings))
    trimmed = time.monotonic()
    while True:
        supervisor.tend()
        if time.monotonic() - trimmed > BETWEEN_TRIMS:
            supervisor.trim_logs()
            trimmed = time.monotonic()
        time.sleep(TICK)
