"""Outcomes as a table for a terminal, JSON for programs, JUnit for CI, Markdown for a review."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import orjson
from rich.table import Table
from rich.text import Text

from cloudmetrics.gates.models import Outcome, Verdict

COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.BROKEN: "red", Verdict.SKIPPED: "yellow"}
# More of one gate help nobody at once; JSON has them all.
MOST_SHOWN = 20


def passed(outcomes: Sequence[Outcome]) -> bool:
    return all(outcome.verdict in (Verdict.PASSED, Verdict.SKIPPED) for outcome in outcomes)


def table(outcomes: Sequence[Outcome]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("gate")
    shown.add_column("verdict")
    shown.add_column("time", justify="right")
    shown.add_column("what it saw", overflow="fold")
    for outcome in outcomes:
        verdict = Text(outcome.verdict.lower(), COLOURS[outcome.verdict])
        shown.add_row(outcome.gate.name, verdict, f"{outcome.seconds:.1f} s", summary(outcome))
    return shown


def summary(outcome: Outcome) -> str:
    count = len(outcome.result.findings)
    found = f"{count} finding{'s' if count != 1 else ''}" if count else ""
    return "; ".join(filter(None, (found, outcome.result.note)))


def details(outcome: Outcome) -> list[str]:
    """The findings of a gate, each as two lines: what and where, and how to mend it."""
    lines = []
    for finding in outcome.result.findings[:MOST_SHOWN]:
        lines += [f"{finding.where}: {finding.cause} [{finding.rule}]", f"    {finding.cure}"]
    if (more := len(outcome.result.findings) - MOST_SHOWN) > 0:
        lines.append(f"and {more} more, in the JSON report")
    return lines


def as_json(outcomes: Sequence[Outcome]) -> bytes:
    document = {
        "passed": passed(outcomes),
        "gates": [
            {
                "gate": outcome.gate.name,
                "verdict": outcome.verdict,
                "seconds": round(outcome.seconds, 3),
                "note": outcome.result.note,
                "findings": [_finding(finding) for finding in outcome.result.findings],
            }
            for outcome in outcomes
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _finding(finding: Any) -> dict[str, Any]:
    file, line, column = (*finding.where.rsplit(":", 2), "1", "1")[:3]
    place = {"file": file, "line": int(line), "column": int(column)}
    return {**place, "rule": finding.rule, "cause": finding.cause, "cure": finding.cure}


def as_junit(outcomes: Sequence[Outcome]) -> bytes:
    suite = ElementTree.Element("testsuite", name="contract", tests=str(len(outcomes)))
    for outcome in outcomes:
        case = ElementTree.SubElement(
            suite, "testcase", classname="contract", name=outcome.gate.name, time=f"{outcome.seconds:.3f}"
        )
        if outcome.verdict is Verdict.SKIPPED:
            ElementTree.SubElement(case, "skipped", message=outcome.result.note)
        elif outcome.verdict is not Verdict.PASSED:
            kind = "failure" if outcome.verdict is Verdict.FAILED else "error"
            failed = ElementTree.SubElement(case, kind, message=summary(outcome))
            failed.text = "\n".join(map(str, outcome.result.findings))
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    lines = [f"# The contract {'passes' if passed(outcomes) else 'does not pass'}", ""]
    lines += ["| gate | verdict | time | what it saw |", "|---|---|---:|---|"]
    lines += [
        f"| {outcome.gate.name} | {outcome.verdict} | {outcome.seconds:.1f} s | {summary(outcome)} |"
        for outcome in outcomes
    ]
    for outcome in outcomes:
        if outcome.result.findings or outcome.result.report:
            lines += ["", f"## {outcome.gate.name}", ""]
            lines += [
                f"- `{each.where}` {each.cause} (`{each.rule}`): {each.cure}"
                for each in outcome.result.findings
            ]
            lines += ["", outcome.result.report.rstrip()] if outcome.result.report else []
    return "\n".join(lines) + "\n"
