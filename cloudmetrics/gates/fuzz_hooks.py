"""What Schemathesis needs to know of us; cloudmetrics.gates.fuzz hands it this file.

A schema can't say everything: that a range may not end before it starts, or that a
currency has to be the website's. A request that fits its schema and is refused for such
a reason is refused rightly, so the stock check for accepted requests is replaced by one
that fails only where the server and the schema disagree about the schema.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import schemathesis
from schemathesis.engine.run import PhaseName
from schemathesis.generation import GenerationMode

from cloudmetrics.contract.violations import CODES
from cloudmetrics.gates.fuzz import CREDENTIALS

# gunicorn refuses longer request lines before any application sees them.
LONGEST_URL = 8000
BAD_REQUEST = 400
SCHEMA_CODES = frozenset(CODES.values())
KNOWN: dict[str, dict[str, Any]] = json.loads(os.environ[CREDENTIALS])
STANDS_ON = frozenset(each for known in KNOWN.values() for each in known["stands_on"])
# The parameters that are lists of free texts, and how these are written here.
FREE_LISTS: set[str] = set()
PLAIN = "[A-Za-z0-9]+"
# All headers that carry a credential, in lower case; and the one that tells which kind it is.
CARRIERS = {"api-key", "authorization", "share-token"}
MARK = "Fuzzed-As"


@schemathesis.auth(refresh_interval=None)
class Turns:
    """Each request goes out with the next kind of credential; what hangs together, with the first."""

    def __init__(self) -> None:
        self.first = next(iter(KNOWN))
        self.turns = cycle(KNOWN)

    def get(self, case: Any, _context: Any) -> str:
        phase = case.meta.phase.name if case.meta else None
        return self.first if phase == PhaseName.STATEFUL_TESTING else next(self.turns)

    def set(self, case: Any, kind: str, _context: Any) -> None:
        kept = {name: value for name, value in (case.headers or {}).items() if name.lower() not in CARRIERS}
        case.headers = {**kept, **KNOWN[kind]["headers"], MARK: kind}


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Schemathesis does not look into contentSchema: it is told of lists of one value instead of many.

    A free text with a comma or a quote in it would have to be quoted, as in CSV: it is told to write plain
    ones. Which fields an answer has it could not know either, so it chooses none.
    """
    parameters = raw_schema.get("components", {}).get("parameters", {})
    for declared in parameters.values():
        listed = declared.get("schema", {}).get("contentSchema")
        if listed:
            items = listed["items"]
            is_free = not {"enum", "$ref"} & items.keys()
            declared["schema"] = {**items, "pattern": f"^{PLAIN}$"} if is_free else items
            FREE_LISTS.update({declared["name"]} if is_free else ())
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
    is_short = len(url) + 12 * len(str(case.query)) < LONGEST_URL
    return is_short and not _breaks_our_pattern(case) and not _ends_a_credential(case)


def _breaks_our_pattern(case: Any) -> bool:
    """Whether it was made to break a pattern that the contract does not have."""
    free = (value for name, value in (case.query or {}).items() if name in FREE_LISTS)
    return not all(re.fullmatch(PLAIN, str(value)) for value in free)


def _ends_a_credential(case: Any) -> bool:
    """Whether it would change what a credential stands on: nothing but 401 came after that."""
    named = set(map(str, (case.path_parameters or {}).values()))
    return case.method not in ("GET", "HEAD") and bool(named & STANDS_ON)


@schemathesis.check
def valid_requests_fit(_context: Any, response: Any, case: Any) -> None:
    """What fits the schema is not refused for breaking the schema.

    A merge patch is judged twice, and the second time is about the whole that comes of it: that a field
    does not go with what is there already, no schema of the patch can say.
    """
    meta = case.meta
    if (
        response.status_code != BAD_REQUEST
        or meta is None
        or meta.generation.mode is not GenerationMode.POSITIVE
    ):
        return
    untrue = _misshapen(case)
    broken = [
        f"{violation.get('parameter') or violation.get('pointer')}: {violation['message']}"
        for violation in response.json().get("errors", ())
        if violation["code"] in SCHEMA_CODES
        and violation.get("parameter") not in untrue
        and not (case.method == "PATCH" and "pointer" in violation)
    ]
    assert not broken, f"a valid request is refused: {'; '.join(broken)}"


def _misshapen(case: Any) -> set[str]:
    """Parameters that only Schemathesis calls valid.

    Where it finds no text that fits a header's pattern it takes a number, and where a link leads to nothing
    it writes None into the path.
    """
    raw = {str(place.value): values or {} for place, values in case.meta.raw_containers.items()}
    numbers = {name for name, value in raw.get("header", {}).items() if not isinstance(value, str)}
    return numbers | {name for name, value in (case.path_parameters or {}).items() if str(value) == "None"}


@schemathesis.check
def scopes_are_asked_for(_context: Any, response: Any, case: Any) -> None:
    """Nothing is done for a credential that lacks the scope which the contract asks for."""
    kind = response.request.headers.get(MARK)
    # Other methods are tried as well; OPTIONS tells everybody which ones there are.
    if (
        kind is None
        or response.status_code >= BAD_REQUEST
        or response.request.method != case.operation.method.upper()
    ):
        return
    security = case.operation.definition.raw.get("security", ())
    alternatives = [{scope for scopes in option.values() for scope in scopes} for option in security]
    granted = set(KNOWN[kind]["scopes"])
    assert not alternatives or any(needed <= granted for needed in alternatives), (
        f"a credential that may {', '.join(sorted(granted)) or 'do nothing'} was let in"
    )
