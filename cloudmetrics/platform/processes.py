"""Child processes: start them, stop them, and find those that a killed supervisor left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

LAUNCHER = Path(__file__).with_name("launch.py")
# A child that cannot be told by its working folder carries this variable.
MARK = "CLOUDMETRICS_SUPERVISED_IN"


class StartupError(Exception):
    """What the user has to mend before the service can start; the message is one clear line."""


@dataclass
class Child:
    """One supervised process.

    `log` is where its output goes, the terminal if None; `ready` tells whether
    it serves; `stop_signal` asks it to end in order, and after `patience`
    seconds it gets SIGKILL; `before_start` clears what an earlier one left.
    `user` is as in launch.py, `inherit` lists open files that the child shares.
    """

    name: str
    command: Sequence[str]
    folder: Path
    log: Path | None
    ready: Callable[[], bool] = lambda: True
    environ: Mapping[str, str] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10
    user: str = "same"
    inherit: tuple[int, ...] = ()
    before_start: Callable[[], None] = lambda: None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Starts the process in a session of its own, so that Ctrl-C reaches only the supervisor."""
        self.before_start()
        with self.log.open("ab") if self.log else nullcontext() as log:
            self.process = subprocess.Popen(  # noqa: S603 - the command is our own.
                launch(self.command, self.user, self.stop_signal),
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=self.inherit,
            )

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        code = self.process.returncode if self.process is not None else None
        return (
            f"killed by {signal.Signals(-code).name}"
            if code is not None and code < 0
            else f"exit code {code}"
        )

    def ask_to_stop(self, with_signal: signal.Signals | None = None) -> None:
        if self.process is not None and self.alive:
            self.process.send_signal(with_signal or self.stop_signal)

    def stop(self) -> None:
        """Stops the process and waits until it is gone."""
        self.ask_to_stop()
        if self.process is not None:
            try:
                self.process.wait(self.patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def await_ready(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Waits until the process serves, for as long as it lives, and says so when that takes long.

        Raises StartupError with the last line of its log when the process ends instead.
        """
        began = reminded = time.monotonic()
        while not self.ready():
            if not self.alive:
                raise StartupError(f"{self.name} did not start: {last_line(self.log)} (see {self.log})")
            if time.monotonic() - reminded > 10:
                reminded = time.monotonic()
                say(f"{self.name} is still starting ({reminded - began:.0f} s); see {self.log}")
            time.sleep(0.02)


def launch(command: Sequence[str], user: str, death_signal: signal.Signals) -> list[str]:
    """The command line that starts `command` through launch.py."""
    start = [sys.executable, "-I", "-S", str(LAUNCHER)]
    return [*start, str(os.getpid()), str(int(death_signal)), user, *command]


def last_line(log: Path | None) -> str:
    """The last line of a log file that says something."""
    with suppress(OSError):
        lines = log.read_text(errors="replace")[-4000:].split("\n") if log else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "no message")
    return "no message"


def end_leftovers(belongs: Callable[[psutil.Process], bool], patience: float = 20) -> None:
    """Stops every process that belongs to an earlier supervisor: in order first, then by force."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and belongs(process):
                found[process.pid] = process
    for process in found.values():
        with suppress(psutil.Error):
            # A server stops its own processes. SIGINT is the quick way for each kind of them.
            if process.ppid() not in found:
                process.send_signal(signal.SIGINT)
    _, stubborn = psutil.wait_procs(found.values(), timeout=patience)
    for process in stubborn:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
