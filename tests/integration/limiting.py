"""What the tests of limits share."""

import json

from cloudmetrics.accounts.plans import read_limits
from cloudmetrics.platform.database import Database
from tests.integration.conftest import Home


async def set_limits(database: Database, home: Home, **texts: str) -> None:
    """Gives a workspace limits of its own. Its keys heed them once they are looked up anew."""
    async with database.transaction(home.workspace.id) as transaction:
        await transaction.execute(
            "UPDATE workspaces SET limits = %(limits)s::jsonb WHERE workspace_id = %(id)s",
            {"limits": json.dumps(read_limits(texts)), "id": home.workspace.id},
        )
