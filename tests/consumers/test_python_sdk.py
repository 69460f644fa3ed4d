"""The Python SDK writes down what it relies on, and what is written is what was tried with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloudmetrics_api import CloudMetrics
from pact import Pact

from cloudmetrics.gates.consumers import PACTS, PROVIDER
from tests.consumers.interactions import INTERACTIONS, Use

pytestmark = pytest.mark.requirement("PL-16")
CONSUMER = "cloudmetrics-python"
ROOT = Path(__file__).parents[2]


def contract() -> Pact:
    return Pact(CONSUMER, PROVIDER).with_specification("V4")


def written(folder: Path) -> bytes:
    """The file of the contract, with all interactions in it."""
    pact = contract()
    for interaction in INTERACTIONS:
        interaction(pact)
    pact.write_file(folder, overwrite=True)
    return (folder / f"{CONSUMER}-{PROVIDER}.json").read_bytes()


@pytest.mark.parametrize("interaction", INTERACTIONS, ids=lambda each: each.__name__)
def test_the_sdk_sends_what_is_written_and_understands_its_answer(interaction):
    pact = contract()
    use: Use = interaction(pact)
    with pact.serve() as server, CloudMetrics("cm_test", base_url=str(server.url), max_retries=0) as client:
        use(client)


def test_the_contract_in_the_repository_is_the_one_that_was_tried(tmp_path):
    now, file = written(tmp_path), ROOT / PACTS / f"{CONSUMER}.json"
    if not file.exists() or file.read_bytes() != now:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(now)
        pytest.fail(f"{file.relative_to(ROOT)} was written anew; look at what changed, and commit it")
    assert written(tmp_path / "again") == now
