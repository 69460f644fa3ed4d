"""What may stand where in an OpenAPI 3.1 document: which key of which object holds which object.

`[]x` is a list of x, `{}x` a map from names to x. Whoever walks a document walks
by this table, so that a property called `example` is never taken for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_APPLICATORS = (
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
)

STRUCTURE: dict[str, dict[str, str]] = {
    "document": {
        "paths": "{}pathItem",
        "webhooks": "{}pathItem",
        "components": "components",
        "x-response-headers": "{}header",
    },
    "components": {
        "schemas": "{}schema",
        "responses": "{}response",
        "parameters": "{}parameter",
        "examples": "{}example",
        "requestBodies": "{}requestBody",
        "headers": "{}header",
        "securitySchemes": "{}securityScheme",
        "links": "{}link",
        "callbacks": "{}callback",
        "pathItems": "{}pathItem",
    },
    "pathItem": {"parameters": "[]parameter", **dict.fromkeys(METHODS, "operation")},
    "operation": {
        "parameters": "[]parameter",
        "requestBody": "requestBody",
        "responses": "{}response",
        "callbacks": "{}callback",
    },
    "parameter": {"schema": "schema", "content": "{}mediaType", "examples": "{}example"},
    "header": {"schema": "schema", "content": "{}mediaType", "examples": "{}example"},
    "requestBody": {"content": "{}mediaType"},
    "response": {"headers": "{}header", "content": "{}mediaType", "links": "{}link"},
    "mediaType": {"schema": "schema", "examples": "{}example", "encoding": "{}encoding"},
    "encoding": {"headers": "{}header"},
    "example": {},
    "link": {},
    "securityScheme": {},
    "callback": {"*": "pathItem"},
    "schema": {
        **dict.fromkeys(_APPLICATORS, "schema"),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "[]schema"),
        **dict.fromkeys(
            ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"), "{}schema"
        ),
    },
}

# Under which key of `components` an object of a kind is kept.
COMPONENT_OF = {holds[2:]: name for name, holds in STRUCTURE["components"].items()}


# The same, taken apart once: per kind, (key, how it holds them, kind of what it holds).
_PLAN = {
    kind: [
        (key, holds[:2] if holds[0] in "[{" else "", holds.lstrip("[]{}")) for key, holds in fields.items()
    ]
    for kind, fields in STRUCTURE.items()
}


def children(node: Any, kind: str) -> Iterator[tuple[tuple[str | int, ...], Any, str]]:
    """The OpenAPI objects directly inside `node`: (keys from here, object, its kind)."""
    if not isinstance(node, dict):
        return
    for key, many, holds in _PLAN[kind]:
        if key == "*":
            yield from (((name,), child, holds) for name, child in node.items() if name != "$ref")
            continue
        if key not in node:
            continue
        value = node[key]
        if many == "[]" and isinstance(value, list):
            yield from (((key, index), child, holds) for index, child in enumerate(value))
        elif many == "{}" and isinstance(value, dict):
            yield from (
                ((key, name), child, holds)
                for name, child in value.items()
                if not (isinstance(name, str) and name.startswith("x-") and kind == "document")
            )
        elif not many and isinstance(value, (dict, bool)):
            yield (key,), value, holds
