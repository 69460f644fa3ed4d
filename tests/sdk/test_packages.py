"""The Python SDK as others get it: built, installed from what was built, and used by a strict program."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from cloudmetrics.sdks import packing
from tests.sdk.suite import ROOT, contract

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CM-10")]
CONSUMER = """
from datetime import date

from cloudmetrics_api import CloudMetrics, errors
from cloudmetrics_api.models import Goal, Interval
from cloudmetrics_api.params import EventCreate


def first_goal(client: CloudMetrics) -> Goal | None:
    for goal in client.goals.list(limit=10):
        return goal
    return None


def visitors(client: CloudMetrics) -> int:
    return client.metrics.get(start_date=date(2026, 11, 1), interval="DAY").visitors


def newer(client: CloudMetrics) -> int:
    client.goals.list(status="ARCHIVED")
    return client.metrics.get(interval=Interval("FORTNIGHT")).visitors


def send(client: CloudMetrics, event: EventCreate) -> int:
    try:
        return client.events.create(events=[event]).accepted
    except errors.TooManyRequests as error:
        print(error.retry_after)
        return 0


def rename(client: CloudMetrics, goal: Goal) -> Goal:
    return client.goals.update(goal.id, name="New", condition=goal.condition)
"""
WRONG = """
from cloudmetrics_api import CloudMetrics

CloudMetrics().metrics.get(interval="FORTNIGHT")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the source distribution."""
    return packing.wheel_and_sdist(tmp_path_factory.mktemp("packed"))


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in it and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder),
        str(wheel),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_wheel_and_sdist_have_everything_and_the_contracts_version(built):
    version = contract().version
    wheel = zipfile.ZipFile(built / f"cloudmetrics_api-{version}-py3-none-any.whl").namelist()
    with tarfile.open(built / f"cloudmetrics_api-{version}.tar.gz") as archive:
        sdist = archive.getnames()

    package = (ROOT / "generated_sdks/python").rglob("cloudmetrics_api/**/*.py")
    wanted = {path.relative_to(ROOT / "generated_sdks/python").as_posix() for path in package}
    assert wanted | {"cloudmetrics_api/py.typed"} <= set(wheel)
    assert {f"cloudmetrics_api-{version}/{each}" for each in wanted} <= set(sdist)
    assert not [name for name in wheel if name.startswith(("docs", "tests"))]


def test_a_strict_program_type_checks_and_a_wrong_one_does_not(installed, tmp_path):
    def checked(program: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "consumer.py").write_text(program)
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "consumer.py"]
        environ = {"MYPYPATH": str(installed), "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    right, wrong = checked(CONSUMER), checked(WRONG)

    assert right.returncode == 0, right.stdout + right.stderr
    assert wrong.returncode == 1
    assert "incompatible type \"Literal['FORTNIGHT']\"" in wrong.stdout


def test_the_installed_package_answers_from_a_real_server(installed, live, tmp_path):
    code = "import cloudmetrics_api as c; print(c.__file__, c.CloudMetrics().workspace.get().name)"
    environ = {
        "PYTHONPATH": str(installed),
        "CLOUDMETRICS_API_KEY": live.key,
        "CLOUDMETRICS_BASE_URL": live.url,
        "NO_PROXY": "*",
    }
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert ended.stdout.startswith(str(installed))
    assert ended.stdout.endswith(" Acme Ltd\n")
