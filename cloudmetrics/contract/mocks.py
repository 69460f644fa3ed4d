"""Answers from the contract's examples, for operations that nobody has written yet.

Everything before the handler is real: the route, the credential, scopes, parameters and
body. The client may choose what it gets, as RFC 7240 has it:

    Prefer: code=404
    Prefer: code=200, example=empty
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import orjson
from connexion.exceptions import ResolverError
from connexion.resolver import Resolution, Resolver

from cloudmetrics.contract import media
from cloudmetrics.contract.documents import Documents, Place
from cloudmetrics.contract.errors import InvalidRequest, Violation
from cloudmetrics.contract.handlers import Handler
from cloudmetrics.contract.http import Request, Response
from cloudmetrics.contract.operations import Operation

PREFERENCE = re.compile(r"\b(code|example)\s*=\s*\"?([A-Za-z0-9_.-]+)\"?")
MARK = {"x-mock": "true"}


class MockResolver(Resolver):
    """Finds an operation's handler by another resolver, and mocks it where that has none.

    Without `resolver` every operation is mocked.
    """

    def __init__(self, documents: Documents, resolver: Resolver | None = None) -> None:
        super().__init__()
        self.documents = documents
        self.resolver = resolver

    def resolve_operation_id(self, operation: Any) -> str:
        if self.resolver is None:
            return str(operation.operation_id)
        return str(self.resolver.resolve_operation_id(operation))

    def resolve(self, operation: Any) -> Resolution:
        if self.resolver is not None:
            try:
                return self.resolver.resolve(operation)
            except ResolverError:
                # A module that cannot be imported is a mistake, which a mock would hide.
                if _is_broken(self.resolver.resolve_operation_id(operation)):
                    raise
        return Resolution(mock(self.documents, operation), self.resolve_operation_id(operation))


def _is_broken(address: str) -> bool:
    """Whether the module of a function is there, and cannot be imported."""
    module, _, _ = address.rpartition(".")
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        return not f"{module}.".startswith(f"{error.name}.")
    except ImportError:
        return True
    return False


def mock(documents: Documents, operation: Operation) -> Handler:
    """A handler that answers what the contract shows."""
    answers = _answers(documents, operation)
    usual = next((code for code in answers if code.startswith("2")), next(iter(answers), ""))

    async def answer(request: Request, **_: Any) -> Response:
        wanted = dict(PREFERENCE.findall(request.headers.get("prefer", "")))
        code = _choose("code", wanted.get("code", usual), answers)
        media_type, examples, headers = answers[code]
        status = int(code) if code.isdecimal() else 500
        if not examples:
            return Response(b"", status, headers | MARK)
        name = _choose("example", wanted.get("example", next(iter(examples))), examples)
        applied = ", ".join(f"{key}={value}" for key, value in wanted.items())
        preference = {"preference-applied": applied} if applied else {}
        return Response(_encode(examples[name], media_type), status, headers | MARK | preference, media_type)

    answer.__name__ = operation.id.replace("-", "_")
    return answer


def _answers(
    documents: Documents, operation: Operation
) -> dict[str, tuple[str, dict[str, Any], dict[str, str]]]:
    """Status → media type, examples by name, headers."""
    found = {}
    responses = operation.place / "responses"
    for code in documents.at(responses):
        place = documents.follow(responses / code)
        content = documents.at(place).get("content") or {}
        media_type = next(iter(content), "")
        examples = _examples(documents, place / "content" / media_type) if media_type else {}
        found[str(code)] = (media_type, examples, _headers(documents, place))
    return found


def _examples(documents: Documents, place: Place) -> dict[str, Any]:
    node = documents.at(place)
    if "example" in node:
        return {"default": node["example"]}
    found = {}
    for name in node.get("examples") or {}:
        example = documents.at(documents.follow(place / "examples" / name))
        if "value" in example:
            found[name] = example["value"]
    return found


def _headers(documents: Documents, place: Place) -> dict[str, str]:
    """The headers that have an example."""
    found = {}
    for name in documents.at(place).get("headers") or {}:
        header = documents.at(documents.follow(place / "headers" / name))
        schema = header.get("schema") or {}
        example = header.get("example", next(iter(schema.get("examples") or ()), None))
        if example is not None:
            found[name.lower()] = str(example)
    return found


def _choose(preference: str, wanted: str, among: dict[str, Any]) -> str:
    """Raises InvalidRequest where there is nothing of that name."""
    if wanted in among:
        return wanted
    message = f"There is no {preference} {wanted} here; there are {', '.join(among)}."
    violation = Violation("ENUM", message, parameter="Prefer", field="Prefer")
    raise InvalidRequest(message, violations=[violation])


def _encode(value: Any, media_type: str) -> bytes:
    if media.is_json(media_type):
        return orjson.dumps(value)
    return value.encode() if isinstance(value, str) else orjson.dumps(value)
