"""The worker's wiring: every module that registers jobs, and what jobs work with."""

from __future__ import annotations

import asyncio
import logging
import signal

# Each registers its jobs.
from cloudmetrics.accounts.invitations import jobs as _invitations  # noqa: F401
from cloudmetrics.accounts.oauth import jobs as _oauth  # noqa: F401
from cloudmetrics.accounts.people import jobs as _people  # noqa: F401
from cloudmetrics.accounts.test_clocks import jobs as _test_clocks  # noqa: F401
from cloudmetrics.accounts.trash import jobs as _trash  # noqa: F401
from cloudmetrics.accounts.workspaces import jobs as _workspaces  # noqa: F401
from cloudmetrics.alerting.deliveries import jobs as _deliveries  # noqa: F401
from cloudmetrics.alerting.evaluation import jobs as _evaluation  # noqa: F401
from cloudmetrics.alerting.history import jobs as _alert_history  # noqa: F401
from cloudmetrics.analytics.goals import jobs as _goals  # noqa: F401
from cloudmetrics.analytics.quota import jobs as _quota  # noqa: F401
from cloudmetrics.analytics.retention import jobs as _retention  # noqa: F401
from cloudmetrics.analytics.rollups.building import jobs as _building  # noqa: F401
from cloudmetrics.analytics.saved_funnels import jobs as _funnels  # noqa: F401
from cloudmetrics.analytics.websites import jobs as _websites  # noqa: F401
from cloudmetrics.boards.dashboards import jobs as _dashboards  # noqa: F401
from cloudmetrics.costs.loading import jobs as _cost_loading  # noqa: F401
from cloudmetrics.gateway.exchanges import jobs as _exchanges  # noqa: F401
from cloudmetrics.platform import mail as _mail  # noqa: F401
from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.jobs.registry import Services
from cloudmetrics.platform.jobs.worker import CONCURRENCY, Worker
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.platform.telemetry import configure_logs
from cloudmetrics.reports.runs import jobs as _reports  # noqa: F401


async def work(settings: Settings) -> None:
    """Runs jobs until SIGTERM or SIGINT; a second one gives running jobs back at once."""
    configure_logs(settings.log_level)
    # It tells the arguments of jobs, and our own lines tell the rest.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    # A job may hold two at once, but hardly all of them.
    database = Database(settings.database_url, CONCURRENCY + 2)
    redis = Redis(settings.redis_url)
    worker = Worker(
        Services(database, redis, Keyring(settings.secret_key, settings.previous_secret_keys), settings)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    try:
        await worker.run()
    finally:
        await redis.close()
        await database.close()
