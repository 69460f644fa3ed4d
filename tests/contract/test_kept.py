"""A contract that is loaded after a change is the same as one that is loaded from nothing, and sooner."""

import os
import random
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from cloudmetrics.contract import Contract, ContractInvalid, Grant, serve, yaml_source
from cloudmetrics.contract.mocks import MockResolver

SPEC = Path(__file__).parents[2] / "spec"
EDITS = 40


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(SPEC, tmp_path / "spec")
    return tmp_path / "spec" / "openapi.yaml"


@pytest.fixture
def part(root: Path) -> Path:
    """The contract with its goals and websites alone, so that loading it often takes little time."""
    others = re.compile(r"^  /v1/(?!goals|websites).*\n(?:    .*\n)*", re.MULTILINE)
    root.write_text(others.sub("", root.read_text()))
    return root


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were read as YAML."""
    texts: list[str] = []
    load = yaml_source.load
    monkeypatch.setattr(yaml_source, "load", lambda text: texts.append(text) or load(text))
    return texts


def served(contract: Contract) -> Contract:
    """The contract, compiled, and answered by its examples."""

    async def admit(_request, _credential):
        return Grant(None)

    serve(
        contract,
        handlers=MockResolver(contract.documents),
        authenticators=dict.fromkeys(("api_key", "bearer", "share_link"), admit),
    )
    return contract


def outcome(root: Path, since: Contract | None = None) -> tuple[object, Contract | None]:
    """The bundle or the findings, and the contract where there is one."""
    try:
        contract = served(Contract.load(root, since=since))
    except ContractInvalid as error:
        return error.findings, None
    return contract.bundle, contract


def test_nothing_changed_and_so_nothing_is_done(root, read):
    contract = Contract.load(root)
    del read[:]
    assert Contract.load(root, since=contract) is contract
    assert read == []


def test_only_what_changed_is_read_judged_and_compiled(root, read):
    before = served(Contract.load(root))
    path = root.parent / "paths" / "goals.yaml"
    path.write_text(path.read_text().replace("summary: List goals", "summary: List the goals"))
    del read[:]

    after = served(Contract.load(root, since=before))

    assert read == [path.read_text()]
    kept = {key[:2] for key, parts in after.compiled.items() if parts is before.compiled[key]}
    made_anew = {key[:2] for key in after.compiled} - kept
    assert made_anew == {("GET", "/v1/goals"), ("POST", "/v1/goals")}
    assert {op.summary for op in after.operations if op.id == "list-goals"} == {"List the goals"}


def test_what_leads_to_a_change_is_compiled_anew(root):
    before = served(Contract.load(root))
    schema = root.parent / "components" / "schemas" / "GoalCreate.yaml"
    schema.write_text(schema.read_text() + "# Said otherwise.\n")

    after = served(Contract.load(root, since=before))

    anew = {key[:2] for key, parts in after.compiled.items() if parts is not before.compiled[key]}
    assert ("POST", "/v1/goals") in anew
    assert ("GET", "/v1/websites") not in anew


def test_a_file_that_is_replaced_within_the_same_instant_is_read(root):
    """As an editor saves: another file of the same size takes the place of the first."""
    before = Contract.load(root)
    path = root.parent / "paths" / "goals.yaml"
    times = path.stat().st_mtime_ns
    new = path.with_suffix(".new")
    new.write_text(path.read_text().replace("summary: List goals", "summary: Lost goals"))
    new.replace(path)
    os.utime(path, ns=(times, times))
    after = Contract.load(root, since=before)
    assert {op.summary for op in after.operations if op.id == "list-goals"} == {"Lost goals"}


def test_a_name_that_any_file_may_bear_keeps_nothing(tmp_path):
    (tmp_path / "thing.yaml").write_text("{$id: 'urn:thing', type: object}\n")
    (tmp_path / "other.yaml").write_text("{type: string}\n")
    root = tmp_path / "openapi.yaml"
    root.write_text(
        "openapi: 3.1.1\ninfo: {title: T, version: 1.0.0}\ncomponents: {schemas: "
        "{Thing: {$ref: thing.yaml}, Other: {$ref: other.yaml}}}\npaths:\n  /things:\n    get:\n"
        "      operationId: list-things\n      responses: {'200': {description: D, content: "
        "{application/json: {schema: {$ref: 'urn:thing'}}}}}\n"
    )
    before = served(Contract.load(root))
    (tmp_path / "thing.yaml").write_text("{$id: 'urn:thing', type: array}\n")
    after = served(Contract.load(root, since=before))
    (key,) = after.compiled
    assert after.compiled[key] is not before.compiled[key]


def test_whatever_is_edited_the_outcome_is_that_of_a_first_load(part):
    """Lines of random files go, come twice, or are put in other words; then the files are as before."""
    chance = random.Random(20261124)
    contract = served(Contract.load(part))
    files = sorted(Path(url2pathname(urlsplit(uri).path)) for uri in contract.documents.texts)
    seen = {"sound": 0, "broken": 0}
    for _ in range(EDITS):
        path = chance.choice(files)
        text = path.read_text()
        lines = text.splitlines(keepends=True)
        number = chance.randrange(len(lines))
        line = lines[number]
        lines[number] = chance.choice(["", line * 2, line.replace("string", "integer"), f"{line}# New.\n"])
        path.write_text("".join(lines))

        told, changed = outcome(part, contract)
        assert told == outcome(part)[0], f"{path}:{number + 1}"
        seen["sound" if changed else "broken"] += 1

        if changed is None or chance.random() < 0.5:
            path.write_text(text)
            _, changed = outcome(part, changed or contract)
            assert changed is not None
        contract = changed
    assert min(seen.values()) > EDITS / 10
