"""Each code of the error registry as a page: what it means, what to do, how it looks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """One entry of the registry. `example` is a problem document as JSON text."""

    code: str
    slug: str
    status: int
    title: str
    cause: str
    cure: str
    example: str


def slug(code: str) -> str:
    """A code as it stands in the address of its page: INVALID_REQUEST is invalid-request."""
    return code.lower().replace("_", "-")


def error_pages(
    registry: Sequence[Mapping[str, Any]], bundle: Mapping[str, Any], base_url: str
) -> list[ErrorPage]:
    """The registry in its own order, with the contract's example of each code where it has one."""
    shown: dict[str, Any] = {}
    for problem in _problems(bundle):
        shown.setdefault(problem["code"], problem)
    return [
        ErrorPage(
            **{key: entry[key] for key in ("code", "status", "title", "cause", "cure")},
            slug=slug(entry["code"]),
            example=_example(entry, shown.get(entry["code"], {}), base_url),
        )
        for entry in registry
    ]


def _problems(bundle: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for response in bundle.get("components", {}).get("responses", {}).values():
        examples = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
        yield from (example["value"] for example in examples.values() if "value" in example)


def _example(entry: Mapping[str, Any], shown: Mapping[str, Any], base_url: str) -> str:
    problem = {
        "type": "",
        "title": entry["title"],
        "status": entry["status"],
        "detail": " ".join(entry["cause"].split()),
        "instance": "/v1/example",
        "code": entry["code"],
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        **shown,
    }
    problem["type"] = f"{base_url}/docs/errors/{slug(entry['code'])}"
    return json.dumps(problem, indent=2, ensure_ascii=False)
