"""`make owner`: the first account and workspace, for an installation without demo data."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from cloudmetrics.accounts import scopes
from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import EmailTaken, InvalidEmail, InvalidName
from cloudmetrics.cli import terminal
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.data_folder import DataFolder
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.embedded import Stores, running_stores
from cloudmetrics.platform.external import check_database
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.processes import StartupError
from cloudmetrics.platform.signing import Keyring


def make_owner(settings: Settings, email: str, workspace_name: str) -> int:
    """Makes the account, its workspace and a key, and prints the key, which is never shown again."""
    name = workspace_name or email.rpartition("@")[2]
    with reachable_database(settings) as completed:
        secret = asyncio.run(create(completed, email, name))
    terminal.show(f"\n  {email} owns the workspace {name}.")
    terminal.show("  Its API key may do everything and is shown only now:\n")
    terminal.show(f"  {secret}\n")
    return 0


async def create(settings: Settings, email: str, workspace_name: str) -> str:
    """The secret of a new owner's first key. Raises StartupError when the address is no good."""
    await migrate(settings.database_url)
    database = Database(settings.database_url, 1)
    try:
        # Whoever runs the installation is nobody's customer.
        _, workspace = await workspaces.create_owner(
            database, email=email, workspace_name=workspace_name, plan="ENTERPRISE"
        )
        _, secret = await api_keys.create_key(
            database, Keyring(settings.secret_key), workspace, name="First key", scopes=scopes.FULL
        )
    except (EmailTaken, InvalidEmail, InvalidName) as error:
        raise StartupError(str(error)) from None
    finally:
        await database.close()
    return secret


@contextmanager
def reachable_database(settings: Settings) -> Iterator[Settings]:
    """The settings with a database: that of the URL, of the running server, or one for the moment."""
    folder = DataFolder(settings.data_dir.resolve())
    if settings.database_url:
        check_database(settings.database_url)
        yield replace(settings, secret_key=settings.secret_key or folder.secret_key())
        return
    stores = Stores(folder.path)
    try:
        folder.make()
    except StartupError:
        # Another supervisor has the folder. Its PostgreSQL may be used, if it is ready.
        if not stores.postgres_ready():
            raise
        yield completed(settings, folder, stores)
        return
    try:
        with running_stores(folder.path) as stores:
            yield completed(settings, folder, stores)
    finally:
        folder.release()


def completed(settings: Settings, folder: DataFolder, stores: Stores) -> Settings:
    secret_key = settings.secret_key or folder.secret_key()
    return replace(settings, database_url=stores.database_url, secret_key=secret_key)
