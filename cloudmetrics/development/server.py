"""`python -m cloudmetrics.development.server`: the server that `make dev` starts, in one process."""

from __future__ import annotations

import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn

from cloudmetrics.app import SPEC, create_app
from cloudmetrics.development.app import Development
from cloudmetrics.development.building import Builder
from cloudmetrics.development.spectral import Spectral
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.http_worker import Protocol
from cloudmetrics.platform.server import LISTEN_FD, PROJECT, TERMINAL_FD
from cloudmetrics.platform.telemetry import configure_logs


class Server(uvicorn.Server):
    """Ends the streams of open pages first, since it waits for whatever is being answered."""

    def __init__(self, config: uvicorn.Config, app: Development) -> None:
        super().__init__(config)
        self.app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.app.pages.close()
        super().handle_exit(sig, frame)


def main() -> None:
    """Serves until SIGTERM or SIGINT, at the socket that the supervisor holds."""
    settings = Settings.load()
    configure_logs(settings.log_level)
    terminal = os.fdopen(int(os.environ[TERMINAL_FD]), "w", encoding="utf-8", buffering=1)
    sys.path.insert(0, str(PROJECT))
    spectral = Spectral(PROJECT / ".spectral.yml", Path(settings.data_dir))
    builder = Builder(SPEC / "openapi.yaml", PROJECT / "handlers", partial(create_app, settings))
    app = Development(builder, partial(print, file=terminal), spectral)
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Server(config, app).run(sockets=[socket.socket(fileno=int(os.environ[LISTEN_FD]))])


if __name__ == "__main__":
    main()
