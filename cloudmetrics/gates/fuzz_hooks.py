"""What Schemathesis needs to know of us; cloudmetrics.gates.fuzz hands it this file.

A schema can't say everything: that a range may not end before it starts, or that a
currency has to be the website's. A request that fits its schema and is refused for such
a reason is refused rightly, so the stock check for accepted requests is replaced by one
that fails only where the server and the schema disagree about the schema.
"""

from __future__ import annotations

import os
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
