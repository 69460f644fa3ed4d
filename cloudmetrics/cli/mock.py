"""`make mock`: the contract answered from its examples, in the foreground until a signal comes."""

import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from cloudmetrics.cli import terminal
from cloudmetrics.cli.run import TICK, Interrupts, Stopped, stop_accepting
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.server import listen, server
from cloudmetrics.platform.supervisor import Supervisor

APP = "cloudmetrics.mock:create_mock()"


def mock(settings: Settings) -> int:
    """Runs the mock until SIGINT, SIGTERM or SIGHUP; returns 0 after an orderly stop. Raises StartupError."""
    supervisor = Supervisor(terminal.say)
    interrupts = Interrupts(supervisor)
    try:
        with ExitStack() as cleanup:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="cloudmetrics-mock-")))
            (folder / "logs").mkdir()
            settings = replace(settings, data_dir=folder, workers=1)
            listener = cleanup.enter_context(listen(settings))
            cleanup.callback(supervisor.stop)
            cleanup.callback(stop_accepting, listener, interrupts)
            supervisor.start(server(settings, listener, APP))
            # Imported late, since it reads all that the server reads.
            from cloudmetrics.mock import DEMO_KEY

            terminal.mock_banner(settings, DEMO_KEY)
            while True:
                supervisor.tend()
                time.sleep(TICK)
    except Stopped:
        terminal.farewell()
    return 0
