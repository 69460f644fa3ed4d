"""The SDK of the last released contract works with today's server: what a comparison of contracts cannot see.

The suite's cases for real servers are run as far as that release knew their operations, and each of its
operations is asked of the mock, which judges the request and answers by today's contract.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any
from uuid import uuid4

import pytest
import uvicorn

from cloudmetrics import mock
from cloudmetrics.gates.breaking import last_released
from cloudmetrics.platform.config import Settings
from cloudmetrics.sdks import examples, python
from cloudmetrics.sdks.bundle import for_clients
from cloudmetrics.sdks.description import Description, Gives, Method, describe
from tests.integration.live import Live
from tests.sdk.running import PYTHON_SDK, Runner, running, wrong_live
from tests.sdk.suite import DEFAULT_CLIENT, ROOT, Case, cases

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CM-10", "PL-16")]
RELEASED: Description = describe(for_clients(json.loads(last_released(ROOT).read_bytes())))
METHODS = {method.full_name: method for method in RELEASED.methods}
DOING = {Gives.LIST: "pages", Gives.FILE: "file"}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The runner with the SDK of that contract, which is made anew; what is written by hand is today's."""
    folder = tmp_path_factory.mktemp("released")
    hand = shutil.ignore_patterns("generated", "__pycache__")
    shutil.copytree(PYTHON_SDK / "cloudmetrics_api", folder / "cloudmetrics_api", ignore=hand)
    # It knows one code, so that all others are of a newer server.
    python.write(RELEASED, [{"code": "UNAUTHORIZED", "title": "Unauthorized"}], folder)
    with running("python", folder) as started:
        yield started


def known(case: Case) -> Case:
    """The case without the steps that the release cannot take, or that rest upon one that it cannot."""
    saved, steps = {"name"}, []
    for step in case.steps:
        needs = {name for name in Template(json.dumps(step)).get_identifiers() if name not in saved}
        if needs or not takes(step):
            continue
        saved |= set(step.get("save", ()))
        steps.append(step)
    return replace(case, steps=tuple(steps))


def takes(step: dict[str, Any]) -> bool:
    method = METHODS.get("events.create" if step.get("do") == "buffer" else step.get("call", ""))
    if method is None:
        return False
    names = {each.name.lower().replace("-", "_") for each in method.parameters}
    return step.get("do") == "buffer" or set(step.get("with", ())) <= names


LIVE = [case for each in cases() if each.live and (case := known(each)).steps]


def operation(method: Method) -> Case:
    """The released example of an operation. What comes back is today's: that it is understood counts."""
    given = examples.given(RELEASED, method).given
    step = {"call": method.full_name, "with": given, "do": DOING.get(method.answer.gives, "call"), "take": 1}
    return Case(method.operation_id, (step,), dict(DEFAULT_CLIENT), live=True)


@contextmanager
def mocking() -> Iterator[str]:
    """The address of a mock of the contract that `mock.SPEC` holds."""
    server = uvicorn.Server(uvicorn.Config(mock.create_mock(Settings()), port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def asked(runner: Runner, url: str) -> dict[str, list[str]]:
    """What is wrong with each operation, by its name."""
    told = {
        name: wrong_live(operation(method), runner, url, mock.DEMO_KEY, uuid4().hex)
        for name, method in METHODS.items()
    }
    return {name: wrong for name, wrong in told.items() if wrong}


@pytest.mark.parametrize("case", LIVE, ids=lambda case: case.name)
def test_its_cases_still_pass(case: Case, runner: Runner, live: Live):
    assert wrong_live(case, runner, live.url, live.key, f"released-{uuid4().hex}") == []


def test_each_of_its_operations_is_still_taken_and_its_answer_understood(runner):
    with mocking() as url:
        assert asked(runner, url) == {}


def test_it_is_the_released_one_that_is_run(runner):
    newer = {"call": "goals.list", "with": {}, "do": "pages", "take": 1}
    with mocking() as url:
        (said,) = wrong_live(
            Case("newer", (newer,), dict(DEFAULT_CLIENT)), runner, url, mock.DEMO_KEY, "newer"
        )
    assert "has no attribute 'goals'" in said


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the contract, which mocks serve from now on."""
    copied = tmp_path / "spec"
    shutil.copytree(mock.SPEC, copied)
    monkeypatch.setattr(mock, "SPEC", copied)
    return copied


def change(spec: Path, files: str, old: str, new: str) -> None:
    found = [path for path in spec.glob(files) if old in path.read_text()]
    assert found
    for path in found:
        path.write_text(path.read_text().replace(old, new))


def test_a_field_that_is_not_answered_any_more_is_found_out(runner, spec):
    change(spec, "components/schemas/Website.yaml", "  - currency\n", "")
    change(spec, "components/schemas/Website.yaml", "  currency: {", "  money: {")
    for name in ("Website", "WebsiteList"):
        change(spec, f"components/examples/{name}.yaml", "currency: ", "money: ")
    with mocking() as url:
        wrong = asked(runner, url)

    assert set(wrong) == {"websites.list", "websites.create", "websites.get", "websites.update"}
    assert "INVALID_ANSWER" in wrong["websites.get"][0]


def test_an_operation_that_is_gone_is_found_out(runner, spec):
    change(spec, "openapi.yaml", "  /v1/workspace:", "  /v1/the-workspace:")
    with mocking() as url:
        assert set(asked(runner, url)) == {"workspace.get"}


def test_a_server_that_forgets_what_it_is_told_is_found_out(runner):
    """The mock keeps the contract, and does nothing of what it is asked."""
    lives = next(case for case in LIVE if case.name == "live-events-and-numbers")
    with mocking() as url:
        assert wrong_live(lives, runner, url, mock.DEMO_KEY, uuid4().hex) != []
