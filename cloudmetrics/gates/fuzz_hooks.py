"""What Schemathesis needs to know of us; cloudmetrics.gates.fuzz hands it this file.

A schema can't say everything: that a range may not end before it starts, or that a
currency has to be the website's. A request that fits its schema and is refused for such
a reason is refused rightly, so the stock check for accepted requests is replaced by one
that fails only where the server and the schema disagree about the schema.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

from cloudmetrics.contract.violations import CODES
from cloudmetrics.gates.fuzz import GRANTED

# gunicorn refuses longer request lines before any application sees them.
LONGEST_URL = 8000
BAD_REQUEST = 400
SCHEMA_CODES = frozenset(CODES.values())


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Schemathesis does not look into contentSchema: it is told of lists of one value instead of many.

    Which fields an answer has it could not know either, so it chooses none.
    """
    parameters = raw_schema.get("components", {}).get("parameters", {})
    for declared in parameters.values():
        listed = declared.get("schema", {}).get("contentSchema")
        if listed:
            items = listed["items"]
            # A free text with a comma or a quote in it would have to be quoted, as in CSV.
            is_free = not {"enum", "$ref"} & items.keys()
            declared["schema"] = {**items, "pattern": "^[A-Za-z0-9]+$"} if is_free else items
    chosen = {f"#/components/parameters/{name}" for name, each in parameters.items() if "x-selects" in each}
    for operation in _operations(raw_schema):
        kept = [each for each in operation.get("parameters", ()) if each.get("$ref") not in chosen]
        operation["parameters"] = kept


def _operations(raw_schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in raw_schema.get("paths", {}).values():
        yield from (each for each in item.values() if isinstance(each, dict))


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    url: str = case.as_transport_kwargs().get("url", "")
    # Beyond ASCII a character takes up to twelve in a URL.
    return len(url) + 12 * len(str(case.query)) < LONGEST_URL


@schemathesis.check
def valid_requests_fit(_context: Any, response: Any, case: Any) -> None:
    """What fits the schema is not refused for breaking the schema."""
    meta = case.meta
    if (
        response.status_code != BAD_REQUEST
        or meta is None
        or meta.generation.mode is not GenerationMode.POSITIVE
    ):
        return
    problem = response.json()
    codes = {violation["code"] for violation in problem.get("errors", ())}
    assert not codes & SCHEMA_CODES, f"a valid request is refused: {problem}"


@schemathesis.check
def scopes_are_asked_for(_context: Any, response: Any, case: Any) -> None:
    """Nothing is done for a credential that lacks the scope which the contract asks for."""
    # Other methods are tried as well; OPTIONS tells everybody which ones there are.
    if response.status_code >= BAD_REQUEST or response.request.method != case.operation.method.upper():
        return
    security = case.operation.definition.raw.get("security", ())
    alternatives = [{scope for scopes in option.values() for scope in scopes} for option in security]
    granted = set(os.environ[GRANTED].split())
    assert not alternatives or any(needed <= granted for needed in alternatives), (
        f"a credential that may {', '.join(sorted(granted)) or 'do nothing'} was let in"
    )
