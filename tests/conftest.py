"""Real PostgreSQL and Redis for the tests that ask for them; nothing starts for those that do not."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import hypothesis
import pytest

if TYPE_CHECKING:
    from cloudmetrics.platform.config import Settings
    from tests.integration.live import Live

# How long an example takes says more about the machine than about what is tested.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

untold = pytest.StashKey[list[str]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of all tests is no success where tests/coverage.yaml says something else than it saw."""
    from tests import seeing

    session.config.stash[untold] = wrong = seeing.judge(session)
    if wrong:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if wrong := config.stash.get(untold, []):
        from cloudmetrics.gates import coverage

        terminalreporter.section("tests/coverage.yaml is not true any more")
        terminalreporter.write_line(coverage.UNSEEN + "\n".join(wrong))


@pytest.fixture(scope="session")
def tools() -> None:
    """Spectral, oasdiff and what makes the SDKs, installed as the lock files say."""
    subprocess.run([Path(__file__).parents[1] / "scripts" / "setup-tools"], check=True)


@dataclass(frozen=True)
class TestStores:
    """Where the stores are: URLs with all rights, to be treated as the test's own."""

    __test__ = False

    database_url: str
    redis_url: str


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, since embedded stores may run as another one than the tests."""
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-tests-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def stores() -> Iterator[TestStores]:
    """PostgreSQL and Redis for the session: embedded, or those of TEST_DATABASE_URL and TEST_REDIS_URL."""
    database_url, redis_url = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if database_url and redis_url:
        yield TestStores(database_url, redis_url)
        return
    from cloudmetrics.platform.embedded import running_stores

    with (
        tempfile.TemporaryDirectory(prefix="cloudmetrics-tests-") as folder,
        running_stores(Path(folder), durable=False) as running,
    ):
        yield TestStores(database_url or running.database_url, redis_url or running.redis_url)


@pytest.fixture(scope="session")
def migrated_template(stores: TestStores) -> Iterator[str]:
    """The name of an empty database that has all migrations, to be copied."""
    from cloudmetrics.platform.migrations import migrate

    name = f"template_{uuid4().hex}"
    with administration(stores.database_url) as execute:
        execute(f'CREATE DATABASE "{name}"')
    asyncio.run(migrate(with_database(stores.database_url, name)))
    yield name
    with administration(stores.database_url) as execute:
        execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def fresh_database(stores: TestStores, migrated_template: str) -> Iterator[str]:
    """The URL of an empty, migrated database of the test's own."""
    with copied_database(stores.database_url, migrated_template) as url:
        yield url


@contextmanager
def copied_database(server_url: str, template: str) -> Iterator[str]:
    """The URL of a copy of a database, which is there for as long as the block lasts."""
    name = f"test_{uuid4().hex}"
    with administration(server_url) as execute:
        execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield with_database(server_url, name)
    with administration(server_url) as execute:
        execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def live_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Settings"]:
    """A service as `make run` starts it, for all tests that need a real server and no demo."""
    from tests.integration import live

    with live.live_service(tmp_path_factory.mktemp("live") / "data") as settings:
        yield settings


@pytest.fixture(scope="module")
def live(live_service: "Settings") -> "Live":
    """That service, with an owner and an empty workspace for the tests of one module."""
    from tests.integration.live import make_owner

    return make_owner(live_service)


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def administration(url: str) -> Iterator[Callable[[str], object]]:
    """Executes statements outside of any transaction, which making and dropping databases needs."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        yield connection.execute
