"""Validation errors as people and programs want them: where, which rule, and what to do.

A validator says which keyword failed. That becomes a stable code, a JSON
Pointer to the value (for a missing field, to where it should be) and a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from jsonschema_rs import ValidationError

from cloudmetrics.contract.errors import MAX_VIOLATIONS, Violation
from cloudmetrics.contract.windows import windows
from cloudmetrics.contract.yaml_source import escape

# How many violations are counted; nobody mends more than that by a message.
COUNT_LIMIT = 1_000

CODES = {
    "type": "TYPE",
    "enum": "ENUM",
    "const": "CONST",
    "required": "REQUIRED",
    "dependentRequired": "REQUIRED",
    "format": "FORMAT",
    "pattern": "PATTERN",
    "minimum": "TOO_SMALL",
    "exclusiveMinimum": "TOO_SMALL",
    "maximum": "TOO_LARGE",
    "exclusiveMaximum": "TOO_LARGE",
    "multipleOf": "MULTIPLE_OF",
    "minLength": "TOO_SHORT",
    "maxLength": "TOO_LONG",
    "minItems": "TOO_FEW",
    "maxItems": "TOO_MANY",
    "minProperties": "TOO_FEW",
    "maxProperties": "TOO_MANY",
    "uniqueItems": "NOT_UNIQUE",
    "contains": "CONTAINS",
    "additionalProperties": "UNKNOWN_FIELD",
    "unevaluatedProperties": "UNKNOWN_FIELD",
    "unevaluatedItems": "TOO_MANY",
    "propertyNames": "FIELD_NAME",
    "anyOf": "NO_MATCH",
    "oneOf": "NO_MATCH",
    "not": "NOT_ALLOWED",
    "falseSchema": "NOT_ALLOWED",
    "contentEncoding": "FORMAT",
    "contentMediaType": "FORMAT",
}

Path = tuple[str | int, ...]
Row = tuple[Path, str, str]


def explain(validator: Any, value: Any) -> tuple[list[Violation], int]:
    """The first hundred violations of a value, and how many there are.

    They are counted to a thousand, and looked for among the first hundred
    thousand values inside.
    """
    rows: dict[Row, None] = {}
    for window in windows(value):
        if validator.is_valid(window.value):
            continue
        errors = (error for error in validator.iter_errors(window.value) if window.can_tell(error))
        for path, code, message in _flatten(errors):
            rows[window.true_path(path), code, message] = None
            if len(rows) == COUNT_LIMIT:
                break
        if len(rows) == COUNT_LIMIT:
            break
    found = list(rows) or list(_flatten([_first(validator, value)]))
    shown = [
        Violation(code, message, pointer="".join(f"/{escape(token)}" for token in path), field=_field(path))
        for path, code, message in found[:MAX_VIOLATIONS]
    ]
    return shown, len(found)


def _first(validator: Any, value: Any) -> Any:
    try:
        validator.validate(value)
    except ValidationError as error:
        return error
    raise AssertionError("only invalid values are explained")


def _field(path: Path) -> str:
    """The innermost name on the way: `timestamp` of /events/3/timestamp, `tags` of /tags/0."""
    return next((token for token in reversed(path) if isinstance(token, str)), "")


def _flatten(errors: Iterable[Any]) -> Iterator[Row]:
    for error in errors:
        name = error.kind.name
        path = tuple(error.instance_path)
        if name in ("anyOf", "oneOf"):
            yield from _union(error, path)
        elif name == "required":
            field = error.kind.property
            yield (*path, field), "REQUIRED", f"{field} is required."
        elif name in ("additionalProperties", "unevaluatedProperties"):
            for field in error.kind.unexpected:
                yield (*path, field), "UNKNOWN_FIELD", f"{_clip(field)} is not a field here."
        elif name == "propertyNames":
            yield path, "FIELD_NAME", f"A field's name does not fit: {_sentence(error.kind.error)}"
        else:
            yield path, CODES.get(name, "INVALID"), _sentence(error)


def _union(error: Any, path: Path) -> Iterator[Row]:
    """What is wrong with a value of several possible forms.

    A form is ruled out when the value is of another type altogether, or when a
    `const` in it (a discriminator) says something else. Where one form is left,
    its errors count; else what all forms have in common.
    """
    forms = [form for form in getattr(error.kind, "context", None) or [] if form]
    meant = [form for form in forms if not any(_rules_out(e, len(path)) for e in form)]
    if len(meant) == 1:
        yield from _flatten(meant[0])
        return
    tags = [e for form in forms for e in form if e.kind.name == "const" and len(e.instance_path) > len(path)]
    if not meant and tags and len({tuple(tag.instance_path) for tag in tags}) == 1:
        options = _options(tag.kind.expected_value for tag in tags)
        yield tuple(tags[0].instance_path), "ENUM", f"Must be one of {options}."
        return
    rows = [list(_flatten(form)) for form in meant]
    shared = [row for row in rows[0] if all(row in other for other in rows)] if rows else []
    yield from shared or [(path, "NO_MATCH", _sentence(error))]


def _rules_out(error: Any, depth: int) -> bool:
    below = len(error.instance_path) - depth
    return (error.kind.name == "type" and below == 0) or (error.kind.name == "const" and below <= 1)


def _sentence(error: Any) -> str:
    write = SENTENCES.get(error.kind.name)
    if write is None:
        return f"{_clip(error.message)}."
    return str(write(error.kind, error.instance))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _clip(text: Any, length: int = 80) -> str:
    text = str(text)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _options(values: Iterable[Any]) -> str:
    shown = [str(value) if isinstance(value, str) else _json_word(value) for value in islice(values, 20)]
    return _clip(", ".join(shown), 200)


def _json_word(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "…"
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


SENTENCES: dict[str, Any] = {
    "type": lambda kind, _: f"Must be of type {' or '.join(kind.types)}.",
    "enum": lambda kind, _: f"Must be one of {_options(kind.options)}.",
    "const": lambda kind, _: f"Must be {_options([kind.expected_value])}.",
    "format": lambda kind, _: f"Must be a valid {kind.format}.",
    "pattern": lambda kind, _: f"Must match the pattern {_clip(kind.pattern, 120)}",
    "minimum": lambda kind, _: f"Must be at least {kind.limit}.",
    "exclusiveMinimum": lambda kind, _: f"Must be greater than {kind.limit}.",
    "maximum": lambda kind, _: f"Must be at most {kind.limit}.",
    "exclusiveMaximum": lambda kind, _: f"Must be less than {kind.limit}.",
    "multipleOf": lambda kind, _: f"Must be a multiple of {kind.multiple_of}.",
    "minLength": lambda kind, _: f"Must be at least {_count(kind.limit, 'character')} long.",
    "maxLength": lambda kind, _: f"Must be at most {_count(kind.limit, 'character')} long.",
    "minItems": lambda kind, _: f"Must hold at least {_count(kind.limit, 'item')}.",
    "maxItems": lambda kind, _: f"Must hold at most {_count(kind.limit, 'item')}.",
    "minProperties": lambda kind, _: f"Must hold at least {_count(kind.limit, 'field')}.",
    "maxProperties": lambda kind, _: f"Must hold at most {_count(kind.limit, 'field')}.",
    "uniqueItems": lambda *_: "Must not hold the same item twice.",
    "contains": lambda *_: "Lacks an item that it must contain.",
    "anyOf": lambda *_: "Fits none of the forms that are allowed here.",
    "oneOf": lambda *_: "Must fit exactly one of the forms that are allowed here.",
    "not": lambda *_: "Has a form that is not allowed here.",
    "falseSchema": lambda *_: "Nothing is allowed here.",
}
