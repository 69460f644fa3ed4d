"""What tests of jobs share: a queue of their own, and jobs that note what they are given."""

from collections.abc import AsyncIterator

import pytest

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database
from tests.integration.conftest import settings_for
from tests.integration.working import a_job


@pytest.fixture
def settings(fresh_database, stores) -> Settings:
    return settings_for(fresh_database, stores.redis_url)


@pytest.fixture
async def queue(settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url)
    yield database
    await database.close()


def recorder(name: str, **options):
    """A job that notes its arguments, and the notes."""
    notes: list[dict] = []

    async def note(context, **arguments):
        notes.append(arguments)

    return a_job(name, note, **options), notes
