"""Runs gates side by side, and times each."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from cloudmetrics.contract import ContractInvalid
from cloudmetrics.gates import breaking, consumers, drift, examples, fuzz, lint, sdk, valid
from cloudmetrics.gates.models import (
    Finding,
    Gate,
    GateBroken,
    NothingToDo,
    Outcome,
    Project,
    Result,
    Verdict,
)

# In the order in which a person wants to read them.
GATES = (
    Gate("valid", "OpenAPI 3.1, every reference resolves, nothing is unused", valid.look),
    Gate("lint", "style and safety, by Spectral and .spectral.yml", lint.look),
    Gate("examples", "each example is true, and its request gets a documented answer", examples.look),
    Gate("breaking", "what the last released contract promised still holds", breaking.look),
    Gate("drift", "operations, handlers, SDK methods and tables are the same ones", drift.look),
    Gate(
        "consumers",
        "what consumers rely on, by their Pact contracts, is what a server answers",
        consumers.look,
    ),
    Gate("sdk", "generated_sdks/ was made from this contract, and by nobody's hand", sdk.look),
    Gate("fuzz", "nothing that Schemathesis sends breaks a promise of the contract", fuzz.look),
)


def run(project: Project, gates: Sequence[Gate]) -> Iterator[Outcome]:
    """Each gate's outcome, as soon as it is known. Most wait for other programs, so threads do."""
    try:
        # Read once, before all want it at the same moment.
        _ = project.bundle_file
    except ContractInvalid:
        # Only this gate has anything to say of a contract that cannot be read.
        gates = [gate for gate in gates if gate.look is valid.look] or [GATES[0]]
    with ThreadPoolExecutor(len(gates)) as threads:
        for done in as_completed([threads.submit(attempt, gate, project) for gate in gates]):
            yield done.result()


def attempt(gate: Gate, project: Project) -> Outcome:
    """A gate's outcome, whatever it raises."""
    begun = time.perf_counter()
    verdict, result = _judge(gate.look, project)
    return Outcome(gate, verdict, time.perf_counter() - begun, result)


def _judge(look: Callable[[Project], Result], project: Project) -> tuple[Verdict, Result]:
    try:
        result = look(project)
    except NothingToDo as reason:
        return Verdict.SKIPPED, Result(note=str(reason))
    except GateBroken as error:
        return Verdict.BROKEN, Result(note=str(error))
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        finding = Finding(
            f"{where.filename}:{where.lineno}:1", "crash", f"{type(error).__name__}: {error}", "mend the gate"
        )
        return Verdict.BROKEN, Result((finding,), "the gate itself crashed")
    return (Verdict.FAILED if result.findings else Verdict.PASSED), result
