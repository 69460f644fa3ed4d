"""Examples and defaults keep the schemas that they illustrate, or the contract is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloudmetrics.contract import media
from cloudmetrics.contract.documents import Documents, Place, Unresolvable
from cloudmetrics.contract.kept import Kept
from cloudmetrics.contract.schemas import SchemaInvalid, Schemas, SchemaUnresolved
from cloudmetrics.contract.violations import explain


def check_examples(documents: Documents, schemas: Schemas, kept: Kept) -> None:
    """Add a finding for every example and default that breaks its schema."""
    for place, kind in list(documents.objects.items()):
        if kept.judged(place, kind):
            continue
        for schema, example in _illustrated(documents, place, kind):
            _check(documents, schemas, schema, example)


def _illustrated(documents: Documents, place: Place, kind: str) -> Iterator[tuple[Place, Place]]:
    """(schema, example) of one object of the contract."""
    node = documents.at(place)
    if not isinstance(node, dict):
        return
    if kind == "schema":
        yield from ((place, place / keyword) for keyword in ("example", "default") if keyword in node)
        examples = node.get("examples")
        if isinstance(examples, list):
            yield from ((place, place / "examples" / index) for index in range(len(examples)))
    elif kind in ("mediaType", "parameter", "header") and "schema" in node:
        if kind == "mediaType" and not _is_json(place):
            return
        if "example" in node:
            yield place / "schema", place / "example"
        for name in node.get("examples") or {}:
            try:
                example = documents.follow(place / "examples" / name)
            except Unresolvable:
                continue
            if "value" in documents.at(example):
                yield place / "schema", example / "value"


def _is_json(place: Place) -> bool:
    name = place.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    return media.is_json(name) if "/" in name else True


def _check(documents: Documents, schemas: Schemas, schema: Place, example: Place) -> None:
    value: Any = documents.at(example)
    try:
        validator = schemas.at(schema)
    except SchemaInvalid as error:
        if isinstance(error, SchemaUnresolved) and documents.unresolved:
            return  # Found already, where the reference stands.
        documents.find(schema, f"the schema is unsound: {error}", "mend the schema")
        return
    if validator.is_valid(value):
        return
    for violation in explain(validator, value)[0][:5]:
        where = f" at {violation.pointer}" if violation.pointer else ""
        documents.find(
            # The very line, however long the example is.
            Place(example.uri, example.pointer + (violation.pointer or "")),
            f"the example breaks its schema{where}: {violation.message}",
            "mend the example or the schema",
        )
