"""`python -m cloudmetrics worker`: runs background jobs; as many of them side by side as you like."""

import asyncio
import os
import sys

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.processes import MARK, Child, StartupError
from cloudmetrics.platform.server import PROJECT


def work(settings: Settings) -> int:
    """Runs jobs until a signal comes. Raises StartupError where a setting is missing."""
    for name in ("database_url", "redis_url", "secret_key"):
        if not getattr(settings, name):
            raise StartupError(
                f"A worker of its own needs {name.upper()} as its server has it; `make run` starts both."
            )
    from cloudmetrics.worker import work as run

    asyncio.run(run(settings))
    return 0


def worker(settings: Settings) -> Child:
    """The worker as a child; `settings` reach it as environment variables."""
    return Child(
        "The worker",
        [sys.executable, "-m", "cloudmetrics", "worker"],
        PROJECT,
        settings.data_dir / "logs" / "worker.log",
        environ=os.environ | settings.to_environ() | {MARK: str(settings.data_dir)},
        # Longer than it waits for its jobs.
        patience=15,
    )
