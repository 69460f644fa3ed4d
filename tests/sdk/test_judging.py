"""The suite's judgement can fail: what is not as a case says is found."""

from __future__ import annotations

import pytest

from tests.sdk import judging
from tests.sdk.server import Request
from tests.sdk.suite import case


def seen(**fields) -> Request:
    given = {
        "method": "GET",
        "path": "/v1/goals",
        "query": [],
        "headers": {"api-key": "a"},
        "body": b"",
        "at": 0.0,
    }
    return Request(**given | fields)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "POST"},
        {"path": "/v1/goals/1"},
        {"query": {"limit": 1}},
        {"headers": {"API-Key": "b"}},
        {"headers": {"API-Key": None}},
        {"headers": {"Accept": "~.*"}},
        {"json": {}},
        {"text": "a"},
        {"form": {"a": "b"}},
    ],
)
def test_a_request_that_is_another_one_is_found(wrong):
    assert list(judging.wire(case({"name": "x", "call": "goals.list", "wire": [wrong]}), [seen()]))


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({"at": 0.5}, {"after_at_least": 1.0}),
        ({"at": 5.0}, {"after_at_most": 1.0}),
        ({"headers": {"api-key": "b"}}, {"same": ["API-Key"]}),
        ({}, {"other": ["API-Key"]}),
    ],
)
def test_a_second_request_that_does_not_fit_the_first_is_found(second, expected):
    written = case({"name": "x", "call": "goals.list", "wire": [{}, expected]})
    assert list(judging.wire(written, [seen(), seen(**second)]))


@pytest.mark.parametrize("requests", [[], [seen(), seen()]])
def test_too_few_requests_and_too_many_are_found(requests):
    assert list(judging.wire(case({"name": "x", "call": "goals.list", "requests": 1}), requests))


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"gives": {"a": 1}}, {"gives": {"a": 2}}),
        ({"gives": {"a": 1}}, {"gives": {}}),
        ({"gives": [1]}, {"gives": [1, 2]}),
        ({"gives": None}, {"gives": {}}),
        ({"gives": 1}, {"gives": True}),
        ({"gives": 1}, {"fails": {"kind": "NOT_FOUND"}}),
        ({"fails": {"kind": "NOT_FOUND"}}, {"gives": 1}),
        ({"fails": {"kind": "NOT_FOUND"}}, {"fails": {"kind": "FORBIDDEN"}}),
        ({}, {"fails": {"kind": "NOT_FOUND"}}),
        ({}, {"crashed": "boom"}),
        ({"gives": "2026-11-01T00:00:00Z"}, {"gives": "2026-11-01T00:00:01Z"}),
    ],
)
def test_another_outcome_is_found(step, told):
    assert list(judging.outcome(step, told))


def test_a_moment_is_the_same_however_it_is_written():
    assert judging.matches("2026-11-01T00:00:00Z", "2026-11-01T02:00:00+02:00")


def test_a_word_that_no_case_has_is_refused():
    with pytest.raises(ValueError, match="requets"):
        case({"name": "x", "call": "goals.list", "requets": 1})
