"""The whole product for a benchmark: stores of its own, a workspace with 30 websites, and a key."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloudmetrics.accounts import scopes
from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.analytics.websites import service as website_service
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.embedded import Stores, running_stores
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.signing import Keyring

APP = "cloudmetrics.asgi:app"
SECRET = "a secret key that only benchmarks have"
ROWS = 30


@dataclass(frozen=True)
class Product:
    """`environ` makes a server process serve this product."""

    environ: dict[str, str]
    workspace_id: str
    key: str


@contextmanager
def product() -> Iterator[Product]:
    """Starts the stores for the time of the block."""
    with tempfile.TemporaryDirectory() as folder, running_stores(Path(folder)) as stores:
        workspace_id, key = asyncio.run(_fill(stores))
        environ = {
            "DATABASE_URL": stores.database_url,
            "REDIS_URL": stores.redis_url,
            "CLOUDMETRICS_SECRET_KEY": SECRET,
            "CLOUDMETRICS_RATE_LIMITS": "off",
            "CLOUDMETRICS_RESPONSES": "enforce",
        }
        yield Product(environ, workspace_id, key)


async def _fill(stores: Stores) -> tuple[str, str]:
    await migrate(stores.database_url)
    return await add_workspace(stores.database_url, "Bench", websites=ROWS)


async def add_workspace(database_url: str, name: str, *, websites: int) -> tuple[str, str]:
    """Makes a workspace with some websites; its id, and a key that may do all."""
    database, keyring = Database(database_url), Keyring(SECRET.encode())
    workspace = await workspaces.create_workspace(database, name=name, plan="ENTERPRISE")
    caller = Caller(Tenant(database, workspace.id), keyring)
    for number in range(websites):
        await website_service.create(caller, name=f"Website {number}", domain=f"website-{number}.example")
    _, key = await api_keys.create_key(database, keyring, workspace, name="bench", scopes=scopes.FULL)
    await database.close()
    return str(workspace.id), key
