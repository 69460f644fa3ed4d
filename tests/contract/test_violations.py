"""What is wrong, all of it at once: where, which rule, and a sentence that a person understands."""

from __future__ import annotations

from typing import Any, ClassVar

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudmetrics.contract import windows as windows_module
from cloudmetrics.contract.violations import explain
from cloudmetrics.contract.windows import windows

pytestmark = [pytest.mark.requirement("B-3", "CM-8")]


def validator_of(schema: Any) -> Any:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def wrong(schema: Any, value: Any) -> list[tuple[str | None, str, str, str]]:
    """(pointer, field, code, message) of every violation."""
    validator = validator_of(schema)
    assert not validator.is_valid(value)
    found, total = explain(validator, value)
    assert total == len(found)
    return [(v.pointer, v.field, v.code, v.message) for v in found]


KEYWORDS = [
    ({"type": "string"}, 7, "TYPE", "Must be of type string."),
    ({"type": ["string", "null"]}, 7, "TYPE", "Must be of type null or string."),
    ({"enum": ["a", 1, True, None]}, "b", "ENUM", "Must be one of a, 1, true, null."),
    ({"enum": [0, 1]}, "b", "ENUM", "Must be one of 0, 1."),
    ({"const": 1}, 2, "CONST", "Must be 1."),
    ({"const": False}, 2, "CONST", "Must be false."),
    ({"format": "date"}, "x", "FORMAT", "Must be a valid date."),
    ({"pattern": "^a"}, "x", "PATTERN", "Must match the pattern ^a"),
    ({"minimum": 3}, 2, "TOO_SMALL", "Must be at least 3."),
    ({"exclusiveMinimum": 3}, 3, "TOO_SMALL", "Must be greater than 3."),
    ({"maximum": 3}, 4, "TOO_LARGE", "Must be at most 3."),
    ({"exclusiveMaximum": 3}, 3, "TOO_LARGE", "Must be less than 3."),
    ({"multipleOf": 3}, 4, "MULTIPLE_OF", "Must be a multiple of 3."),
    ({"minLength": 1}, "", "TOO_SHORT", "Must be at least 1 character long."),
    ({"minLength": 2}, "a", "TOO_SHORT", "Must be at least 2 characters long."),
    ({"maxLength": 2}, "abc", "TOO_LONG", "Must be at most 2 characters long."),
    ({"minItems": 1}, [], "TOO_FEW", "Must hold at least 1 item."),
    ({"maxItems": 0}, [1], "TOO_MANY", "Must hold at most 0 items."),
    ({"minProperties": 1}, {}, "TOO_FEW", "Must hold at least 1 field."),
    ({"maxProperties": 1}, {"a": 1, "b": 1}, "TOO_MANY", "Must hold at most 1 field."),
    ({"uniqueItems": True}, [1, 1], "NOT_UNIQUE", "Must not hold the same item twice."),
    ({"contains": {"const": 1}}, [2], "CONTAINS", "Lacks an item that it must contain."),
    ({"not": {"type": "string"}}, "a", "NOT_ALLOWED", "Has a form that is not allowed here."),
    ({"not": {}}, "a", "NOT_ALLOWED", "Has a form that is not allowed here."),
    (False, "a", "NOT_ALLOWED", "Nothing is allowed here."),
    (
        {"propertyNames": {"maxLength": 1}},
        {"ab": 1},
        "FIELD_NAME",
        "A field's name does not fit: Must be at most 1 character long.",
    ),
    ({"oneOf": [{}, {}]}, 1, "NO_MATCH", "Must fit exactly one of the forms that are allowed here."),
]


@pytest.mark.parametrize(("schema", "value", "code", "message"), KEYWORDS)
def test_each_keyword_has_a_code_and_a_sentence(schema: Any, value: Any, code: str, message: str) -> None:
    outer = {"properties": {"outer": {"items": schema}}}
    assert wrong(outer, {"outer": [value]}) == [("/outer/0", "outer", code, message)]


def test_a_missing_field_is_pointed_at_where_it_should_be() -> None:
    schema = {"items": {"required": ["a/b~c", "d"]}}
    assert wrong(schema, [{}]) == [
        ("/0/a~1b~0c", "a/b~c", "REQUIRED", "a/b~c is required."),
        ("/0/d", "d", "REQUIRED", "d is required."),
    ]


def test_a_field_that_another_one_asks_for() -> None:
    assert wrong({"dependentRequired": {"a": ["b"]}}, {"a": 1})[0][2] == "REQUIRED"


