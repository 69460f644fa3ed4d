"""gunicorn's settings: `gunicorn -c python:cloudmetrics.gunicorn_settings cloudmetrics.asgi:app`."""

import os
import ssl
from collections.abc import Callable
from typing import Any

import uuid_utils
from gunicorn.glogging import Logger

from cloudmetrics.platform import memory
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.telemetry import configure_logs

settings = Settings.load()
listening = os.environ.get("CLOUDMETRICS_LISTEN_FD")

host = f"[{settings.host}]" if ":" in settings.host else settings.host
bind = f"fd://{listening}" if listening else f"{host}:{settings.port}"
workers = settings.workers
worker_class = "cloudmetrics.platform.http_worker.HttpWorker"
# The contract is compiled once and shared by all workers.
preload_app = True


# Which proxies are believed is our setting, and our middleware's to judge.
forwarded_allow_ips = ""

if settings.tls_certificate:
    certfile, keyfile = settings.tls_certificate, settings.tls_key


def ssl_context(_config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Every client of today speaks TLS 1.3, which leaves nothing to be configured wrong."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


class JsonLogger(Logger):  # type: ignore[misc]
    """Sends what gunicorn itself has to say the same way as all other logs."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        configure_logs(settings.log_level)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


loglevel = settings.log_level
logger_class = JsonLogger
accesslog = None  # The application logs each request itself.
control_socket_disable = True

timeout = 30
keepalive = 5
# Above keepalive there would be nothing to wait for but requests that hang.
graceful_timeout = 5


def post_fork(server: Any, worker: Any) -> None:
    """Gives each worker random numbers of its own, since they are copies of one process, and settles it."""
    uuid_utils.reseed_rng()
    memory.settle()
