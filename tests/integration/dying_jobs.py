"""A process that dies by SIGKILL in the middle of a job, once at every message to PostgreSQL.

    python -m tests.integration.dying_jobs <database URL> <Redis URL> <mail folder> < jobs

Reads lines of JSON, `{"name": …, "id": …, "arguments": …, "step": [number, way] or null}`,
runs each job in a process of its own, and answers each line by one: how many messages the
job took, or null where it died.
"""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudmetrics.worker
from cloudmetrics.analytics.rollups.building import store as building
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.jobs import JobContext
from cloudmetrics.platform.jobs.registry import REGISTRY, Services
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring

from .conftest import SECRET, settings_for
from .dying import die_at, in_a_process_of_its_own

assert cloudmetrics.worker, "imported so that all jobs are registered"
# So few that there is a part left for the job, and several steps of it.
EVENTS_AT_ONCE = 2


async def run(told: dict[str, Any], database_url: str, redis_url: str, folder: str) -> int:
    settings = replace(settings_for(database_url, redis_url), data_dir=Path(folder))
    database, redis = Database(database_url), Redis(redis_url)
    # A connection is open already, as a worker's is.
    await database.read_directory("SELECT 1")
    count = die_at(tuple(told["step"]) if told["step"] else None)
    context = JobContext(Services(database, redis, Keyring(SECRET), settings), told["id"])
    await REGISTRY[told["name"]].run(context, told["arguments"])
    await redis.close()
    return count()


def main(database_url: str, redis_url: str, folder: str) -> None:
    building.EVENTS_AT_ONCE = EVENTS_AT_ONCE
    for line in sys.stdin:
        told = json.loads(line)

        def work(told: dict[str, Any] = told) -> int:
            return asyncio.run(run(told, database_url, redis_url, folder))

        print(json.dumps(in_a_process_of_its_own(work)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
