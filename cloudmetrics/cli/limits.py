"""`make limits`: a workspace gets limits of its own, in place of its plan's."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.limits.service import set_limits
from cloudmetrics.accounts.plans import InvalidLimit
from cloudmetrics.cli import terminal
from cloudmetrics.cli.owner import reachable_database
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.processes import StartupError


def change_limits(settings: Settings, workspace: str, changes: Sequence[str]) -> int:
    """Applies changes such as `requests=5000/minute` and `agent=plan`, and prints what holds then."""
    try:
        workspace_id = UUID(workspace)
    except ValueError:
        raise StartupError(f"{workspace} is no id of a workspace.") from None
    texts = dict(change.partition("=")[::2] for change in changes)
    with reachable_database(settings) as completed:
        limits = asyncio.run(change(completed, workspace_id, texts))
    told = ", ".join(f"{name} {'/'.join(map(str, value)) + ' s' if isinstance(value, list) else value}"
                     for name, value in sorted(limits.items()))  # fmt: skip
    terminal.show(f"\n  The workspace's own limits: {told or 'none, those of its plan hold'}\n")
    return 0


async def change(settings: Settings, workspace_id: UUID, texts: dict[str, str]) -> dict[str, Any]:
    database = Database(settings.database_url, 1)
    try:
        return await set_limits(database, workspace_id, texts)
    except (InvalidLimit, NotFound) as error:
        raise StartupError(str(error)) from None
    finally:
        await database.close()
