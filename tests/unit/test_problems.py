"""The table of problems and the registry agree."""

from pathlib import Path

import pytest
import yaml

from cloudmetrics.gateway.problems import CODES, Problems, RegistryIncomplete

REGISTRY = yaml.safe_load(Path("spec/errors.yaml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.requirement("PL-11")


def test_the_registry_has_every_code():
    Problems(REGISTRY, "http://testserver")


@pytest.mark.parametrize("code", [*CODES.values(), "UNAUTHORIZED", "PAYLOAD_TOO_LARGE"])
def test_a_missing_entry_stops_the_start(code):
    with pytest.raises(RegistryIncomplete, match=code):
        Problems([entry for entry in REGISTRY if entry["code"] != code], "http://testserver")


def test_an_entry_of_another_status_stops_the_start():
    changed = [entry | {"status": 418} if entry["code"] == "UNAUTHORIZED" else entry for entry in REGISTRY]
    with pytest.raises(RegistryIncomplete, match="UNAUTHORIZED of status 401"):
        Problems(changed, "http://testserver")
