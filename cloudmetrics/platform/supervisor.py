"""Keeps children running, and stops them in order."""

import ctypes
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

from cloudmetrics.platform.processes import Child

PR_SET_CHILD_SUBREAPER = 36
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
STEADY = 60.0
LARGEST_LOG = 50_000_000


@dataclass
class Watch:
    """A child under watch; times are of the monotonic clock."""

    child: Child
    once: bool = False
    started: float = field(default_factory=time.monotonic)
    pause: float = SHORTEST_PAUSE
    down_since: float | None = None
    next_start: float | None = None


class Supervisor:
    """Starts children, starts those again that die, and stops them in reverse order.

    `say` prints one line to whoever looks on.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.watches: list[Watch] = []
        adopt_orphans()

    def start(self, *children: Child) -> None:
        """Starts children side by side and waits until all of them serve."""
        for child in children:
            child.start()
            self.watches.append(Watch(child))
        for child in children:
            child.await_ready(self.say)

    def start_once(self, child: Child) -> None:
        """Starts a child that may end by itself."""
        child.start()
        self.watches.append(Watch(child, once=True))

    def tend(self) -> None:
        """Looks after the children once; call it a few times per second."""
        for watch in list(self.watches):
            self._tend(watch)
        self._reap()

    def _tend(self, watch: Watch) -> None:
        now = time.monotonic()
        if watch.child.alive:
            if watch.down_since is not None and watch.child.ready():
                self.say(f"{watch.child.name} is back after {now - watch.down_since:.1f} s.")
                watch.down_since = None
        elif watch.once:
            self.watches.remove(watch)
        elif watch.next_start is None:
            self.say(
                f"{watch.child.name} ended ({watch.child.ending}); starting it again. See {watch.child.log}"
            )
            steady = now - watch.started > STEADY
            watch.pause = SHORTEST_PAUSE if steady else min(2 * watch.pause, LONGEST_PAUSE)
            watch.down_since = watch.down_since or now
            watch.next_start = now + watch.pause
        elif now >= watch.next_start:
            watch.child.start()
            watch.started, watch.next_start = now, None

    def stop(self) -> None:
        """Stops all children, the last one started first, and then whatever they left behind."""
        while self.watches:
            self.watches[-1].child.stop()
            self.watches.pop()
        orphans = psutil.Process().children(recursive=True)
        for orphan in orphans:
            with suppress(psutil.Error):
                orphan.kill()
        psutil.wait_procs(orphans, timeout=5)

    def hurry(self) -> None:
        """Ends the child that is being stopped at once, if that loses nothing."""
        if self.watches:
            self.watches[-1].child.ask_to_stop(signal.SIGINT)

    def trim_logs(self) -> None:
        """Moves the text of a log that grew large aside; what a child writes meanwhile may be lost."""
        for watch in self.watches:
            log = watch.child.log
            if log is not None and log.exists() and log.stat().st_size > LARGEST_LOG:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)

    def _reap(self) -> None:
        """Takes the exit codes of adopted processes, which would stay as zombies otherwise."""
        known = {watch.child.process.pid for watch in self.watches if watch.child.process}
        with suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if ended.si_pid in known:
                    return
                os.waitpid(ended.si_pid, 0)


def adopt_orphans() -> None:
    """Makes this process the parent of what its dying children leave behind, where the system can."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