@pytest.mark.parametrize("keyword", ["additionalProperties", "unevaluatedProperties"])
def test_every_unknown_field_is_named(keyword: str) -> None:
    schema = {"properties": {"a": {}}, keyword: False}
    assert wrong(schema, {"a": 1, "b": 1, "c": {}}) == [
        ("/b", "b", "UNKNOWN_FIELD", "b is not a field here."),
        ("/c", "c", "UNKNOWN_FIELD", "c is not a field here."),
    ]


def test_all_violations_come_at_once() -> None:
    schema = {
        "required": ["name"],
        "properties": {"size": {"type": "integer"}, "tags": {"maxItems": 1, "items": {"type": "string"}}},
        "additionalProperties": False,
    }
    found = wrong(schema, {"size": "a", "tags": [1, "b", None], "more": 1})
    assert {(pointer, code) for pointer, _, code, _ in found} == {
        ("/name", "REQUIRED"),
        ("/size", "TYPE"),
        ("/tags", "TOO_MANY"),
        ("/tags/0", "TYPE"),
        ("/tags/2", "TYPE"),
        ("/more", "UNKNOWN_FIELD"),
    }


def test_long_names_and_values_are_clipped() -> None:
    [(_, _, _, message)] = wrong({"additionalProperties": False}, {"x" * 10_000: 1})
    assert len(message) < 120
    [(_, _, _, message)] = wrong({"enum": ["x" * 10_000]}, "y")
    assert len(message) < 250


class TestUnions:
    CAT: ClassVar[Any] = {
        "type": "object",
        "required": ["kind", "lives"],
        "properties": {"kind": {"const": "cat"}},
    }
    DOG: ClassVar[Any] = {
        "type": "object",
        "required": ["kind", "tail"],
        "properties": {"kind": {"const": "dog"}},
    }

    @pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
    def test_a_discriminator_says_which_form_was_meant(self, keyword: str) -> None:
        assert wrong({keyword: [self.CAT, self.DOG]}, {"kind": "dog"}) == [
            ("/tail", "tail", "REQUIRED", "tail is required.")
        ]

    def test_a_wrong_discriminator_is_told_its_values(self) -> None:
        assert wrong({"oneOf": [self.CAT, self.DOG]}, {"kind": "cow"}) == [
            ("/kind", "kind", "ENUM", "Must be one of cat, dog.")
        ]

    def test_a_missing_discriminator_is_what_all_forms_lack(self) -> None:
        assert wrong({"oneOf": [self.CAT, self.DOG]}, {}) == [
            ("/kind", "kind", "REQUIRED", "kind is required.")
        ]

    def test_null_is_not_what_an_object_was_meant_to_be(self) -> None:
        schema = {"anyOf": [{"type": "object", "required": ["a"]}, {"type": "null"}]}
        assert wrong(schema, {}) == [("/a", "a", "REQUIRED", "a is required.")]

    def test_where_nothing_is_clear_the_union_itself_is_named(self) -> None:
        schema = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
        assert wrong(schema, []) == [("", "", "NO_MATCH", "Fits none of the forms that are allowed here.")]

    def test_unions_nest(self) -> None:
        schema = {"anyOf": [{"type": "array", "items": {"oneOf": [self.CAT, self.DOG]}}, {"type": "null"}]}
        assert wrong(schema, [{"kind": "cat"}]) == [("/0/lives", "lives", "REQUIRED", "lives is required.")]


class TestManyViolations:
    SCHEMA: ClassVar[Any] = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {},
            "events": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {"at": {"type": "integer"}, "tags": {"maxItems": 3}},
                },
            },
        },
        "additionalProperties": False,
    }

    def explain(self, value: Any) -> tuple[list[str | None], int]:
        found, total = explain(validator_of(self.SCHEMA), value)
        return [violation.pointer for violation in found], total

    def test_the_first_hundred_are_told_and_all_are_counted(self) -> None:
        events = [{"id": 1, "at": "x"} for _ in range(500)]
        pointers, total = self.explain({"name": "a", "events": events})
        assert pointers == [f"/events/{index}/at" for index in range(100)]
        assert total == 500

    def test_they_are_counted_to_a_thousand(self) -> None:
        _, total = self.explain({"name": "a", "events": [{} for _ in range(5_000)]})
        assert total == 1_000

    def test_a_few_mistakes_far_apart_in_a_large_body_are_all_found(self) -> None:
        events: list[Any] = [{"id": 1, "at": 1, "tags": [1, 2, 3]} for _ in range(10_000)]
        for index in (0, 4_999, 9_999):
            events[index] = {"id": 1, "at": "x", "tags": [1, 2, 3, 4]}
        del events[7_000]["id"]
        pointers, total = self.explain({"events": events, "more": 1})
        assert set(pointers) == {
            "/name",
            "/more",
            *(f"/events/{index}/{field}" for index in (0, 4_999, 9_999) for field in ("at", "tags")),
            "/events/7000/id",
        }
        assert total == 9

    def test_a_list_that_is_too_long_is_told_once(self) -> None:
        validator = validator_of({"maxItems": 500, "items": {"type": "integer"}})
        found, total = explain(validator, [*range(20_000), "x"])
        assert [(v.pointer, v.code) for v in found] == [("", "TOO_MANY"), ("/20000", "TYPE")]
        assert total == 2

    def test_what_only_the_whole_shows_is_told_when_nothing_else_is_wrong(self) -> None:
        validator = validator_of({"contains": {"const": "x"}})
        found, _ = explain(validator, list(range(20_000)))
        assert [v.code for v in found] == ["CONTAINS"]

    def test_a_part_is_never_blamed_for_what_it_lacks(self) -> None:
        schema = {"properties": {"a": {"minItems": 20_000}, "b": {"type": "integer"}}, "required": ["a", "b"]}
        found, _ = explain(validator_of(schema), {"a": list(range(20_000)), "b": "x"})
        assert [(v.pointer, v.code) for v in found] == [("/b", "TYPE")]


