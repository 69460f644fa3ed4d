"""The same verdict as `jsonschema`, the reference validator of Python, on whatever Hypothesis thinks of.

Formats are left out: each library has its own idea of an e-mail address. So are
patterns, whose syntax is each language's own. The rest must agree.
"""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudmetrics.contract import Contract
from cloudmetrics.contract.errors import MAX_VIOLATIONS
from cloudmetrics.contract.violations import explain

pytestmark = [pytest.mark.requirement("B-1", "B-3")]

NAMES = st.sampled_from(["a", "b", "c", "aa", "ä"])
NUMBERS = st.one_of(st.integers(-5, 5), st.sampled_from([0.5, -1.5, 1.0, 2.0**53, 10**20]))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(["", "a", "ab", "abc", "ä", "𝔸b"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
COUNTS = st.integers(0, 3)

# Keywords that need no other schema, each with the values it may have.
PLAIN = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "minimum": NUMBERS,
    "maximum": NUMBERS,
    "exclusiveMinimum": NUMBERS,
    "exclusiveMaximum": NUMBERS,
    "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
    "minLength": COUNTS,
    "maxLength": COUNTS,
    "minItems": COUNTS,
    "maxItems": COUNTS,
    "uniqueItems": st.booleans(),
    "minProperties": COUNTS,
    "maxProperties": COUNTS,
    "required": st.lists(NAMES, max_size=2, unique=True),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
    "$ref": st.sampled_from(["#/components/schemas/A", "#/components/schemas/B", "#anchor"]),
    "$dynamicRef": st.just("#node"),
}


def keywords(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    """Every keyword, with its values, around the schemas that `inner` makes."""
    several = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(NAMES, inner, max_size=3)
    return PLAIN | {
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), several),
        **dict.fromkeys(("properties", "dependentSchemas"), named),
        **dict.fromkeys(("not", "if", "then", "else", "items", "contains", "propertyNames"), inner),
        **dict.fromkeys(("additionalProperties", "unevaluatedItems", "unevaluatedProperties"), inner),
        **dict.fromkeys(("minContains", "maxContains"), COUNTS),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b", "^$"]), inner, max_size=2),
    }


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of one to three keywords."""
    values = keywords(inner)
    chosen = st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=3, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: values[name] for name in names}))


SCHEMAS = st.recursive(st.booleans() | schemas(st.booleans()), schemas, max_leaves=6)
# References that lead round in a circle without going deeper have no meaning.
DEEPER = st.builds(lambda schema: {"properties": {"a": schema}, "items": schema}, SCHEMAS)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("spec")

    def compile_(several: list[Any], a: Any, b: Any) -> list[tuple[Any, Any]]:
        """Our validators of some schemas and the reference's, which know the components A and B."""
        named = {f"S{number}": schema for number, schema in enumerate(several)}
        document = {
            "openapi": "3.1.1",
            "info": {"title": "Agreement", "version": "1.0.0"},
            "paths": {},
            "components": {"schemas": {"A": a, "B": b, **named}},
        }
        path = folder / "openapi.yaml"
        path.write_text(json.dumps(document))
        contract = Contract.load(path, examples=False)
        place = contract.documents.root / "components" / "schemas"
        # The reference resolves pointers anywhere, and finds anchors in schemas only.
        root = {**document, "$defs": {"a": a, "b": b}}
        return [
            (
                contract.schemas.at(place / name),
                jsonschema.Draft202012Validator({**root, "$ref": f"#/components/schemas/{name}"}),
            )
            for name in named
        ]

    return compile_


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    several=st.lists(SCHEMAS, min_size=3, max_size=3),
    a=DEEPER,
    b=DEEPER,
    values=st.lists(VALUES, min_size=4, max_size=8),
)
def test_every_verdict_is_the_references(
    compiled: Any, several: list[Any], a: dict[str, Any], b: dict[str, Any], values: list[Any]
) -> None:
    validators = compiled(several, {"$anchor": "anchor", **a}, {"$dynamicAnchor": "node", **b})
    for schema, (ours, reference) in zip(several, validators, strict=True):
        for value in values:
            verdict = ours.is_valid(value)
            assert verdict == reference.is_valid(value), json.dumps([schema, a, b, value])
            if not verdict:
                check_explanation(*explain(ours, value), value)


def check_explanation(found: list[Any], total: int, value: Any) -> None:
    """Every violation has a code, a sentence and a place that exists, or could."""
    assert 1 <= len(found) <= min(total, MAX_VIOLATIONS)
    for violation in found:
        assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", violation.code)
        assert violation.message
        assert violation.parameter is None
        *holder, last = [""] if not violation.pointer else violation.pointer.split("/")
        node = value
        for token in holder[1:]:
            node = node[int(token)] if isinstance(node, list) else node[token]
        exists = isinstance(node, (dict, list)) or not last
        assert exists, violation


def test_every_keyword_that_judges_is_compared() -> None:
    judges = set(jsonschema.Draft202012Validator.VALIDATORS) - {"format", "pattern"}
    assert judges <= set(keywords(st.booleans()))
