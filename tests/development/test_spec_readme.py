"""spec/README.md: the seven steps, each tried in a copy; and what editors and CI are told."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from cloudmetrics.contract import Contract
from cloudmetrics.development import operation, scaffold
from cloudmetrics.gates import coverage, drift, lint, release, tables, valid
from cloudmetrics.gates.models import Project

ROOT = Path(__file__).parents[2]
README = (ROOT / "spec/README.md").read_text()
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
# What publishes a release, and the rights that it takes.
PUBLISHING = re.compile(r"npm publish packages/|gh api \"repos/\$GITHUB_REPOSITORY/git/refs\"")
PUBLISHES = {"attestations": "write", "contents": "write", "id-token": "write"}
ACTION = re.compile(r"(actions/[a-z-]+|pypa/gh-action-pypi-publish)@[0-9a-f]{40}")
SDKS_ARE_COMMITTED = ("git add --intent-to-add generated_sdks", "git diff --exit-code generated_sdks")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.slow
def test_the_seven_steps(tmp_path):
    steps = re.findall(r"^(\d)\. ", README, re.MULTILINE)
    assert steps == [str(number) for number in range(1, 8)]
    for folder in ("spec", "handlers", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".spectral.yml", tmp_path)
    command = next(line for line in README.splitlines() if "scripts/operation" in line)
    # Steps 1 to 3.
    assert operation.main([*shlex.split(command)[1:], "--project", str(tmp_path)]) == 0
    # Step 4.
    assert [str(each) for gate in (valid, lint) for each in gate.look(Project(tmp_path)).findings] == []
    # Step 5.
    assert scaffold.main(["--project", str(tmp_path)]) == 0
    assert any("touch-goal is not written" in str(each) for each in drift.look(Project(tmp_path)).findings)
    # Step 6.
    handlers = tmp_path / "handlers" / "goals.py"
    stub = 'raise NotImplementedError("touch-goal is not written yet")'
    assert stub in handlers.read_text()
    handlers.write_text(handlers.read_text().replace(stub, "return None"))
    # Step 7.
    (tmp_path / "tests").mkdir(exist_ok=True)
    assert tables.main(["--project", str(tmp_path), "--grow"]) == 0
    assert "touch-goal" in coverage.read(tmp_path).untested
    assert [str(each) for each in drift.look(Project(tmp_path)).findings if "touch" in str(each)] == []


def test_every_snippet_is_the_beginning_of_yaml():
    snippets = json.loads((ROOT / ".vscode/contract.code-snippets").read_text())
    for name, snippet in snippets.items():
        text = "\n".join(snippet["body"]).replace("\\$", "$")
        text = re.sub(r"\$\{\d+\|(\w+)[^}]*\}", r"\1", text)
        text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", text)
        assert yaml.safe_load(text), name


def test_the_editor_knows_a_schema_for_every_kind_of_file():
    schemas = json.loads((ROOT / ".vscode/settings.json").read_text())["yaml.schemas"]
    for address, pattern in schemas.items():
        assert list(ROOT.glob(pattern)), pattern
        assert address.startswith("https://") or (ROOT / address.partition("#")[0]).exists()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_least_rights_pinned_actions_and_commands_of_ours(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        # Only a tag writes anything, from an environment whose owner may ask for consent.
        publishes = job.get("if") == "startsWith(github.ref, 'refs/tags/v')" and "environment" in job
        allowed = PUBLISHES.items() if publishes else {("contents", "read")}
        assert job["permissions"].items() <= allowed
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if "uses" in step:
                assert ACTION.fullmatch(step["uses"])
            elif publishes:
                assert PUBLISHING.match(step["run"])
            elif step["run"] not in SDKS_ARE_COMMITTED:
                tool, target, *settings = step["run"].split()
                assert (tool, target in TARGETS) == ("make", True), step["run"]
                assert all(re.match(r"[A-Z]+=", each) for each in settings), step["run"]


def test_an_action_that_is_not_pinned_is_found(tmp_path):
    (tmp_path / release.WORKFLOWS).mkdir(parents=True)
    (tmp_path / release.WORKFLOWS / "x.yml").write_text("steps:\n  - uses: actions/checkout@v4\n")
    (tmp_path / release.LOCKS).mkdir()
    (tmp_path / release.LOCKS / "run.txt").write_text("good==1 --hash=sha256:0\nbad==1\n")
    found = [str(each) for each in release.security(Project(tmp_path)).findings]
    assert [each.partition(" ")[0] for each in found] == [
        "requirements/run.txt:2:1:",
        ".github/workflows/x.yml:2:1:",
    ]


def test_a_changelog_that_does_not_tell_the_contract_is_found(tmp_path):
    shutil.copytree(ROOT / "tests/gates/small", tmp_path / "small")
    project = Project(tmp_path / "small")
    (project.root / release.CHANGELOG).write_text("nothing\n")
    assert "contract 1.0.0 is not told" in str(release.docs(project).findings[0])
    (project.root / release.CHANGELOG).write_text("with contract 1.0.0\n")
    assert release.docs(project).findings == ()


def test_what_should_be_gone_is_found(tmp_path):
    shutil.copytree(ROOT / "tests/gates/small", tmp_path / "small")
    path = tmp_path / "small/spec/paths/things.yaml"
    path.write_text(path.read_text() + "  deprecated: true\n  x-sunset: '2026-01-01'\n")
    (found,) = release.deprecations(Project(tmp_path / "small")).findings
    assert "create-thing should be gone since 2026-01-01" in str(found)
    assert Contract.load(tmp_path / "small/spec/openapi.yaml")
