"""A live server for gates: this product on stores of its own, or the `app.py` of a small project."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from cloudmetrics.gates import tools
from cloudmetrics.gates.credentials import NOTHING, Credential, make_all
from cloudmetrics.gates.models import GateBroken, Project
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.embedded import running_stores
from cloudmetrics.platform.processes import StartupError
from cloudmetrics.platform.server import listen, server

SECRET = b"a secret key that only the gates know"
# A small project knows two keys.
SMALL = {
    "full": Credential({"API-Key": "full"}, frozenset({"things:read", "things:full"})),
    "read": Credential({"API-Key": "read"}, frozenset({"things:read"})),
    "none": NOTHING,
}


@dataclass(frozen=True, slots=True)
class Live:
    """A server, and a credential of each kind that it knows; `none` carries nothing."""

    url: str
    credentials: dict[str, Credential]


@contextmanager
def serving(project: Project, *, limited: bool = True) -> Iterator[Live]:
    """A server that never sends what breaks the contract, for the time of the block. Raises GateBroken.

    One that is not `limited` answers however many requests there are.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudmetrics-gates-")))
        folder.chmod(0o755)  # The stores may run as another user.
        if (project.root / "app.py").exists():
            settings, app, credentials = _settings(folder), "app:app", SMALL
        else:
            stores = stack.enter_context(running_stores(folder, durable=False))
            urls = {"database_url": stores.database_url, "redis_url": stores.redis_url}
            settings, app = _settings(folder, rate_limits=limited, **urls), "cloudmetrics.asgi:app"
            credentials = asyncio.run(make_all(settings))
        listener = stack.enter_context(listen(settings))
        child = server(settings, listener, app)
        child.folder = project.root
        child.environ = {**(child.environ or {}), "PYTHONPATH": str(tools.HOME)}
        child.ready = partial(_answers, settings.base_url)
        stack.callback(child.stop)
        try:
            child.start()
            child.await_ready()
        except StartupError as error:
            raise GateBroken(str(error)) from None
        yield Live(settings.base_url, credentials)


def _settings(folder: Path, **more: Any) -> Settings:
    (folder / "logs").mkdir(exist_ok=True)
    return Settings(
        port=free_port(),
        data_dir=folder,
        secret_key=SECRET,
        responses="enforce",
        environment="development",
        **more,
    )


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code != httpx.codes.SERVICE_UNAVAILABLE
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
