"""Each lint rule of ours has a spec that passes and one that fails, in spec/rules, and names the fix."""

import shutil
from pathlib import Path

import pytest

from cloudmetrics.gates import lint
from cloudmetrics.gates.models import Project

from .conftest import ROOT

RULESET = ROOT / ".spectral.yml"
SPECS = ROOT / "spec" / "rules"
RULES = sorted(lint.own_rules(RULESET))

pytestmark = pytest.mark.slow
Told = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def told() -> Told:
    """Spec's name → rule → messages. Spectral looks once at all of them."""
    found: Told = {}
    for each in lint.judge(RULESET, sorted(SPECS.glob("*.yaml"))):
        spec = found.setdefault(Path(each["source"]).stem, {})
        spec.setdefault(each["code"], []).append(each["message"])
    return found


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_spec_passes(told, rule):
    assert (SPECS / f"{rule}.passes.yaml").exists()
    assert rule not in told.get(f"{rule}.passes", {})


@pytest.mark.parametrize("rule", RULES)
def test_a_spec_that_breaks_it_fails_with_what_mends_it(told, rule):
    assert (SPECS / f"{rule}.fails.yaml").exists()
    messages = told[f"{rule}.fails"][rule]
    verbs = ("Add", "Write", "Rename", "List", "Make", "Take", "Use", "Require")
    assert all(message.startswith(verbs) and "{{" not in message for message in messages)


def test_no_spec_is_left_over_from_a_rule():
    wanted = {f"{rule}.{verdict}.yaml" for rule in RULES for verdict in ("passes", "fails")}
    assert {path.name for path in SPECS.iterdir()} - {"README.md"} == wanted


def test_mending_a_spec_that_fails_lets_it_pass(tmp_path):
    spec = tmp_path / "spec.yaml"
    shutil.copy(SPECS / "objects-require.fails.yaml", spec)
    spec.write_text(spec.read_text().replace("type: object,", "type: object, required: [name],"))
    codes = {found["code"] for found in lint.judge(RULESET, [spec])}
    assert "objects-require" not in codes
    assert codes, "The rules of OpenAPI itself look at it too."


def test_the_contract_itself_passes():
    assert [str(finding) for finding in lint.look(Project(ROOT)).findings] == []
