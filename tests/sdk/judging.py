"""Whether what was seen on the wire, and what the caller got, is what a case says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from tests.sdk.server import Request
from tests.sdk.suite import Case


def wire(case: Case, seen: Sequence[Request]) -> Iterator[str]:
    """What is wrong with the requests, a sentence each."""
    wanted = case.requests if case.wire is None else len(case.wire)
    if wanted is not None and len(seen) != wanted:
        told = ", ".join(f"{each.method} {each.path}" for each in seen)
        yield f"{wanted} requests should have come, and {len(seen)} did: {told}"
        return
    for number, expected in enumerate(case.wire or ()):
        before = seen[number - 1] if number else None
        for sentence in request(expected, seen[number], seen[0], before):
            yield f"request {number + 1}: {sentence}"


def request(
    expected: Mapping[str, Any], seen: Request, first: Request, before: Request | None
) -> Iterator[str]:
    for name in ("method", "path"):
        if name in expected and expected[name] != getattr(seen, name):
            yield f"{name} is {getattr(seen, name)!r}, not {expected[name]!r}"
    if "query" in expected and sorted(pairs(expected["query"])) != sorted(seen.query):
        yield f"query is {seen.query}, not {expected['query']}"
    for name, value in expected.get("headers", {}).items():
        yield from header(name, value, seen.headers.get(name.lower()))
    if "json" in expected and not matches(expected["json"], parsed(seen.body), exact=True):
        yield f"body is {seen.body[:2000]!r}, not {json.dumps(expected['json'])}"
    if "text" in expected and seen.body.decode("utf-8", "replace") != expected["text"]:
        yield f"body is {seen.body[:2000]!r}, not {expected['text']!r}"
    if "form" in expected and dict(parse_qsl(seen.body.decode())) != expected["form"]:
        yield f"form is {seen.body!r}, not {expected['form']}"
    for name in expected.get("same", ()):
        if seen.headers.get(name.lower()) != first.headers.get(name.lower()):
            yield f"{name} is another one than the first request's"
    for name in expected.get("other", ()):
        if seen.headers.get(name.lower()) == first.headers.get(name.lower()):
            yield f"{name} is the same as the first request's"
    if before is not None:
        yield from time(expected, seen.at - before.at)


def time(expected: Mapping[str, Any], passed: float) -> Iterator[str]:
    # Clocks of two processes and a timer's grain: a hundredth is nothing.
    if passed < expected.get("after_at_least", 0) - 0.01:
        yield f"came {passed:.3f} s after the one before, too early"
    if passed > expected.get("after_at_most", float("inf")):
        yield f"came {passed:.3f} s after the one before, too late"


def header(name: str, expected: str | None, seen: str | None) -> Iterator[str]:
    if expected is None:
        right = seen is None
    elif expected.startswith("~"):
        right = seen is not None and re.fullmatch(expected[1:], seen) is not None
    else:
        right = seen == expected
    if not right:
        yield f"{name} is {seen!r}, not {expected!r}"


def pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for each in value if isinstance(value, list) else [value]:
            yield name, str(each)


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def outcome(step: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with what the runner told of a step."""
    if "crashed" in told:
        yield f"the runner crashed: {told['crashed']}"
    elif "fails" in step:
        if not matches(step["fails"], told.get("fails")):
            yield f"should fail with {step['fails']}, but: {json.dumps(told)[:2000]}"
    elif "gives" in step and ("gives" not in told or not matches(step["gives"], told["gives"])):
        yield f"should give {json.dumps(step['gives'])[:2000]}, but: {json.dumps(told)[:2000]}"
    elif "gives" not in told:
        yield f"should not fail, but: {json.dumps(told)[:2000]}"


def matches(expected: Any, got: Any, *, exact: bool = False) -> bool:
    """Whether `got` has what `expected` names: objects may have more, unless they must be equal.

    Moments are equal however they are written, numbers whether whole or not; `~…` is a regular expression.
    """
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and (not exact or expected.keys() == got.keys())
            and all(name in got and matches(each, got[name], exact=exact) for name, each in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(expected) == len(got)
            and all(matches(*both, exact=exact) for both in zip(expected, got, strict=True))
        )
    if isinstance(expected, str) and isinstance(got, str):
        if expected.startswith("~") and not exact:
            return re.fullmatch(expected[1:], got, re.DOTALL) is not None
        return expected == got or (moment(expected) is not None and moment(expected) == moment(got))
    return bool(expected == got) and isinstance(expected, bool) == isinstance(got, bool)


def moment(text: str) -> datetime | None:
    """A moment in time, where a text is one in full."""
    try:
        return datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
