"""Runs jobs, several side by side, until it is asked to stop.

procrastinate's worker does the fetching. It ends at the first trouble with
PostgreSQL; then this one begins anew, under another name, and what the old name
still held goes back to the queue.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import procrastinate
import psycopg
from procrastinate import jobs as procrastinate_jobs
from procrastinate.manager import JobManager, NotificationCallback
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker as Fetcher

from cloudmetrics.platform import clock
from cloudmetrics.platform.database import Database
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.jobs import store
from cloudmetrics.platform.jobs.connector import Connector
from cloudmetrics.platform.jobs.registry import REGISTRY, GiveUp, Job, JobContext, Retry, Services

logger = logging.getLogger(__name__)

CONCURRENCY = 4
# One for fetching and finishing, one for signs of life and upkeep.
QUEUE_CONNECTIONS = 2
HEARTBEAT_SECONDS = 2.0
# Notifications tell of new jobs at once; this finds those whose time has come.
POLL_SECONDS = 1.0
# How long a stop waits for running jobs before it gives them back.
GRACE_SECONDS = 8.0
PAUSE_SECONDS = 1.0
UNKNOWN_SECONDS = 60
BETWEEN_RELEASES = 5.0
BETWEEN_REPORTS = 60.0


class Worker:
    """One process's worker, which runs until `stop`."""

    def __init__(self, services: Services, jobs: Mapping[str, Job] = REGISTRY) -> None:
        self._services = services
        self._jobs = jobs
        self._url = services.settings.database_url
        self._queue = Database(self._url, QUEUE_CONNECTIONS)
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[Any]] = set()
        # Names under which this process worked before, and works no more.
        self._gone: list[int] = []

    def stop(self) -> None:
        """Begins no further job. Called again, it gives back those that still run, without waiting."""
        if self._stopping.is_set():
            for task in self._running:
                task.cancel()
        self._stopping.set()

    async def run(self) -> None:
        upkeep = asyncio.create_task(self._keep_up())
        try:
            while not self._stopping.is_set():
                try:
                    await self._work()
                except (Unavailable, psycopg.OperationalError):
                    logger.warning("the worker cannot reach its queue")
                except Exception:
                    logger.exception("the worker begins anew")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), PAUSE_SECONDS)
        finally:
            upkeep.cancel()
            with suppress(Unavailable):
                await self._release()
            await self._queue.close()

    async def _work(self) -> None:
        """Fetches and runs jobs until it is to stop, or the queue gets out of reach."""
        await self._release()
        fetcher = self._fetcher()
        running = asyncio.create_task(fetcher.run())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            fetcher.stop()
            await running
        finally:
            stopping.cancel()
            if fetcher.worker_id is not None:
                self._gone.append(fetcher.worker_id)

    def _fetcher(self) -> Fetcher:
        app = procrastinate.App(connector=Connector(self._queue, self._url))
        fetcher = Fetcher(
            app,
            concurrency=CONCURRENCY,
            fetch_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=GRACE_SECONDS,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=store.DEAD_AFTER_SECONDS,
        )
        app.job_manager = Manager(self._queue, app.job_manager, fetcher)
        for job in self._jobs.values():
            self._add(app, job)
        return fetcher

    def _add(self, app: procrastinate.App, job: Job) -> None:
        async def run(context: procrastinate.JobContext, /, **arguments: Any) -> None:
            await self._run(job, context.job, arguments)

        only_one = job.name if job.cron else None
        register = app.task(
            name=job.name,
            pass_context=True,
            retry=Strategy(job.retry),
            lock=only_one,
            queueing_lock=only_one,
        )
        task = register(run)
        if job.cron:
            app.periodic(cron=job.cron)(cast("Any", task))

    async def _run(self, job: Job, row: procrastinate_jobs.Job, arguments: dict[str, Any]) -> None:
        """One run of one job, with a line in the log that tells how it went, but not its arguments."""
        due = datetime.fromtimestamp(arguments.pop("timestamp"), UTC) if job.cron else None
        context = JobContext(self._services, row.id or 0, due, row.attempts + 1)
        about: dict[str, Any] = {"job": job.name, "job_id": row.id, "attempt": row.attempts + 1}
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        began = time.monotonic()
        try:
            await job.run(context, arguments)
        except asyncio.CancelledError:
            logger.warning("job given back", extra=about)
            raise
        except Exception as error:
            last = Strategy(job.retry).pause(error, row) is None
            logger.log(
                logging.ERROR if last else logging.WARNING,
                "job failed for good" if last else "job failed, to be tried again",
                extra=about,
                exc_info=True,
            )
            raise
        else:
            logger.info("job done", extra=about | {"seconds": round(time.monotonic() - began, 3)})
        finally:
            self._running.discard(task)

    async def _release(self) -> None:
        """Gives jobs back that nobody works at any more."""
        gone, self._gone = self._gone, []
        try:
            for job in await store.release(self._queue, gone):
                level = logging.WARNING if job.status == "todo" else logging.ERROR
                logger.log(level, "job of a dead worker", extra={"job": job.name, "job_id": job.id})
        except BaseException:
            self._gone += gone
            raise

    async def _keep_up(self) -> None:
        """What any worker does for all, now and then."""
        reported = -BETWEEN_REPORTS
        while True:
            try:
                await self._release()
                if time.monotonic() - reported >= BETWEEN_REPORTS:
                    reported = time.monotonic()
                    await store.forget_failed(self._queue)
                    await self._report()
            except Exception as error:
                logger.warning("the queue cannot be looked after", extra={"reason": type(error).__name__})
            await asyncio.sleep(BETWEEN_RELEASES)

    async def _report(self) -> None:
        numbers = await store.numbers(self._queue)
        logger.info(
            "queue",
            extra={
                "waiting": numbers.waiting,
                "scheduled": numbers.scheduled,
                "running": numbers.running,
                "failed": numbers.failed,
                "oldest_seconds": round(numbers.oldest_seconds, 1),
            },
        )


