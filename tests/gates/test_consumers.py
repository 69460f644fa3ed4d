"""What consumers wrote down with Pact is verified against a live server, and a broker decides about it.

The broker of these tests is small, but what speaks with it is Pact's own verifier.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from cloudmetrics.gates import consumers
from cloudmetrics.gates.models import GateBroken, NothingToDo, Project

from .broker import TOKEN, Broker, running
from .conftest import ROOT, Small

pytestmark = [pytest.mark.slow, pytest.mark.requirement("PL-16")]
PACT = "tests/consumers/pacts/shelf.json"


def told(result) -> list[str]:
    return [str(finding) for finding in result.findings]


def test_this_product_answers_what_its_consumers_rely_on():
    assert told(consumers.look(Project(ROOT))) == []


class TestWithoutABroker:
    @pytest.fixture(autouse=True)
    def nowhere(self, monkeypatch):
        monkeypatch.delenv("PACT_BROKER_URL", raising=False)

    def test_a_sound_project_passes(self, small):
        result = consumers.look(small)
        assert (told(result), result.note) == ([], "2 interactions of shelf")

    def test_a_field_that_is_not_answered(self, small):
        small.edit(PACT, '"name": "Cup"}', '"name": "Cup", "size": 3}')
        (found,) = told(consumers.look(small))
        assert found.startswith(f"{PACT}:7:1: shelf relies on the reading of a cup: $: ")
        assert "missing the following keys: size" in found
        assert found.endswith("change its test in tests/consumers, and run it")

    def test_another_status(self, small):
        small.edit("handlers/things.py", "(thing, 200) if thing", '({"status": 404}, 404) if thing')
        (found,) = told(consumers.look(small))
        assert found.startswith(
            f"{PACT}:7:1: shelf relies on the reading of a cup: expected 200 but was 404; "
        )

    def test_a_state_that_nobody_can_make(self, small):
        small.edit(
            PACT,
            '"description": "the reading of a cup",',
            '"description": "the reading of a cup", "providerStates": [{"name": "a flood"}],',
        )
        (found,) = told(consumers.look(small))
        assert "the state 'a flood' could not be made: cloudmetrics/gates/states.py knows a goal" in found

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("[", "is no contract of Pact"),
            ("{}", "is no contract of Pact"),
            (
                '{"consumer": {"name": "a"}, "provider": {"name": "b"}, "interactions": []}',
                "with b, and this is",
            ),
        ],
    )
    def test_a_file_that_is_no_contract_with_us(self, small, content, message):
        (small.root / PACT).write_text(content)
        with pytest.raises(GateBroken, match=message):
            consumers.look(small)

    def test_a_contract_that_asks_for_nothing(self, small):
        empty = json.loads((small.root / PACT).read_text()) | {"interactions": []}
        (small.root / PACT).write_text(json.dumps(empty))
        with pytest.raises(GateBroken, match="relies on nothing"):
            consumers.look(small)

    def test_without_consumers_there_is_nothing_to_do(self, small):
        (small.root / PACT).unlink()
        with pytest.raises(NothingToDo):
            consumers.look(small)


class TestWithABroker:
    @pytest.fixture
    def broker(self, monkeypatch) -> Iterator[Broker]:
        with running() as broker:
            monkeypatch.setenv("PACT_BROKER_URL", broker.url)
            monkeypatch.setenv("PACT_BROKER_TOKEN", TOKEN)
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            for name in ("PACT_ENVIRONMENT", "GITHUB_HEAD_REF", "GITHUB_REF_NAME"):
                monkeypatch.delenv(name, raising=False)
            yield broker

    @pytest.fixture
    def version(self, small) -> str:
        """What the small project is published as, now that it has a commit."""

        def git(*arguments: str) -> str:
            command = [
                "git",
                "-C",
                small.root,
                "-c",
                "user.name=A",
                "-c",
                "user.email=a@b.example",
                *arguments,
            ]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

        git("init", "--initial-branch=main")
        git("commit", "--allow-empty", "--message=Begin")
        return f"1.0.0+{git('rev-parse', '--short=12', 'HEAD')}"

    def test_contracts_and_results_are_published_with_the_version(self, small, version, broker):
        result = consumers.look(small)
        assert (told(result), result.note) == ([], f"2 interactions of shelf, published as {version}")
        assert broker.pacts["shelf", version]["interactions"] == self.written(small)
        assert broker.branches == {("shelf", version): "main"}
        assert broker.results == [(version, ("shelf", version), True)]
        assert broker.requests[-1] == "GET /can-i-deploy"

    def test_what_an_older_consumer_relies_on_still_counts(self, small, version, broker):
        older = self.deployed(broker, small)
        older["interactions"][0]["response"]["body"]["content"]["size"] = 3
        found = told(consumers.look(small))
        assert found[0].startswith("tests/consumers/pacts:1:1: shelf relies on the reading of a cup: $: ")
        assert f"the broker says that {version} may not go to production: The verification" in found[1]
        assert "shelf currently in production (0.9.0)" in found[1]
        assert found[1].endswith("release the consumer that does without it first, or keep the old answer")
        assert (version, ("shelf", "0.9.0"), False) in broker.results

    def test_an_older_consumer_that_is_content_stops_nobody(self, small, version, broker):
        self.deployed(broker, small)
        assert told(consumers.look(small)) == []
        # Its content is that of the newest contract, and so it is verified with it.
        assert broker.results == [(version, ("shelf", version), True)]

    def test_the_broker_may_say_no_for_reasons_of_its_own(self, small, version, broker):
        broker.deployed.add(("nobody", "7"))
        broker.pacts["nobody", "7"] = {"interactions": []}
        broker.wanted = lambda _: Broker.wanted(broker, [{"branch": "main"}])
        (found,) = told(consumers.look(small))
        assert "may not go to production: There is no verified pact between the version of nobody" in found

    def test_a_version_stands_for_one_content(self, small, version, broker):
        consumers.look(small)
        written = json.loads((small.root / PACT).read_text())
        written["interactions"].pop()
        (small.root / PACT).write_text(json.dumps(written))
        (found,) = told(consumers.look(small))
        assert f"the broker answers 409 to POST {broker.url}/contracts/publish: Cannot change the" in found
        assert found.endswith("commit what changed and run the gate again: a version stands for one content")

    def test_an_environment_that_the_broker_does_not_know(self, small, version, broker, monkeypatch):
        monkeypatch.setenv("PACT_ENVIRONMENT", "nowhere")
        (found,) = told(consumers.look(small))
        assert "can-i-deploy: environment with name 'nowhere' does not exist" in found
        assert found.endswith("see that PACT_ENVIRONMENT names an environment that the broker knows")

    def test_what_is_broken_is_not_published(self, small, version, broker):
        small.edit(PACT, '"status": 404', '"status": 410')
        assert len(told(consumers.look(small))) == 1
        assert broker.requests == []

    def test_a_broker_that_does_not_know_us(self, small, version, broker, monkeypatch):
        monkeypatch.setenv("PACT_BROKER_TOKEN", "of-somebody-else")
        (found,) = told(consumers.look(small))
        assert "the broker answers 401 to GET" in found
        assert "of-somebody-else" not in found

    def test_a_broker_that_leads_elsewhere_does_not_get_the_token(self, small, version, broker):
        broker.links = lambda: {"pb:publish-contracts": {"href": "http://elsewhere.example/publish"}}
        (found,) = told(consumers.look(small))
        assert "leads to http://elsewhere.example/publish, which is elsewhere" in found

    def written(self, small: Small) -> list[object]:
        return json.loads((small.root / PACT).read_text())["interactions"]

    def deployed(self, broker: Broker, small: Small) -> dict:
        """A contract of an earlier version of the consumer, which is in production."""
        broker.pacts["shelf", "0.9.0"] = older = json.loads((small.root / PACT).read_text())
        broker.deployed.add(("shelf", "0.9.0"))
        return older
