"""Two words about query parameters: values between commas, and fields to choose."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmetrics.contract import Contract, serve
from cloudmetrics.contract.selection import chosen, tree
from tests.contract.parameters import query
from tests.contract.refusals import Handlers, Write, anything, findings

LIST = (
    "{{type: string, maxLength: 30, contentMediaType: text/csv, "
    "contentSchema: {{type: array, maxItems: 3, items: {}}}}}"
)
WORDS = LIST.format("{type: string, maxLength: 9}")
NUMBERS = LIST.format("{type: integer, maximum: 9}")


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ("a,b", ["a", "b"]),
        ("a%2Cb", ["a", "b"]),
        ("a, b", ["a", "b"]),
        ('"a,b",c', ["a,b", "c"]),
        ('"say ""a""",b', ['say "a"', "b"]),
        ("%22a%2Cb%22", ["a,b"]),
        ("a,,b", ["a", "", "b"]),
        ("", []),
        ("%F0%9F%99%82", ["🙂"]),
    ],
)
async def test_values_stand_between_commas(ask: Any, raw: str, values: list[str]) -> None:
    assert await ask(query(WORDS), f"/things?q={raw}") == {"q": values}


async def test_values_are_what_the_schema_says(ask: Any) -> None:
    assert await ask(query(NUMBERS), "/things?q=1,2") == {"q": [1, 2]}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("a,b,c,d", "TOO_MANY"),
        ("x" * 31, "TOO_LONG"),
        ("a,waytoolong,b", "TOO_LONG"),
        ('a,"b', "FORMAT"),
        ('"a"b', "FORMAT"),
        ("a%0Ab", "FORMAT"),
        ("%00", "ENCODING"),
        ("%ED%A0%80", "ENCODING"),
    ],
)
async def test_what_is_no_list_of_such_values_is_refused(ask: Any, raw: str, code: str) -> None:
    assert (await ask(query(WORDS), f"/things?q={raw}"))["q"][0] == code


ANSWER = """
    paths:
      /things:
        get:
          operationId: list-things
          tags: [Things]
          parameters:
            - name: fields
              in: query
              x-selects: data
              schema:
                type: string
                contentMediaType: text/csv
                contentSchema: {type: array, minItems: 1, items: {type: string, minLength: 1}}
            - name: sort:in
              in: query
              schema:
                type: string
                contentMediaType: text/csv
                contentSchema: {type: array, items: {enum: [a, b]}}
          responses:
            '400': {description: The request does not fit}
            '500': {description: The answer does not fit}
            '200':
              description: Things.
              content:
                application/json:
                  schema:
                    type: object
                    required: [data, total]
                    properties:
                      total: {type: integer}
                      data:
                        type: array
                        items:
                          type: object
                          required: [id, layout, tags, owner]
                          properties:
                            id: {type: integer}
                            layout:
                              type: object
                              required: [columns, rows]
                              properties: {columns: {type: integer}, rows: {type: integer}}
                            tags: {type: object}
                            owner:
                              anyOf:
                                - {type: 'null'}
                                - {type: object, required: [name], properties: {name: {type: string}}}
"""
THING = {
    "id": 1,
    "layout": {"columns": 2, "rows": 3},
    "tags": {"team": "web", "tier": 1},
    "owner": {"name": "Ann"},
}


async def list_things(sort_in: list[str] | None) -> dict[str, Any]:
    return {"total": 2, "data": [THING, THING | {"owner": None}]}


@pytest.mark.parametrize(
    ("fields", "first", "second"),
    [
        ("id", {"id": 1}, {"id": 1}),
        ("layout.rows,id", {"id": 1, "layout": {"rows": 3}}, {"id": 1, "layout": {"rows": 3}}),
        ("owner.name", {"owner": {"name": "Ann"}}, {"owner": None}),
        ("tags.team", {"tags": {"team": "web"}}, {"tags": {"team": "web"}}),
        ("tags.missing", {"tags": {}}, {"tags": {}}),
        ("layout,layout.rows", {"layout": THING["layout"]}, {"layout": THING["layout"]}),
        ("layout.rows,layout", {"layout": THING["layout"]}, {"layout": THING["layout"]}),
    ],
)
async def test_only_the_fields_that_are_chosen_come(
    served: Any, fields: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    async with served(ANSWER, {"list_things": list_things}) as client:
        response = await client.get("/things", params={"fields": fields})
    assert response.json() == {"total": 2, "data": [first, second]}
    assert response.headers["content-length"] == str(len(response.content))


async def test_without_a_choice_all_of_it_comes(served: Any) -> None:
    async with served(ANSWER, {"list_things": list_things}) as client:
        assert (await client.get("/things")).json()["data"][0] == THING


async def test_whatever_is_wrong_with_values_is_told_at_once_and_by_value(served: Any) -> None:
    async with served(ANSWER, {"list_things": list_things}) as client:
        response = await client.get("/things?fields=id,nmae,layout.row,id.x&sort:in=c,a,d")
    errors = response.json()["errors"]
    assert response.status_code == 400
    assert [(error["parameter"], error["field"], error["code"], error["message"]) for error in errors] == [
        ("sort:in", "sort:in", "ENUM", "c: Must be one of a, b."),
        ("sort:in", "sort:in", "ENUM", "d: Must be one of a, b."),
        ("fields", "fields", "UNKNOWN_FIELD",
         "nmae: nmae is not a field here; there are id, layout, tags, owner."),
        ("fields", "fields", "UNKNOWN_FIELD",
         "layout.row: row is not a field here; did you mean rows? There are columns, rows."),
        ("fields", "fields", "UNKNOWN_FIELD",
         "id.x: x is not a field, and nothing is inside of what it stands in."),
    ]  # fmt: skip


async def test_an_answer_is_checked_before_it_is_cut(served: Any) -> None:
    async def broken(sort_in: list[str] | None) -> dict[str, Any]:
        return {"total": 1, "data": [THING | {"id": "one"}]}

    async with served(ANSWER, {"list_things": broken}) as client:
        assert (await client.get("/things?fields=tags")).status_code == 500


def test_a_choice_among_what_is_not_answered_is_refused(write: Write, handlers: Handlers) -> None:
    root = ANSWER.replace("x-selects: data", "x-selects: dta")
    contract = Contract.load(write(root))
    found = findings(lambda: serve(contract, handlers=handlers(things={"list_things": anything})))
    assert [what for _, what, _ in found] == [
        "fields chooses among the fields of dta, which is not in the answer"
    ]


def test_a_field_of_each_thing_in_lists_of_lists() -> None:
    assert chosen([[{"a": 1, "b": 2}], []], tree(["a"])) == [[{"a": 1}], []]
