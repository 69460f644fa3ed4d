"""The demo workspaces: made before the server starts, filled with traffic over HTTP once it runs."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cloudmetrics.accounts import scopes
from cloudmetrics.accounts.api_keys import service as api_keys
from cloudmetrics.accounts.api_keys.secrets import Mode
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.accounts.workspaces.models import Plan
from cloudmetrics.alerting.rules import service as rules
from cloudmetrics.alerting.rules.models import Terms
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.cli import terminal
from cloudmetrics.demo import load
from cloudmetrics.demo.alerts import alerts_of
from cloudmetrics.demo.boards import make_boards
from cloudmetrics.demo.reports import WEEKLY
from cloudmetrics.importing import SendFailed
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.data_folder import write_private
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.processes import MARK, Child, StartupError
from cloudmetrics.platform.server import PROJECT, local_url
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.reports.definitions import service as reports

PLANS: Mapping[str, Plan] = {"demo": "ENTERPRISE", "other": "PRO"}
SCOPES = {"full": scopes.FULL, "read": scopes.READ, "ingest": scopes.INGEST, "test": scopes.FULL}
DAYS = 30
DOMAIN = "{}.example"

Demo = dict[str, Any]


def demo_file(settings: Settings) -> Path:
    return settings.data_dir / "demo.json"


def loaded_note(settings: Settings) -> Path:
    """Exists once all traffic of the demo is stored, and names the website that it is in."""
    return settings.data_dir / "demo.loaded"


async def prepare(settings: Settings) -> Demo:
    """The demo workspaces: those of demo.json, if their keys still open this database, or new ones."""
    database = Database(settings.database_url, 1)
    keyring = Keyring(settings.secret_key, settings.previous_secret_keys)
    try:
        demo = read(settings)
        if demo is None or not await opens(demo, database, keyring):
            made = [await make(name, plan, database, keyring) for name, plan in PLANS.items()]
            demo = {"base_url": settings.base_url, "workspaces": made}
        if demo != read(settings) or demo["base_url"] != settings.base_url:
            demo["base_url"] = settings.base_url
            write_private(demo_file(settings), json.dumps(demo, indent=2) + "\n")
        return demo
    finally:
        await database.close()


def read(settings: Settings) -> Demo | None:
    """What demo.json holds, or None where there is none or it is damaged."""
    with suppress(FileNotFoundError, ValueError):
        demo = json.loads(demo_file(settings).read_text())
        return demo if isinstance(demo, dict) and "workspaces" in demo and "base_url" in demo else None
    return None


async def opens(demo: Demo, database: Database, keyring: Keyring) -> bool:
    """Whether all workspaces are in this database, and all keys are good with this secret."""
    for workspace in demo["workspaces"]:
        try:
            await workspaces.of(Tenant(database, UUID(workspace["id"])))
        except NotFound:
            return False
        for key in workspace["keys"].values():
            if await api_keys.identify(database, keyring, key) is None:
                return False
    return True


async def make(name: str, plan: Plan, database: Database, keyring: Keyring) -> Demo:
    """A new workspace with a website, a weekly report, and a key of each kind."""
    workspace = await workspaces.create_workspace(database, name=name, plan=plan)
    owner = Caller(Tenant(database, workspace.id), keyring, scopes.FULL)
    website = await websites.create(owner, name=name.title(), domain=DOMAIN.format(name))
    await reports.create(owner, WEEKLY)
    await make_boards(owner, website.id)
    for alert in alerts_of(str(website.id)):
        await rules.create(owner, Terms.from_json(alert))
    keys = {}
    for kind, allowed in SCOPES.items():
        mode: Mode = "test" if kind == "test" else "live"
        _, keys[kind] = await api_keys.create_key(
            database, keyring, workspace, name=f"Demo: {kind}", scopes=allowed, mode=mode
        )
    return {
        "id": str(workspace.id),
        "name": name,
        "plan": plan,
        "website_id": str(website.id),
        "keys": keys,
    }


def loader(settings: Settings) -> Child:
    """Fills the demo workspace, in a process of its own so that the supervisor stays free."""
    return Child(
        "The loading of the demo traffic",
        [sys.executable, "-m", "cloudmetrics", "fill-demo"],
        PROJECT,
        log=None,
        environ=os.environ | settings.to_environ() | {MARK: str(settings.data_dir)},
    )


def is_loaded(settings: Settings, demo: Demo) -> bool:
    """Whether all traffic is in the demo website already."""
    with suppress(FileNotFoundError):
        return loaded_note(settings).read_text() == str(demo["workspaces"][0]["website_id"])
    return False


def fill(settings: Settings) -> int:
    """Sends the demo traffic to the running server. What an interrupted load has sent is not stored twice."""
    demo = read(settings)
    if demo is None:
        raise StartupError(f"There is no {demo_file(settings)}; `make run` creates it.")
    workspace = demo["workspaces"][0]
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    quiet = not terminal.console.is_terminal
    with Progress(*columns, console=terminal.console, transient=True, disable=quiet) as bar:
        task = bar.add_task("Loading 30 days of demo traffic", total=None)
        try:
            result = load(
                local_url(settings),
                workspace["keys"]["ingest"],
                workspace["website_id"],
                days=DAYS,
                progress=lambda sent, total: bar.update(task, completed=sent, total=total),
            )
        except SendFailed as error:
            raise StartupError(f"The demo traffic could not be loaded: {error}") from None
    loaded_note(settings).write_text(workspace["website_id"])
    terminal.say(f"The demo has {result.accepted + result.duplicates:,} events of the last {DAYS} days.")
    return 0
