"""The first lines of an operation: a path by four questions; then handler, test and page."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cloudmetrics.contract import Contract
from cloudmetrics.development import operation, scaffold
from cloudmetrics.gates import drift, lint
from cloudmetrics.gates.models import Project

ROOT = Path(__file__).parents[2]
ANSWERS = {
    "path": "/v1/things/{thing_id}/rename",
    "method": "post",
    "summary": "Rename a thing",
    "scope": "goals:full",
}
FILE = "spec/paths/things_{thing_id}_rename.yaml"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("spec", "handlers", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".spectral.yml", tmp_path)
    return tmp_path


def arguments(copy: Path, **more: str) -> list[str]:
    given = ANSWERS | {"tag": "Goals", "project": str(copy)} | more
    return [word for name, value in given.items() for word in (f"--{name}", value)]


def own(project: Project) -> list[str]:
    return [
        str(each)
        for each in drift.look(project).findings
        if "rename" in str(each) and "[handler]" in str(each)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("method", operation.METHODS)
def test_a_first_path_file_passes_lint(copy, method):
    assert operation.main(arguments(copy, method=method)) == 0
    assert (copy / FILE).exists()
    assert [str(each) for each in lint.look(Project(copy)).findings] == []


def test_a_stub_takes_what_the_contract_gives_and_is_told_until_it_is_written(copy):
    operation.main(arguments(copy))
    handlers = copy / "handlers" / "goals.py"
    before = handlers.read_text()
    assert "has no handler" in own(Project(copy))[0]

    assert scaffold.main(["--project", str(copy)]) == 0

    assert handlers.read_text().startswith(before.rstrip())
    assert "async def rename_thing(caller: Caller, thing_id: str) -> Any:" in handlers.read_text()
    assert "`rename-thing`" in (copy / "docs/authorization.md").read_text()
    assert (
        'client.post(f"/v1/things/{thing_id}/rename")'
        in (copy / "tests/integration/test_goals.py").read_text()
    )
    (found,) = own(Project(copy))
    assert "the handler of rename-thing is not written yet" in found


def test_twice_changes_nothing(copy):
    operation.main(arguments(copy))
    scaffold.main(["--project", str(copy)])
    files = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert scaffold.main(["--project", str(copy)]) == 0
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == files


def test_a_second_method_is_added_to_the_file_and_none_comes_twice(copy, capsys):
    assert operation.main(arguments(copy)) == 0
    assert operation.main(arguments(copy, method="put", summary="Replace a name")) == 0
    ids = {each.id for each in Contract.load(copy / "spec/openapi.yaml").operations}
    assert {"rename-thing", "replace-name"} <= ids
    assert operation.main(arguments(copy)) == 1
    assert "has post already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"path": "things"}, "begin with /v1/"),
        ({"path": "/v1/../secret"}, "begin with /v1/"),
        ({"method": "fetch"}, "take one of get"),
        ({"scope": "all"}, "all is no scope: take one of ai:run, alerts:full"),
        ({"summary": "?"}, "A summary is needed"),
        ({"tag": "Nonsense"}, "There is no tag Nonsense: give --tag, one of"),
        ({"tag": ""}, "No other path begins with /v1/things: give --tag"),
    ],
)
def test_an_answer_that_makes_no_sense_writes_nothing(copy, capsys, answer, told):
    before = sorted(copy.rglob("*"))
    assert operation.main(arguments(copy, **answer)) == 1
    assert told in capsys.readouterr().err
    assert sorted(copy.rglob("*")) == before


def test_a_tag_is_that_of_the_paths_beside_it(copy):
    assert operation.main(arguments(copy, tag="", path="/v1/goals/{goal_id}/touch")) == 0
    assert "tags: [Goals]" in (copy / "spec/paths/goals_{goal_id}_touch.yaml").read_text()


def test_whoever_stops_answering_writes_nothing(copy, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("/v1/things\n"))
    assert operation.main(["--project", str(copy)]) == 1
    assert "Nothing was written." in capsys.readouterr().err


def test_it_asks_for_what_is_not_given(copy):
    asked = subprocess.run(
        [sys.executable, "-m", "cloudmetrics.development.operation", "--project", copy, "--tag", "Goals"],
        input="\n".join(ANSWERS.values()) + "\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert asked.stdout.rstrip().endswith(FILE)
