"""The gates together: one table, three reports, one exit code."""

import json
from xml.etree import ElementTree

import pytest

from cloudmetrics.gates.__main__ import main
from cloudmetrics.gates.models import Gate, GateBroken, NothingToDo, Project, Result, Verdict
from cloudmetrics.gates.report import passed
from cloudmetrics.gates.runner import attempt
from cloudmetrics.gates.sdk_names import sdk_method


def run(small, *gates: str) -> int:
    return main([*gates, "--project", str(small.root)])


def test_all_good_is_exit_code_0(small, capsys):
    assert run(small, "valid", "drift") == 0
    out = capsys.readouterr().out
    assert "valid" in out
    assert "passed" in out
    assert max(map(len, out.splitlines())) <= 80


def test_one_no_is_exit_code_1_with_file_line_cause_and_cure(small, capsys):
    small.edit("handlers/things.py", "def get_thing", "def _get_thing")
    assert run(small, "valid", "drift") == 1
    out = capsys.readouterr().out
    assert "spec/paths/things_{thing_id}.yaml:8:3: get-thing has no handler [handler]" in out
    assert "write get_thing in handlers/things.py" in out


def test_the_reports_say_the_same(small):
    small.edit("handlers/things.py", "def get_thing", "def _get_thing")
    run(small, "valid", "drift")
    document = json.loads((small.artefacts / "report.json").read_bytes())
    assert document["passed"] is False
    (finding,) = document["gates"][1]["findings"]
    assert (finding["file"], finding["line"], finding["column"]) == (
        "spec/paths/things_{thing_id}.yaml",
        8,
        3,
    )
    cases = list(ElementTree.parse(small.artefacts / "junit.xml").getroot())
    assert [case.find("failure") is not None for case in cases] == [False, True]
    assert "get-thing has no handler" in (small.artefacts / "report.md").read_text()


def test_a_contract_that_cannot_be_read_is_told_once(small, capsys):
    small.edit("spec/openapi.yaml", "openapi: 3.1.0", "openapi: 3.0.3")
    assert run(small) == 1
    out = capsys.readouterr().out
    assert "this is OpenAPI 3.0.3" in out
    assert "drift" not in out


def test_an_unknown_gate_is_told(small, capsys):
    with pytest.raises(SystemExit):
        run(small, "tolerance")
    assert "there is no gate tolerance; there are valid, lint" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (NothingToDo("nothing yet"), Verdict.SKIPPED),
        (GateBroken("no tool"), Verdict.BROKEN),
        (ZeroDivisionError("oh"), Verdict.BROKEN),
    ],
)
def test_whatever_a_gate_raises_is_an_outcome(tmp_path, error, verdict):
    def look(_: Project) -> Result:
        raise error

    outcome = attempt(Gate("bad", "", look), Project(tmp_path))
    assert outcome.verdict is verdict
    assert passed([outcome]) is (verdict is Verdict.SKIPPED)


@pytest.mark.parametrize(
    ("tag", "operation_id", "method"),
    [
        ("Websites", "create-website", "websites.create"),
        ("Websites", "list-websites", "websites.list"),
        ("Goals", "get-goal-completions", "goals.get_completions"),
        ("Visitors", "list-visits", "visitors.list_visits"),
        ("Metrics", "get-metrics", "metrics.get"),
        ("API Keys", "rotate-api-key", "api_keys.rotate"),
        ("Categories", "get-category", "categories.get"),
    ],
)
def test_names_in_the_sdks_read_as_a_person_says_them(tag, operation_id, method):
    assert sdk_method({"tags": [tag], "operationId": operation_id}) == method
