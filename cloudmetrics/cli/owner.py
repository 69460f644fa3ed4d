"""`make owner`: the first account and workspace, for an installation without demo data."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rich.markup import escape

from cloudmetrics.accounts import scopes
from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.links import password_link
from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people.models import EmailTaken, InvalidEmail, WeakPassword
from cloudmetrics.accounts.people.passwords import require_strong
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import InvalidName
from cloudmetrics.cli import terminal
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.data_folder import DataFolder
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.embedded import Stores, running_stores
from cloudmetrics.platform.external import check_database
from cloudmetrics.platform.migrations import migrate
from cloudmetrics.platform.processes import StartupError
from cloudmetrics.platform.signing import Keyring


@dataclass(frozen=True, slots=True)
class Made:
    """What only the new owner may see: a key, and the link to set a password unless there is one."""

    key: str
    link: str | None


def make_owner(settings: Settings, email: str, workspace_name: str, password: str) -> int:
    """Makes the account, its workspace and a key, and prints what is never shown again."""
    name = workspace_name or email.rpartition("@")[2]
    with reachable_database(settings) as completed:
        made = asyncio.run(create(completed, email, name, password))
    terminal.show(f"\n  {escape(email)} owns the workspace {escape(name)}.")
    terminal.show("  Its API key may do everything and is shown only now:\n")
    terminal.show(f"  {made.key}\n")
    if made.link:
        terminal.show("  To sign in, set a password within the hour, where the service runs:\n")
        terminal.show(f"  {escape(made.link)}\n")
    return 0


async def create(settings: Settings, email: str, workspace_name: str, password: str) -> Made:
    """A new owner, with the password if one is given. Raises StartupError when something is no good."""
    await migrate(settings.database_url)
    database = Database(settings.database_url, 1)
    keyring = Keyring(settings.secret_key, settings.previous_secret_keys)
    try:
        if password:
            require_strong(password, email.strip().lower())
        # Whoever runs the installation is nobody's customer.
        user, workspace = await workspaces.create_owner(
            database, email=email, workspace_name=workspace_name, plan="ENTERPRISE"
        )
        _, key = await api_keys.create_key(database, keyring, workspace, name="First key", scopes=scopes.FULL)
        async with database.transaction(workspace.id) as transaction:
            token = await people.make_password_token(transaction, keyring, user.id)
        if not password:
            return Made(key, password_link(settings.base_url, token))
        await people.finish_reset(database, keyring, token=token, password=password)
    except (EmailTaken, InvalidEmail, InvalidName, WeakPassword) as error:
        raise StartupError(str(error)) from None
    finally:
        await database.close()
    return Made(key, None)


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
