"""Whether the documents are well-formed OpenAPI 3.1, judged by OpenAPI's own schema.

openapi-3.1.schema.json is the OpenAPI Initiative's schema of 2022-10-07, as
published at its `$id` (Apache License 2.0). Each file is judged by the part of it
that describes what the file holds, so that every finding has a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from cloudmetrics.contract.documents import Documents, Place
from cloudmetrics.contract.kept import Kept
from cloudmetrics.contract.schemas import BACKTRACKING
from cloudmetrics.contract.violations import explain

OPENAPI_SCHEMA = Path(__file__).parent / "openapi-3.1.schema.json"
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
# The schema's own name for what our walk calls by the name in its structure table.
DEFINITIONS = {
    "pathItem": "path-item",
    "operation": "operation",
    "parameter": "parameter-or-reference",
    "requestBody": "request-body-or-reference",
    "response": "response-or-reference",
    "header": "header-or-reference",
    "example": "example-or-reference",
    "link": "link-or-reference",
    "callback": "callbacks-or-reference",
    "mediaType": "media-type",
    "encoding": "encoding",
    "securityScheme": "security-scheme-or-reference",
    "components": "components",
}


def check_soundness(documents: Documents, kept: Kept) -> None:
    """Add a finding for everything that OpenAPI 3.1 or JSON Schema does not allow where it stands."""
    for place, kind in list(documents.objects.items()):
        if kept.judged_alone(place, kind):
            continue
        parent = _parent(documents, place)
        if kind == "schema":
            if parent != "schema":
                _check(documents, place, _validator("schema"))
            _check_pattern(documents, place)
        elif parent is None:
            _check(documents, place, _validator(kind))


def _check(documents: Documents, place: Place, validator: Any) -> None:
    value = documents.at(place)
    if validator.is_valid(value):
        return
    for violation in explain(validator, value)[0]:
        where = Place(place.uri, place.pointer + (violation.pointer or ""))
        name = f"{violation.field}: " if violation.field not in ("", violation.message.split()[0]) else ""
        documents.find(where, f"{name}{violation.message.rstrip('.')}", "write what OpenAPI 3.1 allows here")


def _check_pattern(documents: Documents, place: Place) -> None:
    schema = documents.at(place)
    for pattern, where in _patterns(schema, place) if isinstance(schema, dict) else ():
        try:
            jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=BACKTRACKING)
        except ValueError:
            documents.find(where, f"{pattern} is no regular expression", "correct the pattern")


def _patterns(schema: dict[str, Any], place: Place) -> Iterator[tuple[str, Place]]:
    if isinstance(schema.get("pattern"), str):
        yield schema["pattern"], place / "pattern"
    named = schema.get("patternProperties")
    for pattern in named if isinstance(named, dict) else ():
        yield pattern, place / "patternProperties" / pattern


def _parent(documents: Documents, place: Place) -> str | None:
    """The kind of the object that holds this one in the same file; None where none does."""
    pointer = place.pointer
    while pointer:
        pointer = pointer.rpartition("/")[0]
        if (kind := documents.objects.get(Place(place.uri, pointer))) is not None:
            return kind
    return None


@cache
def _validator(kind: str) -> Any:
    if kind == "schema":
        return jsonschema_rs.Draft202012Validator({"$ref": JSON_SCHEMA})
    schema = json.loads(OPENAPI_SCHEMA.read_text(encoding="utf-8"))
    # A path item may have a `$ref` beside fields of its own, which this edition of the schema forgot.
    schema["$defs"]["path-item"]["properties"]["$ref"] = {"type": "string"}
    schema["$defs"]["path-item-or-reference"] = {"$ref": "#/$defs/path-item"}
    registry = jsonschema_rs.Registry([(schema["$id"], schema)], draft=jsonschema_rs.Draft202012)
    part = "" if kind == "document" else f"/$defs/{DEFINITIONS[kind]}"
    return jsonschema_rs.Draft202012Validator({"$ref": f"{schema['$id']}#{part}"}, registry=registry)
