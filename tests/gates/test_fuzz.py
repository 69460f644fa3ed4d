"""Fuzzing finds bugs that were planted for it."""

import httpx
import pytest

from cloudmetrics.gates import fuzz, live
from cloudmetrics.gates.models import NothingToDo, Project

from .conftest import ROOT

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
    (told,) = [finding for finding in found if "Deleted resource still available" in finding.cause]
    assert told.where.startswith("spec/paths/things_{thing_id}.yaml:")


def test_it_finds_a_missing_scope(fuzzed):
    fuzzed.edit("app.py", '"read": {"things:read"}', '"read": {"things:read", "things:full"}')
    found = fuzz.look(fuzzed).findings
    assert any("as read: a credential that may things:read was let in" in each.cause for each in found), found


def test_every_kind_of_credential_is_what_it_should_be():
    """One that the product does not know would find nothing, and nobody would see it."""
    with live.serving(Project(ROOT), limited=False) as served:
        answers = {
            kind: [
                httpx.get(f"{served.url}{path}", headers=each.headers, trust_env=False).status_code
                for path in ("/v1/websites", "/v1/api-keys", "/v1/shared-dashboard")
            ]
            for kind, each in served.credentials.items()
        }
    assert answers == {
        "full": [200, 200, 401],
        "owner": [200, 200, 401],
        "read": [200, 403, 401],
        "ingest": [403, 403, 401],
        "editor": [200, 403, 401],
        "program": [200, 403, 401],
        "share": [401, 401, 200],
        "none": [401, 401, 401],
    }


def test_a_seed_repeats_a_run(small):
    project = type(small)(small.root, 5, 7)
    assert fuzz.look(project).note.endswith("SEED=7")
    assert "Seed: 7" in (small.root / "build/contract/fuzz-full.txt").read_text()


def test_without_time_it_does_nothing_and_says_so(small):
    with pytest.raises(NothingToDo, match="FUZZ=300"):
        fuzz.look(small)
