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

from cloudmetrics.accounts import scopes
from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.gates import tools
from cloudmetrics.gates.models import GateBroken, Project
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.embedded import running_stores
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.processes import StartupError
from cloudmetrics.platform.server import listen, server
from cloudmetrics.platform.signing import Keyring

SECRET = b"a secret key that only the gates know"
# What each kind of credential may do.
CREDENTIALS = {"full": scopes.FULL, "read": scopes.READ, "ingest": scopes.INGEST}
WEBSITES = 3
# A small project knows two keys, by these names.
SMALL = {"full": frozenset({"things:read", "things:full"}), "read": frozenset({"things:read"})}


@dataclass(frozen=True, slots=True)
class Live:
    """`headers` holds, per kind of credential, the headers that carry it; `none` carries nothing.

    `scopes` holds what each kind may do.
    """

    url: str
    headers: dict[str, dict[str, str]]
    scopes: dict[str, frozenset[str]]


@contextmanager
def serving(project: Project) -> Iterator[Live]:
    """A server that never sends what breaks the contract, for the time of the block. Raises GateBroken."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudmetrics-gates-")))
        folder.chmod(0o755)  # The stores may run as another user.
        if (project.root / "app.py").exists():
            settings, app, granted = _settings(folder), "app:app", SMALL
            headers = {kind: {"API-Key": kind} for kind in SMALL}
        else:
            stores = stack.enter_context(running_stores(folder, durable=False))
            settings = _settings(folder, database_url=stores.database_url, redis_url=stores.redis_url)
            headers, app = asyncio.run(_credentials(settings)), "cloudmetrics.asgi:app"
            granted = {kind: scopes.expand(each) for kind, each in CREDENTIALS.items()}
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
        yield Live(settings.base_url, {"none": {}} | headers, {"none": frozenset()} | granted)


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


async def _credentials(settings: Settings) -> dict[str, dict[str, str]]:
    """The keys of a workspace that has websites of its own."""
    await migrate(settings.database_url)
    database, keyring = Database(settings.database_url), Keyring(SECRET)
    workspace = await workspaces.create_workspace(database, name="Gates", plan="ENTERPRISE")
    caller = Caller(Tenant(database, workspace.id), keyring)
    for number in range(WEBSITES):
        await websites.create(caller, name=f"Website {number}", domain=f"website-{number}.example")
    headers = {}
    for kind, granted in CREDENTIALS.items():
        _, key = await api_keys.create_key(database, keyring, workspace, name=kind, scopes=granted)
        headers[kind] = {"API-Key": key}
    await database.close()
    return headers
