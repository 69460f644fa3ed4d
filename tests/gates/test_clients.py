"""A release is stopped where the released SDK's tests fail, and where they cannot run."""

import pytest

from cloudmetrics.gates import clients
from cloudmetrics.gates.models import GateBroken, NothingToDo, Project

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CM-10", "PL-16")]


@pytest.fixture
def project(tmp_path) -> Project:
    (tmp_path / clients.RELEASED).parent.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    return Project(tmp_path)


def test_without_tests_or_sdks_there_is_nothing_to_do(tmp_path):
    for look in (clients.released, clients.packages):
        with pytest.raises(NothingToDo):
            look(Project(tmp_path))


def test_what_fails_is_named_with_its_reason(project):
    (project.root / clients.RELEASED).write_text(
        "def test_fine(): pass\ndef test_reading(): assert 'name' in {}, 'name is gone'\n"
    )

    result = clients.released(project)

    (found,) = result.findings
    assert (found.where, found.rule) == (f"{clients.RELEASED}:1:1", "released")
    assert found.cause.startswith("test_reading failed: AssertionError: name is gone")
    assert "1 failed, 1 passed" in result.note


def test_tests_that_cannot_run_pass_nothing(project):
    (project.root / clients.RELEASED).write_text("nothing here\n")
    with pytest.raises(GateBroken, match="SyntaxError: invalid syntax"):
        clients.released(project)
