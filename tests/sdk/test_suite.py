"""Every SDK does what the cases say, against the server that misbehaves and against the real one."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.integration.live import Live
from tests.sdk.running import RUNNERS, Runner, running, wrong, wrong_live
from tests.sdk.server import Server, serving
from tests.sdk.suite import Case, cases

pytestmark = [pytest.mark.requirement("CM-10", "PL-16", "B-6")]
PLAYED = [case for case in cases() if not case.live]
LIVE = [case for case in cases() if case.live]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


@pytest.fixture(scope="module", params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    with running(request.param) as started:
        yield started


@pytest.mark.parametrize("case", PLAYED, ids=lambda case: case.name)
def test_what_a_case_says_is_so(case: Case, runner: Runner, server: Server):
    assert wrong(case, runner, server, f"{case.name}-{uuid4().hex}") == []


@pytest.mark.slow
@pytest.mark.parametrize("case", LIVE, ids=lambda case: case.name)
def test_what_a_case_says_is_so_with_a_real_server(case: Case, runner: Runner, live: Live):
    assert wrong_live(case, runner, live.url, live.key, f"suite-{uuid4().hex}") == []


def test_there_are_at_least_a_hundred_cases_beside_those_of_the_operations():
    assert sum(not case.name.startswith("operation-") for case in cases()) >= 100
