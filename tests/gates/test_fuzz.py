"""Fuzzing finds bugs that were planted for it."""

import pytest

from cloudmetrics.gates import fuzz
from cloudmetrics.gates.models import NothingToDo

pytestmark = pytest.mark.slow

PLANTED = {
    "a wrong status": ("return THINGS[name.lower()], 201", 'return {"status": 409}, 409'),
    "a wrong type": ('{"id": name.lower(), "name": name}', '{"id": len(name), "name": name}'),
    "a crash": ('name = body["name"]', 'name = body["name"]\n    name.encode("ascii")'),
}


def test_a_sound_project_passes(fuzzed):
    assert fuzz.look(fuzzed).findings == ()


@pytest.mark.parametrize("bug", PLANTED)
def test_it_finds(fuzzed, bug):
    fuzzed.edit("handlers/things.py", *PLANTED[bug])
    found = fuzz.look(fuzzed).findings
    assert found
    assert all(finding.where.startswith("spec/paths/things") for finding in found)


def test_it_finds_a_use_after_delete(small):
    small.edit("handlers/things.py", "THINGS.pop(thing_id, None)", "THINGS.get(thing_id)")
    found = fuzz.look(type(small)(small.root, fuzz_seconds=20)).findings
    assert any("Deleted resource still available" in finding.cause for finding in found), found


def test_it_finds_a_missing_scope(fuzzed):
    fuzzed.edit("app.py", '"read": {"things:read"}', '"read": {"things:read", "things:full"}')
    found = fuzz.look(fuzzed).findings
    assert any("as read" in each.cause and "scopes_are_asked_for" in each.cause for each in found), found


def test_without_time_it_does_nothing_and_says_so(small):
    with pytest.raises(NothingToDo, match="FUZZ=300"):
        fuzz.look(small)
