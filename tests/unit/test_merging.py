"""JSON merge patches do what RFC 7396 says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.contract.merging import merged, whole

# Appendix A of the RFC.
CASES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
SCALARS = st.one_of(st.booleans(), st.integers(), st.text(max_size=5))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=2), inner), max_leaves=10
)
OBJECTS = st.dictionaries(st.text(max_size=2), VALUES, max_size=5)


@pytest.mark.parametrize(("target", "patch", "result"), CASES)
def test_the_examples_of_the_rfc(target, patch, result):
    assert merged(target, patch) == result


@given(OBJECTS, OBJECTS)
def test_a_patch_that_was_made_has_nothing_left_to_do(target, patch):
    once = merged(target, patch)
    assert merged(once, patch) == once


@given(OBJECTS)
def test_the_target_stays_as_it_was(target):
    before = repr(target)
    merged(target, dict.fromkeys(target) | {"new": {"deep": 1}})
    assert repr(target) == before


def test_only_what_can_be_replaced_is_sent_back_and_null_stays_where_it_may():
    shown = {"id": 1, "name": "a", "ends": "later", "note": "x"}
    fields = {"name": False, "ends": True, "note": False}
    assert whole(shown, {"ends": None, "note": None}, fields) == {"name": "a", "ends": None}
    assert whole(shown, {"name": "b", "odd": 1}, fields) == {
        "name": "b", "ends": "later", "note": "x", "odd": 1,
    }  # fmt: skip
