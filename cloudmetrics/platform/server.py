"""The web server, gunicorn, as a child; its socket belongs to the supervisor, so a restart refuses nobody."""

import errno
import http.client
import os
import signal
import socket
import ssl
import sys
from pathlib import Path

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.processes import MARK, Child, StartupError

PROJECT = Path(__file__).parents[2]
LISTEN_FD = "CLOUDMETRICS_LISTEN_FD"
# In development: where a program prints what the developer shall see, while its log goes to a file.
TERMINAL_FD = "CLOUDMETRICS_TERMINAL_FD"
BACKLOG = 2048


def listen(settings: Settings) -> socket.socket:
    """Takes the address of the server. Raises StartupError when somebody else has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = settings.port + 1 if settings.port < 65535 else 8080
            cure = f"another program uses it; stop that one, or choose another port: PORT={other}"
        elif error.errno == errno.EACCES:
            cure = "this user may not; choose a port above 1023 with PORT="
        else:
            cure = f"{error.strerror or error}; check CLOUDMETRICS_HOST"
        raise StartupError(f"Cannot listen on {settings.host}:{settings.port}: {cure}.") from None


def server(settings: Settings, listener: socket.socket, app: str = "cloudmetrics.asgi:app") -> Child:
    """gunicorn with one worker process per core; `settings` reach it as environment variables."""
    command = [sys.executable, "-m", "gunicorn", "-c", "python:cloudmetrics.gunicorn_settings", app]
    marks = {MARK: str(settings.data_dir), LISTEN_FD: str(listener.fileno())}
    return Child(
        "The server",
        command,
        PROJECT,
        settings.data_dir / "logs" / "server.log",
        lambda: is_ready(settings),
        environ=os.environ | settings.to_environ() | marks,
        stop_signal=signal.SIGTERM,
        patience=10,
        inherit=(listener.fileno(),),
    )


def local_url(settings: Settings) -> str:
    """The address at which this machine reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://[{host}]:{settings.port}" if ":" in host else f"{scheme}://{host}:{settings.port}"


def is_ready(settings: Settings) -> bool:
    """Whether the server answers 200 at /readyz."""
    scheme, _, address = local_url(settings).partition("://")
    connection = (
        http.client.HTTPConnection(address, timeout=2)
        if scheme == "http"
        else http.client.HTTPSConnection(address, timeout=2, context=_of_this_machine())
    )
    try:
        connection.request("GET", "/readyz", headers={"Connection": "close"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _of_this_machine() -> ssl.SSLContext:
    """The certificate is for a public name, and between a machine and itself there is nobody to fear."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
