"""Making the SDKs: the same bytes each time, whole, and known where somebody changed them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cloudmetrics.gates import sdk
from cloudmetrics.gates.models import NothingToDo, Project
from cloudmetrics.sdks.errors import GeneratorFailed
from cloudmetrics.sdks.languages import LANGUAGES
from cloudmetrics.sdks.python import models, resources, types
from tests.sdk.suite import ROOT, contract

SDKS = ROOT / sdk.FOLDER


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_made_again_it_is_what_is_committed(language, tmp_path):
    codes = yaml.safe_load((ROOT / "spec" / "errors.yaml").read_text())

    try:
        language.write(contract(), codes, tmp_path)
    except GeneratorFailed as missing:
        pytest.skip(str(missing))

    assert sdk.files_hash(tmp_path) == sdk.files_hash(SDKS / language.name), "run `make sdks`"


def test_the_gate_finds_nothing():
    assert sdk.look(Project(ROOT)).findings == ()


def test_each_made_file_says_so_and_no_other_one_does():
    made = {path for language in LANGUAGES for path in sdk.generated(SDKS / language.name)}
    said = {path for path in made if "enerated by `make sdks`" in path.read_text().partition("\n")[0]}
    assert said == made
    by_hand = set(SDKS.rglob("*.py")) - made
    assert not [path for path in by_hand if "enerated by `make sdks`" in path.read_text()]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A project with a contract and an SDK in it, which are each other's."""
    shutil.copytree(ROOT / "tests/gates/small/spec", tmp_path / "spec")
    project = Project(tmp_path)
    made = tmp_path / "generated_sdks/python/generated/goals.py"
    made.parent.mkdir(parents=True)
    made.write_text("goals = 1\n")
    count = len(list(project.operations()))
    noted = {
        "contract": {"version": "1.0.0", "sha256": sdk.contract_hash(project)},
        "languages": {"python": {"operations": count, "sha256": sdk.files_hash(made.parents[1])}},
        "methods": {},
    }
    (tmp_path / sdk.MANIFEST).write_text(json.dumps(noted))
    return tmp_path


def rules(root: Path) -> list[str]:
    return [finding.rule for finding in sdk.look(Project(root)).findings]


def test_a_changed_contract_an_edited_file_and_missing_operations_are_found(copied):
    assert rules(copied) == []

    made = copied / "generated_sdks/python/generated/goals.py"
    made.write_text("goals = 2\n")
    assert rules(copied) == ["sdk-edited"]

    made.write_text("goals = 1\n")
    root = copied / "spec/openapi.yaml"
    root.write_text(re.sub(r"title: .*", "title: Another one", root.read_text(), count=1))
    assert rules(copied) == ["sdk-contract"]

    manifest = copied / sdk.MANIFEST
    noted = json.loads(manifest.read_text())
    noted["contract"]["sha256"] = sdk.contract_hash(Project(copied))
    noted["languages"]["python"]["operations"] -= 1
    manifest.write_text(json.dumps(noted))
    assert rules(copied) == ["sdk-operations"]


def test_without_sdks_there_is_nothing_to_look_at(tmp_path):
    with pytest.raises(NothingToDo):
        sdk.look(Project(tmp_path))


def test_a_generator_that_makes_less_than_there_is_fails(tmp_path):
    (tmp_path / "api" / "goals").mkdir(parents=True)
    with pytest.raises(GeneratorFailed, match="made 0 operations"):
        models._count(tmp_path, contract())


def test_importing_the_python_sdk_imports_no_http_library():
    code = (
        "import sys; from cloudmetrics_api import CloudMetrics; print({'httpx', 'attrs'} & set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=SDKS / "python", capture_output=True, text=True, check=True
    )
    assert ended.stdout == "set()\n"


def test_both_clients_have_every_method_of_the_contract():
    from cloudmetrics_api import AsyncCloudMetrics, CloudMetrics

    for client in (CloudMetrics("a"), AsyncCloudMetrics("a")):
        for method in contract().methods:
            resource = getattr(client, method.resource)
            assert callable(getattr(resource, resources.python_name(method.name)))
            assert getattr(resource, resources.python_name(method.name)).__doc__.startswith(method.summary)


def test_types_of_what_is_given_name_none_once():
    made = types.Types(contract(), {})
    nullable = {
        "anyOf": [{"type": ["string", "null"]}, {"type": "null"}, {"type": "string", "format": "uuid"}]
    }
    assert made.given(nullable) == "str | UUID | None"
