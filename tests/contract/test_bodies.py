"""Request bodies, by media type."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.bodies import JSON, arrived, nothing, post, posting

pytestmark = [pytest.mark.requirement("B-1", "PL-12")]

OBJECT = "{type: object, properties: {size: {type: integer}}, additionalProperties: false}"


class TestJson:
    @pytest.mark.parametrize(
        "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json; charset="utf-8"']
    )
    async def test_json_is_decoded(self, served: Any, kind: str) -> None:
        response = await post(
            served,
            posting("{application/json: {}}"),
            content=b'{"a": [1, null]}',
            headers={"content-type": kind},
        )
        assert response.json() == {"a": [1, None]}

    async def test_a_json_suffix_is_json(self, served: Any) -> None:
        contract = posting(f"{{application/vnd.thing+json: {{schema: {OBJECT}}}}}")
        headers = {"content-type": "application/vnd.thing+json; version=2"}
        assert (await post(served, contract, content=b'{"size":1}', headers=headers)).json() == {"size": 1}
        assert (await post(served, contract, content=b'{"size":"a"}', headers=headers)).status_code == 400

    async def test_unknown_fields_are_refused_where_the_schema_says_so(self, served: Any) -> None:
        response = await post(
            served, posting(f"{{application/json: {{schema: {OBJECT}}}}}"), json={"sice": 1}
        )
        assert response.json()["errors"] == [
            {
                "pointer": "/sice",
                "field": "sice",
                "code": "UNKNOWN_FIELD",
                "message": "sice is not a field here.",
            }
        ]

    async def test_numbers_keep_their_digits(self, served: Any) -> None:
        async def told(body: Any) -> str:
            return repr(body)

        text = b"[12345678901234567890123, 1.0, 1e2, -0.0, 0.1, 18446744073709551616]"
        response = await post(served, posting("{application/json: {}}"), told, content=text, headers=JSON)
        assert response.json() == "[12345678901234567890123, 1.0, 100.0, -0.0, 0.1, 18446744073709551616]"

    async def test_a_body_without_a_schema_may_be_anything(self, served: Any) -> None:
        async def told(body: Any) -> str:
            return json.dumps(body)

        for value in (None, 0, "", [], {}, "text"):
            content = json.dumps(value)
            response = await post(
                served, posting("{application/json: {}}"), told, content=content, headers=JSON
            )
            assert response.json() == content


class TestDefaults:
    SCHEMA = """
        {type: object, properties: {
          size: {type: integer, default: 7},
          tags: {type: array, default: [a]},
          inner: {$ref: '#/components/schemas/Inner'},
          list: {type: array, items: {$ref: '#/components/schemas/Inner'}}},
          allOf: [{properties: {colour: {default: red}}}]}"""
    CONTRACT = (
        posting(f"{{application/json: {{schema: {SCHEMA}}}}}")
        + """
        components: {schemas: {Inner: {type: object, properties: {on: {type: boolean, default: true}}}}}
        """
    )

    async def test_what_was_left_out_is_filled_in(self, served: Any) -> None:
        body = {"inner": {}, "list": [{}, {"on": False}]}
        assert (await post(served, self.CONTRACT, json=body)).json() == {
            "size": 7,
            "tags": ["a"],
            "inner": {"on": True},
            "list": [{"on": True}, {"on": False}],
            "colour": "red",
        }

    async def test_what_was_said_stays(self, served: Any) -> None:
        body = {"size": 0, "tags": [], "colour": None}
        assert (await post(served, self.CONTRACT, json=body)).json() == body

    async def test_a_default_that_a_handler_changes_is_whole_again_next_time(self, served: Any) -> None:
        async def change(body: Any) -> Any:
            body["tags"].append("b")
            return body["tags"]

        async with served(self.CONTRACT, {"create_thing": change}) as client:
            assert [(await client.post("/things", json={})).json() for _ in "12"] == [["a", "b"]] * 2

    async def test_a_default_does_not_make_a_required_field_optional(self, served: Any) -> None:
        schema = "{type: object, required: [size], properties: {size: {default: 7}}}"
        response = await post(served, posting(f"{{application/json: {{schema: {schema}}}}}"), json={})
        assert response.status_code == 400

    async def test_a_recursive_schemas_defaults_are_filled_in(self, served: Any) -> None:
        contract = (
            posting("{application/json: {schema: {$ref: '#/components/schemas/Tree'}}}")
            + """
        components:
          schemas: {Tree: {properties: {size: {default: 1}, left: {$ref: '#/components/schemas/Tree'}}}}
        """
        )
        assert (await post(served, contract, json={"left": {"left": {}}})).json() == {
            "size": 1,
            "left": {"size": 1, "left": {"size": 1}},
        }

    async def test_schemas_that_all_refer_to_each_other_start_at_once(self, served: Any) -> None:
        """Walking every way through thirty of them would take longer than the sun has."""
        names = [f"S{number}" for number in range(30)]
        fields = ", ".join(f"{name}: {{$ref: '#/components/schemas/{name}'}}" for name in names)
        schemas = ", ".join(f"{name}: {{properties: {{{fields}}}}}" for name in names)
        contract = (
            posting("{application/json: {schema: {$ref: '#/components/schemas/S0'}}}")
            + f"""
        components: {{schemas: {{{schemas}}}}}
        """
        )
        assert (await post(served, contract, json={"S1": {"S2": {}}})).json() == {"S1": {"S2": {}}}

    async def test_a_body_that_was_not_sent_is_the_default_of_its_schema(self, served: Any) -> None:
        contract = posting("{application/json: {schema: {type: object, default: {size: 1}}}}", required=False)
        assert (await post(served, contract)).json() == {"size": 1}
        assert (await post(served, contract, headers=JSON)).json() == {"size": 1}
        assert (await post(served, contract, json={})).json() == {}


class TestPresence:
    CONTENT = "{application/json: {schema: {type: object}}}"

    @pytest.mark.parametrize("headers", [{}, JSON])
    async def test_an_optional_body_may_be_absent(self, served: Any, headers: dict[str, str]) -> None:
        response = await post(served, posting(self.CONTENT, required=False), headers=headers)
        assert (response.status_code, response.content) == (200, b"")

    @pytest.mark.parametrize("headers", [{}, JSON])
    async def test_a_required_body_must_be_there(self, served: Any, headers: dict[str, str]) -> None:
        response = await post(served, posting(self.CONTENT), headers=headers)
        assert response.status_code == 400
        assert response.json()["errors"] == [
            {"pointer": "", "field": "body", "code": "REQUIRED", "message": "A body is required."}
        ]

    async def test_a_missing_body_and_wrong_parameters_are_told_together(self, served: Any) -> None:
        contract = posting(self.CONTENT, "parameters: [{in: query, name: q, required: true, schema: {}}]")

        async def create_thing(body: Any, q: Any) -> None: ...

        response = await post(served, contract, create_thing)
        assert [error["field"] for error in response.json()["errors"]] == ["q", "body"]

    async def test_null_is_a_body(self, served: Any) -> None:
        response = await post(served, posting(self.CONTENT, required=False), content=b"null", headers=JSON)
        assert response.status_code == 400

    async def test_a_handler_need_not_take_the_body_which_is_checked_all_the_same(self, served: Any) -> None:
        async def create_thing() -> str:
            return "done"

        contract = posting(self.CONTENT)
        assert (await post(served, contract, create_thing, json={})).json() == "done"
        assert (await post(served, contract, create_thing, json=[])).status_code == 400

    async def test_a_get_may_have_a_body(self, served: Any) -> None:
        contract = posting(self.CONTENT).replace("post:", "get:")
        async with served(contract, {"create_thing": arrived}) as client:
            response = await client.request("GET", "/things", json={"a": 1})
        assert response.json() == {"a": 1}

    async def test_an_operation_without_a_body_does_not_look_at_one(self, served: Any) -> None:
        async def create_thing() -> str:
            return "done"

        contract = posting(self.CONTENT).replace("requestBody", "x-body")
        assert (await post(served, contract, create_thing, content=b"{")).json() == "done"


class TestMediaTypes:
    SEVERAL = "{application/json: {schema: {type: object}}, text/csv: {}, image/*: {}}"

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/jsonx", "json", "image", "*/*", "", "/", ";"]
    )
    async def test_a_media_type_that_is_not_declared_answers_415(self, served: Any, kind: str) -> None:
        response = await post(served, posting(self.SEVERAL), content=b"a", headers={"content-type": kind})
        assert response.status_code == 415
        assert response.json()["code"] == "UNSUPPORTED_MEDIA_TYPE"
        assert response.headers["accept"] == "application/json, text/csv, image/*"

    async def test_a_missing_media_type_answers_415(self, served: Any) -> None:
        response = await post(served, posting(self.SEVERAL), content=b"a")
        assert response.status_code == 415
        assert "names no Content-Type" in response.json()["detail"]

    async def test_each_media_type_is_decoded_in_its_own_way(self, served: Any) -> None:
        async def kind_of(body: Any) -> str:
            return repr(body)

        for kind, content, value in (
            ("application/json", b'{"a":1}', "{'a': 1}"),
            ("text/csv", "é,1".encode(), "'é,1'"),
            ("image/png", b"\x89PNG", "b'\\x89PNG'"),
        ):
            headers = {"content-type": kind}
            response = await post(served, posting(self.SEVERAL), kind_of, content=content, headers=headers)
            assert response.json() == value

    async def test_the_most_specific_declaration_counts(self, served: Any) -> None:
        schemas = "'*/*': {schema: {maxLength: 1}}, text/*: {schema: {maxLength: 2}}, text/csv: {}"
        contract = posting(f"{{{schemas}}}")
        for kind, limit in (("text/csv", 3), ("text/plain", 2), ("application/x", 1)):
            for length in (limit, limit + 1):
                response = await post(
                    served, contract, nothing, content=b"a" * length, headers={"content-type": kind}
                )
                assert response.status_code == (200 if limit in (length, 3) else 400)

    @pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-7", "x-unknown"])
    async def test_only_utf_8_is_read(self, served: Any, charset: str) -> None:
        headers = {"content-type": f"application/json; charset={charset}"}
        response = await post(served, posting(self.SEVERAL), content=b"{}", headers=headers)
        assert response.status_code == 415

    async def test_text_must_be_utf_8_without_nul(self, served: Any) -> None:
        for content in (b"\xff", b"a\0b"):
            headers = {"content-type": "text/csv"}
            response = await post(served, posting(self.SEVERAL), content=content, headers=headers)
            assert response.json()["code"] == "MALFORMED_BODY"

    async def test_text_and_bytes_are_measured_by_their_schemas(self, served: Any) -> None:
        contract = posting("{text/plain: {schema: {minLength: 2}}, image/png: {schema: {maxLength: 2}}}")
        for kind, content, status in (
            ("text/plain", "é".encode(), 400),
            ("text/plain", b"ab", 200),
            ("image/png", "é".encode(), 200),
            ("image/png", b"\xff\xff\xff", 400),
        ):
            response = await post(served, contract, nothing, content=content, headers={"content-type": kind})
            assert response.status_code == status
