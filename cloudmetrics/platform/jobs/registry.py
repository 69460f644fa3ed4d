"""Which jobs there are, when they run again after a failure, and what they get to work with."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from cloudmetrics.platform.config import Settings
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.redis import Redis
from cloudmetrics.platform.signing import Keyring

Function = TypeVar("Function", bound=Callable[..., Awaitable[None]])

GROWTH = 3


class GiveUp(Exception):
    """Trying the job again would not help. It counts as failed at once."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a job is run at most, and how long it rests after a failure.

    The pauses, in seconds, grow threefold from `first` to `longest`, and vary by a
    fifth, so that jobs that failed together do not come back together.
    """

    attempts: int = 5
    first: float = 10
    longest: float = 3600

    def pause(self, failures: int) -> float | None:
        """Seconds until the next run after so many failures; None when it was the last."""
        if failures >= self.attempts:
            return None
        # A power above a thousand or so would not fit into a float.
        grown = self.first * float(GROWTH) ** min(failures - 1, 50)
        return min(self.longest, grown) * random.uniform(0.8, 1.2)  # noqa: S311


@dataclass(frozen=True, slots=True)
class Services:
    """What a worker has for all its jobs."""

    database: Database
    redis: Redis
    keyring: Keyring
    settings: Settings


@dataclass(frozen=True, slots=True)
class JobContext:
    """What one run of a job works with.

    `due` is the moment of a periodic job that this run is for. `attempt` counts the
    runs of this job, from 1.
    """

    services: Services
    job_id: int
    due: datetime | None = None
    attempt: int = 1

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def redis(self) -> Redis:
        return self.services.redis

    @property
    def keyring(self) -> Keyring:
        return self.services.keyring

    @property
    def settings(self) -> Settings:
        return self.services.settings

    def tenant(self, workspace_id: UUID) -> Tenant:
        """A workspace, for what does not go by its clock; `accounts.test_clocks` finds one with its clock."""
        return Tenant(self.services.database, workspace_id)


@dataclass(frozen=True, slots=True)
class Job:
    """A registered job. `cron` is there for a periodic one."""

    name: str
    function: Callable[..., Awaitable[None]]
    retry: Retry
    cron: str | None = None

    async def run(self, context: JobContext, arguments: dict[str, Any]) -> None:
        """Runs it with the arguments of its row, in which `workspace_id` is a text."""
        if "workspace_id" in arguments:
            arguments = arguments | {"workspace_id": UUID(arguments["workspace_id"])}
        await self.function(context, **arguments)


REGISTRY: dict[str, Job] = {}


def job(name: str, *, retry: Retry | None = None) -> Callable[[Function], Function]:
    """Registers a function as the job of a name. Raises ValueError for a name that is taken."""
    return _registered(name, retry or Retry(), None)


def periodic(name: str, *, cron: str) -> Callable[[Function], Function]:
    """Registers a function that runs by itself, in UTC, once each time however many workers there are.

    A run that is still at work when the next one is due makes that one wait, and
    further ones are left out. A failed run is not repeated: the next one is due anyway.
    """
    return _registered(name, Retry(attempts=1), cron)


def _registered(name: str, retry: Retry, cron: str | None) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        if name in REGISTRY:
            raise ValueError(f"there is a job {name} already")
        REGISTRY[name] = Job(name, function, retry, cron)
        return function

    return register