class Counting:
    """A validator that counts the errors it is asked for, and the largest value it is asked about."""

    def __init__(self, schema: Any) -> None:
        self.validator = validator_of(schema)
        self.errors = 0
        self.largest = 0

    def is_valid(self, value: Any) -> bool:
        return bool(self.validator.is_valid(value))

    def validate(self, value: Any) -> None:
        self.validator.validate(value)

    def iter_errors(self, value: Any) -> Any:
        self.largest = max(self.largest, size_of(value))
        errors = list(self.validator.iter_errors(value))
        self.errors += len(errors)
        return iter(errors)


def size_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(size_of, value.values()))
    return 1 + sum(map(size_of, value)) if isinstance(value, list) else 1


HUGE = {
    "a flat list": ({"items": {"type": "string"}}, [1] * 300_000),
    "sound at first, then wrong": ({"items": {"type": "string"}}, ["a"] * 50_000 + [1] * 50_000),
    "a deep list": ({"items": {"items": {"items": {"type": "string"}}}}, [[[1] * 500] * 20] * 30),
    "one object with many fields": (
        {"additionalProperties": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        {str(number): number for number in range(100_000)},
    ),
    "nothing but unknown fields": (
        {"properties": {"a": {}}, "additionalProperties": False},
        {str(number): number for number in range(100_000)},
    ),
}


@pytest.mark.parametrize("case", HUGE)
def test_explaining_a_huge_body_takes_bounded_work(case: str) -> None:
    schema, value = HUGE[case]
    validator = Counting(schema)
    found, total = explain(validator, value)
    assert (len(found), total) == (100, 1_000)
    # One window's errors at most are made in vain.
    assert validator.errors <= 1_000 + windows_module.SIZE
    assert validator.largest <= windows_module.SIZE + 3


JSON = st.recursive(
    st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from("abcdef"), inner, max_size=6),
    max_leaves=40,
)


@settings(max_examples=200)
@given(value=JSON, size=st.integers(1, 12))
def test_windows_show_every_value_once_in_its_place(value: Any, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows_module, "SIZE", size)
        seen: dict[Any, list[Any]] = {}
        for window in windows(value):
            if not window.only_names:
                assert size_of(window.value) <= size or window.cut
                for path, leaf in leaves(window.value, ()):
                    seen.setdefault(window.true_path(path), []).append(leaf)
    assert seen == {path: [leaf] for path, leaf in leaves(value, ())}


def leaves(value: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from leaves(child, (*path, index))
    else:
        yield path, value


@settings(max_examples=200)
@given(value=JSON, size=st.integers(1, 12))
def test_windows_change_no_verdict_about_what_stands_in_them(value: Any, size: int) -> None:
    """Every leaf that is wrong is found, and nothing else, however small the windows are."""
    schema: dict[str, Any] = {
        "$id": "urn:leaf",
        "anyOf": [{"type": "integer", "maximum": 5}, {"type": ["array", "object"]}],
        "items": {"$ref": "urn:leaf"},
        "additionalProperties": {"$ref": "urn:leaf"},
    }
    validator = validator_of(schema)
    if validator.is_valid(value):
        return
    expected = {path for path, leaf in leaves(value, ()) if leaf > 5}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows_module, "SIZE", size)
        patch.setattr(windows_module, "MAX_WINDOWS", 10_000)
        found, total = explain(validator, value)
    assert {violation.pointer for violation in found} == {"".join(f"/{t}" for t in path) for path in expected}
    assert total == len(expected)