class Manager(JobManager):
    """procrastinate's manager, which puts jobs back our way and stops where it cannot say how one ended.

    Such a job would stay this worker's for ever. After the stop it is nobody's, and runs again.
    """

    def __init__(self, queue: Database, manager: JobManager, fetcher: Fetcher) -> None:
        super().__init__(manager.connector)
        self._queue = queue
        self._fetcher = fetcher
        self._told = 0

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        async def count(*, channel: str, notification: procrastinate_jobs.Notification) -> None:
            self._told += 1
            await on_notification(channel=channel, notification=notification)

        await super().listen_for_jobs(on_notification=count, queues=queues)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> procrastinate_jobs.Job | None:
        """The next job. One that is told of while none is found would be overlooked until the next poll."""
        while True:
            told = self._told
            job = await super().fetch_job(queues, worker_id)
            if job is not None or told == self._told:
                return job

    async def retry_job(
        self, job: procrastinate_jobs.Job, retry_at: datetime | None = None, *_: Any, **__: Any
    ) -> None:
        try:
            await store.put_back(self._queue, job.id or 0, retry_at or clock.now())
        except Exception:
            self._fetcher.stop()

    async def finish_job(
        self, job: procrastinate_jobs.Job, status: procrastinate_jobs.Status, delete_job: bool
    ) -> None:
        if job.task_name not in self._fetcher.app.tasks and job.attempts < store.MOST_ATTEMPTS:
            # A newer release added it, while this one still runs beside.
            await self.retry_job(job, clock.now() + timedelta(seconds=UNKNOWN_SECONDS))
            return
        try:
            await super().finish_job(job, status, delete_job)
        except Exception:
            self._fetcher.stop()


class Strategy(BaseRetryStrategy):
    """A job's own pauses; what a stop interrupted runs again at once."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry

    def pause(self, exception: BaseException, job: procrastinate_jobs.Job) -> float | None:
        if isinstance(exception, asyncio.CancelledError):
            return 0
        return None if isinstance(exception, GiveUp) else self._retry.pause(job.attempts + 1)

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate_jobs.Job
    ) -> RetryDecision | None:
        seconds = self.pause(exception, job)
        return None if seconds is None else RetryDecision(retry_at=clock.now() + timedelta(seconds=seconds))
