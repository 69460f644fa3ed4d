"""Consumers: what programs rely on, as their tests wrote it down with Pact, is what a live server answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from cloudmetrics.gates import tools
from cloudmetrics.gates.broker import Broker, Refused
from cloudmetrics.gates.examples import client_of
from cloudmetrics.gates.live import Live, serving
from cloudmetrics.gates.models import Finding, GateBroken, NothingToDo, Project, Result
from cloudmetrics.gates.states import listening

PACTS = "tests/consumers/pacts"
PROVIDER = "cloudmetrics"
SAID = "see build/contract/consumers.txt"
CURE = "mend the handler; or ask the consumer, change its test in tests/consumers, and run it"
DEPLOY = "release the consumer that does without it first, or keep the old answer"


def look(project: Project) -> Result:
    """Raises NothingToDo where no consumer wrote anything, GateBroken."""
    pacts = [Pact.read(project, path) for path in sorted((project.root / PACTS).glob("*.json"))]
    if not pacts:
        raise NothingToDo(f"there is no contract in {PACTS} yet; the tests of a consumer write it")
    broker = Broker.configured(project)
    count, consumers = sum(len(pact.lines) for pact in pacts), ", ".join(pact.consumer for pact in pacts)
    note = f"{count} interactions of {consumers}"
    with serving(project) as live:
        findings = tuple(broken(pacts, verified(project, live, {"pacts": str(project.root / PACTS)})))
        # A broker is not told of a server that breaks the contracts at hand.
        if findings or broker is None:
            return Result(findings, note)
        findings = tuple(decided(project, live, pacts, broker))
    return Result(findings, f"{note}, published as {broker.version}")


@dataclass(frozen=True, slots=True)
class Pact:
    """A consumer's contract. `lines` tells where each interaction is described."""

    file: str
    consumer: str
    content: bytes
    lines: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, project: Project, path: Path) -> Pact:
        """Raises GateBroken."""
        file, content = path.relative_to(project.root).as_posix(), path.read_bytes()
        try:
            told = orjson.loads(content)
            consumer, provider = told["consumer"]["name"], told["provider"]["name"]
            descriptions = [each["description"] for each in told["interactions"]]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise GateBroken(f"{file} is no contract of Pact ({error!r}); run the consumer's tests") from None
        if provider != PROVIDER:
            raise GateBroken(f"{file} is a contract with {provider}, and this is {PROVIDER}")
        if not descriptions:
            raise GateBroken(f"{file} relies on nothing; run the consumer's tests")
        lines = content.decode().splitlines()
        return cls(file, consumer, content, {each: line_of(lines, each) for each in descriptions})


def line_of(lines: list[str], description: str) -> int:
    text = f'"description": {orjson.dumps(description).decode()}'
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)


def verified(project: Project, live: Live, source: Mapping[str, Any]) -> dict[str, Any]:
    """The verifier's results, with the problems of states. Raises GateBroken."""
    project.artefacts.mkdir(parents=True, exist_ok=True)
    results = project.artefacts / "consumers.json"
    results.unlink(missing_ok=True)
    problems: dict[str, str] = {}
    with ExitStack() as stack:
        client = stack.enter_context(client_of(live))
        told = {
            "provider": PROVIDER,
            "url": live.url,
            "headers": live.credentials["full"].headers,
            "states": stack.enter_context(listening(client, problems)),
            "results": str(results),
        }
        environ = os.environ | {
            "PYTHONPATH": str(tools.HOME),
            "PACT_DO_NOT_TRACK": "true",
            # The server is asked without a proxy, a broker with the one that there may be.
            "NO_PROXY": f"127.0.0.1,{os.environ.get('NO_PROXY', '')}".rstrip(","),
        }
        command = [sys.executable, "-m", "cloudmetrics.gates.verifying"]
        finished = tools.run(command, environ=environ, text=orjson.dumps({**told, **source}).decode())
    (project.artefacts / "consumers.txt").write_text(finished.stdout + finished.stderr, encoding="utf-8")
    if finished.returncode or not results.exists():
        said = (finished.stderr or finished.stdout).strip()[-500:]
        raise GateBroken(f"Pact's verifier could not work, {SAID}: {said}")
    return {**orjson.loads(results.read_bytes()), "problems": problems}


def broken(pacts: list[Pact], results: Mapping[str, Any], cure: str = CURE) -> Iterator[Finding]:
    """What consumers rely on and do not get, each where its contract says so. Raises GateBroken."""
    failed = [each for each in results.get("interactionResults", ()) if each["result"] != "OK"]
    if results["failed"] and not failed:
        causes = [str(each["mismatch"].get("message")) for each in results.get("errors", ())]
        raise GateBroken(f"Pact's verifier could not work, {SAID}: {'; '.join(causes) or results['failed']}")
    for each in failed:
        what = "; ".join(mismatches(each, results["problems"]))
        cause = f"{each['consumer']} relies on {each['description']}: {what}"
        yield Finding(where(pacts, each), "consumer", cause, cure)


def where(pacts: list[Pact], interaction: Mapping[str, Any]) -> str:
    """Of a contract that only the broker has, no line is here."""
    for pact in pacts:
        if pact.consumer == interaction["consumer"] and interaction["description"] in pact.lines:
            return f"{pact.file}:{pact.lines[interaction['description']]}:1"
    return f"{PACTS}:1:1"


def mismatches(interaction: Mapping[str, Any], problems: Mapping[str, str]) -> Iterator[str]:
    """Each thing that was not as it should be, in Pact's words and with its place, the status first."""
    told = interaction.get("mismatch") or {}
    found = told.get("mismatches", ())
    for each in sorted(found, key=lambda mismatch: mismatch["type"] != "StatusMismatch"):
        what, place = each.get("mismatch") or each["type"], each.get("path") or each.get("key")
        yield f"{place}: {what}" if place else what
    if not found:
        states = [problems[state] for state in interaction.get("providerStates", ()) if state in problems]
        yield from states or [str(told.get("message") or told)]


def decided(project: Project, live: Live, pacts: list[Pact], broker: Broker) -> Iterator[Finding]:
    """What the broker says of this version, once it has the contracts and knows how they were kept."""
    try:
        for pact in pacts:
            broker.publish(pact.consumer, PROVIDER, pact.content)
        results = verified(project, live, {"broker": broker.told()})
        # The contracts at hand hold, so that what is broken is in one of an earlier release.
        yield from broken([], results, DEPLOY)
        deployable, reason = broker.can_i_deploy(PROVIDER)
    except Refused as error:
        yield Finding(f"{PACTS}:1:1", "broker", str(error), error.cure)
        return
    if not deployable:
        cause = f"the broker says that {broker.version} may not go to {broker.environment}: {reason}"
        yield Finding(f"{PACTS}:1:1", "can-i-deploy", cause, DEPLOY)
