"""Parameters: found, typed, checked together, and handed over by name."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.parameters import arrived, listing, query

pytestmark = [pytest.mark.requirement("B-1", "B-3")]


class TestTypes:
    @pytest.mark.parametrize(
        ("schema", "text", "value"),
        [
            ("{type: integer}", "7", 7),
            ("{type: integer}", "-7", -7),
            ("{type: integer}", "-9223372036854775808", -(2**63)),
            ("{type: number}", "7", 7),
            ("{type: number}", "-7.5e3", -7500.0),
            ("{type: boolean}", "true", True),
            ("{type: boolean}", "false", False),
            ("{type: string}", "7", "7"),
            ("{type: string}", "", ""),
            ("{type: [integer, string]}", "7", 7),
            ("{type: [integer, string]}", "7a", "7a"),
            ("{type: [integer, boolean]}", "true", True),
            ("{type: [integer, 'null']}", "null", None),
            ("{type: [integer, 'null']}", "", None),
            ("{type: [string, 'null']}", "null", "null"),
            ("{anyOf: [{type: integer}, {type: 'null'}]}", "7", 7),
            ("{oneOf: [{type: boolean}, {const: auto}]}", "auto", "auto"),
            ("{enum: [1, 2]}", "2", 2),
            ("{const: true}", "true", True),
            ("{allOf: [{type: integer}, {minimum: 3}]}", "3", 3),
            ("{}", "7", "7"),
            ("true", "7", "7"),
        ],
    )
    async def test_text_becomes_what_its_schema_says(
        self, ask: Any, schema: str, text: str, value: Any
    ) -> None:
        found = await ask(query(schema), f"/things?q={quote(text)}")
        assert found == {"q": value}
        assert type(found["q"]) is type(value)

    @pytest.mark.parametrize(
        ("schema", "text", "code"),
        [
            ("{type: integer}", "", "TYPE"),
            ("{type: integer}", "foo", "TYPE"),
            ("{type: integer}", "0.1", "TYPE"),
            ("{type: integer}", "+7", "TYPE"),
            ("{type: integer}", "007", "TYPE"),
            ("{type: integer}", "٧", "TYPE"),
            ("{type: integer}", "7 ", "TYPE"),
            ("{type: integer}", "1_000", "TYPE"),
            ("{type: integer}", "0x7", "TYPE"),
            ("{type: integer}", "9" * 10_000, "TYPE"),
            ("{type: number}", "NaN", "TYPE"),
            ("{type: number}", "Infinity", "TYPE"),
            ("{type: number}", "1e999", "TYPE"),
            ("{type: number}", ".5", "TYPE"),
            ("{type: boolean}", "yes", "TYPE"),
            ("{type: boolean}", "True", "TYPE"),
            ("{type: boolean}", "1", "TYPE"),
            ("{type: integer, format: int32}", "2147483648", "TOO_LARGE"),
            ("{type: integer, format: int32}", "-2147483649", "TOO_SMALL"),
            ("{type: integer, format: int64}", "9223372036854775808", "TOO_LARGE"),
            ("{type: integer, format: int64}", "-9223372036854775809", "TOO_SMALL"),
            ("{type: string, format: date}", "2026-02-30", "FORMAT"),
            ("{type: string, format: date-time}", "2026-02-28 10:00", "FORMAT"),
            ("{type: string, format: uuid}", "7", "FORMAT"),
            ("{type: string, format: byte}", "a", "FORMAT"),
            ("{type: string, maxLength: 2}", "abc", "TOO_LONG"),
            ("{type: string, pattern: '^[a-z]+$'}", "7", "PATTERN"),
            ("{enum: [1, 2]}", "3", "ENUM"),
        ],
    )
    async def test_text_that_does_not_fit_is_refused(
        self, ask: Any, schema: str, text: str, code: str
    ) -> None:
        found = await ask(query(schema), f"/things?q={quote(text)}")
        assert found["q"][0] == code

    @pytest.mark.parametrize("text", ["2147483647", "-2147483648"])
    async def test_the_ends_of_a_range_belong_to_it(self, ask: Any, text: str) -> None:
        assert await ask(query("{type: integer, format: int32}"), f"/things?q={text}") == {"q": int(text)}

    async def test_a_lists_items_are_typed_and_checked_one_by_one(self, ask: Any) -> None:
        contract = query("{type: array, items: {type: integer, maximum: 9}}")
        assert await ask(contract, "/things?q=1&q=2") == {"q": [1, 2]}
        assert (await ask(contract, "/things?q=1&q=10"))["q"] == ("TOO_LARGE", "Must be at most 9.")

    async def test_a_tuples_items_each_have_their_type(self, ask: Any) -> None:
        contract = query("{type: array, prefixItems: [{type: integer}, {type: string}], items: false}")
        assert await ask(contract, "/things?q=1&q=2") == {"q": [1, "2"]}

    async def test_an_integer_may_have_thousands_of_digits(self, served: Any) -> None:
        async def list_things(q: int) -> Any:
            return q % 97

        async with served(query("{type: integer}"), {"list_things": list_things}) as client:
            assert (await client.get(f"/things?q={10**4000 + 5}")).json() == (10**4000 + 5) % 97


class TestPresence:
    async def test_an_absent_parameter_is_not_passed_to_a_handler_that_takes_anything(self, ask: Any) -> None:
        assert await ask(query("{type: integer}")) == {}

    async def test_an_absent_parameter_is_none_or_the_handlers_own_default(self, served: Any) -> None:
        async def list_things(q: Any, r: Any = "own") -> Any:
            return {"q": q, "r": r}

        contract = listing("{in: query, name: q, schema: {}}", "{in: query, name: r, schema: {}}")
        async with served(contract, {"list_things": list_things}) as client:
            assert (await client.get("/things")).json() == {"q": None, "r": "own"}

    @pytest.mark.parametrize("location", ["query", "header", "cookie"])
    async def test_a_required_parameter_must_be_there(self, ask: Any, location: str) -> None:
        contract = listing(f"{{in: {location}, name: q, required: true, schema: {{type: string}}}}")
        assert await ask(contract) == {"q": ("REQUIRED", "q is required.")}

    async def test_a_default_is_filled_in(self, ask: Any) -> None:
        contract = (
            listing(
                "{in: query, name: limit, schema: {type: integer, default: 100}}",
                "{in: query, name: tags, schema: {type: array, items: {type: string}, default: [a]}}",
                "{in: query, name: none, schema: {type: [string, 'null'], default: null}}",
                "{in: header, name: X-Mode, schema: {$ref: '#/components/schemas/Mode'}}",
            )
            + """
        components: {schemas: {Mode: {type: string, default: fast}}}
        """
        )
        assert await ask(contract) == {"limit": 100, "tags": ["a"], "none": None, "x_mode": "fast"}
        assert (await ask(contract, "/things?limit=0"))["limit"] == 0

    async def test_a_default_that_a_handler_changes_is_whole_again_next_time(self, served: Any) -> None:
        async def list_things(tags: list[str]) -> Any:
            tags.append("b")
            return tags

        contract = listing("{in: query, name: tags, schema: {type: array, default: [a]}}")
        async with served(contract, {"list_things": list_things}) as client:
            assert [(await client.get("/things")).json() for _ in "12"] == [["a", "b"]] * 2

    async def test_an_unknown_query_parameter_is_refused_with_a_suggestion(self, ask: Any) -> None:
        contract = query("{type: integer}", name="limit")
        assert await ask(contract, "/things?limt=7&zzz=1") == {
            "limt": ("UNKNOWN_PARAMETER", "limt is not a parameter here; did you mean limit?"),
            "zzz": ("UNKNOWN_PARAMETER", "zzz is not a parameter here."),
        }

    async def test_violations_keep_the_order_of_the_request(self, ask: Any) -> None:
        names = [f"n{number}" for number in range(50)]
        found = await ask(query("{type: integer}"), f"/things?{'&'.join(names)}")
        assert list(found) == names

    async def test_unknown_headers_and_cookies_are_none_of_our_business(self, ask: Any) -> None:
        headers = {"x-anything": "1", "cookie": "session=1"}
        assert await ask(query("{}"), headers=headers) == {}

    async def test_a_single_value_must_be_given_once(self, ask: Any) -> None:
        assert await ask(query("{type: string}"), "/things?q=1&q=2") == {
            "q": ("REPEATED", "Must be given once.")
        }

    async def test_all_that_is_wrong_is_told_at_once(self, ask: Any) -> None:
        contract = listing(
            "{in: path, name: id, required: true, schema: {type: integer}}",
            "{in: query, name: limit, schema: {type: integer, maximum: 9}}",
            "{in: query, name: sort, required: true, schema: {type: string}}",
            "{in: header, name: X-Mode, schema: {enum: [a, b]}}",
            "{in: cookie, name: session, schema: {type: string, format: uuid}}",
            path="/things/{id}",
        )
        headers = {"x-mode": "c", "cookie": "session=1"}
        found = await ask(contract, "/things/x?limit=10&sorted=1", headers=headers)
        assert {name: code for name, (code, _) in found.items()} == {
            "id": "TYPE",
            "limit": "TOO_LARGE",
            "sort": "REQUIRED",
            "X-Mode": "ENUM",
            "session": "FORMAT",
            "sorted": "UNKNOWN_PARAMETER",
        }


class TestNames:
    @pytest.mark.parametrize(
        ("name", "argument"),
        [
            ("limit", "limit"),
            ("orderBy", "orderBy"),
            ("status:in", "status_in"),
            ("created_at:gte", "created_at_gte"),
            ("$filter", "filter"),
            ("ids[]", "ids"),
            ("X-Mode", "x_mode"),
            ("a.b", "a_b"),
            ("from", "from_"),
            ("class", "class_"),
            ("2fa", "_2fa"),
            ("*", "_"),
            ("request", "query_request"),
            ("caller", "query_caller"),
            ("body", "query_body"),
        ],
    )
    async def test_an_argument_is_named_as_python_can(self, ask: Any, name: str, argument: str) -> None:
        found = await ask(query("{type: string}", name=name), f"/things?{quote(name)}=a")
        assert found == {argument: "a"}

    async def test_parameters_of_one_name_in_several_places_stay_apart(self, ask: Any) -> None:
        contract = listing(
            "{in: path, name: id, required: true, schema: {type: string}}",
            "{in: query, name: id, schema: {type: string}}",
            "{in: header, name: id, schema: {type: string}}",
            "{in: cookie, name: id, schema: {type: integer}}",
            path="/things/{id}",
        )
        url, headers = "/things/path?id=query", {"id": "header", "cookie": "id=1"}
        assert await ask(contract, url, headers=headers) == {
            "id": "path",
            "query_id": "query",
            "header_id": "header",
            "cookie_id": 1,
        }
        assert await ask(contract, url, headers={"cookie": "id=x"}) == {
            "id": ("TYPE", "Must be of type integer.")
        }

    async def test_names_are_case_sensitive_but_for_headers(self, ask: Any) -> None:
        contract = listing(
            "{in: query, name: Q, schema: {type: string}}",
            "{in: query, name: q, schema: {type: string}}",
            "{in: header, name: X-Q, schema: {type: string}}",
        )
        assert await ask(contract, "/things?q=1&Q=2", headers={"x-Q": "3"}) == {
            "q": "1",
            "Q": "2",
            "x_q": "3",
        }


class TestQueries:
    async def test_a_plus_sign_is_a_space_and_percent_2b_is_a_plus_sign(self, ask: Any) -> None:
        assert await ask(query("{type: string}"), "/things?q=a+b%20c%2B") == {"q": "a b c+"}

    async def test_an_empty_part_is_nothing(self, ask: Any) -> None:
        assert await ask(query("{type: string}"), "/things?&&q=a&") == {"q": "a"}

    async def test_a_name_without_a_value_is_empty(self, ask: Any) -> None:
        assert await ask(query("{type: string}"), "/things?q") == {"q": ""}

    async def test_only_the_first_equals_sign_parts_name_and_value(self, ask: Any) -> None:
        assert await ask(query("{type: string}"), "/things?q=a=b") == {"q": "a=b"}

    async def test_unicode_arrives(self, ask: Any) -> None:
        assert await ask(query("{type: string}"), "/things?q=%C2%A319.99") == {"q": "£19.99"}

    async def test_a_list_of_thousands_of_wrong_items_is_counted_to_the_end(self, served: Any) -> None:
        contract = query("{type: array, items: {type: integer}}", more=", explode: false")
        async with served(contract, {"list_things": arrived}) as client:
            body = (await client.get(f"/things?q={','.join(['x'] * 500)}")).json()
        assert len(body["errors"]) == 100
        assert body["details"] == {"violations": 500}
