"""Request bodies, by media type."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.requirement("B-1", "PL-12")]

OBJECT = "{type: object, properties: {size: {type: integer}}, additionalProperties: false}"
JSON = {"content-type": "application/json"}


def posting(content: str, more: str = "", *, required: bool = True) -> str:
    return f"""\
        paths:
          /things:
            post:
              operationId: create-thing
              tags: [Things]
              {more}
              requestBody: {{required: {str(required).lower()}, content: {content}}}
              responses: {{default: {{description: What arrived}}}}
        """


async def arrived(body: Any) -> Any:
    return body


async def post(served: Any, contract: str, handler: Any = arrived, **options: Any) -> httpx.Response:
    async with served(contract, {"create_thing": handler}) as client:
        return await client.post("/things", **options)


class TestJson:
    @pytest.mark.parametrize(
        "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json; charset="utf-8"']
    )
    async def test_json_is_decoded(self, served: Any, kind: str) -> None:
        response = await post(
            served, posting("{application/json: {}}"), content=b'{"a": [1, null]}', headers={"content-type": kind}
        )
        assert response.json() == {"a": [1, None]}

    async def test_a_json_suffix_is_json(self, served: Any) -> None:
        contract = posting(f"{{application/vnd.thing+json: {{schema: {OBJECT}}}}}")
        headers = {"content-type": "application/vnd.thing+json; version=2"}
        assert (await post(served, contract, content=b'{"size":1}', headers=headers)).json() == {"size": 1}
        assert (await post(served, contract, content=b'{"size":"a"}', headers=headers)).status_code == 400

    async def test_unknown_fields_are_refused_where_the_schema_says_so(self, served: Any) -> None:
        response = await post(served, posting(f"{{application/json: {{schema: {OBJECT}}}}}"), json={"sice": 1})
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
            response = await post(served, posting("{application/json: {}}"), told, content=content, headers=JSON)
            assert response.json() == content


class TestDefaults:
    SCHEMA = """
        {type: object, properties: {
          size: {type: integer, default: 7},
          tags: {type: array, default: [a]},
          inner: {$ref: '#/components/schemas/Inner'},
          list: {type: array, items: {$ref: '#/components/schemas/Inner'}}},
          allOf: [{properties: {colour: {default: red}}}]}"""
    CONTRACT = posting(f"{{application/json: {{schema: {SCHEMA}}}}}") + """
        components: {schemas: {Inner: {type: object, properties: {on: {type: boolean, default: true}}}}}
        """

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
        contract = posting("{application/json: {schema: {$ref: '#/components/schemas/Tree'}}}") + """
        components: {schemas: {Tree: {properties: {size: {default: 1}, left: {$ref: '#/components/schemas/Tree'}}}}}
        """
        assert (await post(served, contract, json={"left": {}})).json()["size"] == 1

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

    @pytest.mark.parametrize("kind", ["text/plain", "application/jsonx", "json", "image", "*/*", "", "/", ";"])
    async def test_a_media_type_that_is_not_declared_answers_415(self, served: Any, kind: str) -> None:
        response = await post(
            served, posting(self.SEVERAL), content=b"a", headers={"content-type": kind}
        )
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
                    served, contract, _nothing, content=b"a" * length, headers={"content-type": kind}
                )
                assert response.status_code == (200 if length == limit or limit == 3 else 400)

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
            response = await post(served, contract, _nothing, content=content, headers={"content-type": kind})
            assert response.status_code == status


async def _nothing(body: Any) -> None:
    return None


class TestForms:
    SCHEMA = (
        "{type: object, required: [name], additionalProperties: false, properties: {"
        "name: {type: string}, size: {type: integer, default: 1}, on: {type: boolean},"
        "tags: {type: array, items: {type: integer}}, file: {type: string, maxLength: 5},"
        "files: {type: array, items: {type: string, format: binary}},"
        "meta: {type: object, properties: {a: {type: integer}}}}}"
    )
    URLENCODED = posting(f"{{application/x-www-form-urlencoded: {{schema: {SCHEMA}}}}}")
    MULTIPART = posting(f"{{multipart/form-data: {{schema: {SCHEMA}}}}}")

    @staticmethod
    async def told(body: Any) -> Any:
        return {
            name: [item.filename, item.media_type, item.decode()] if isinstance(item, bytes) else item
            for name, item in body.items()
        }

    @pytest.mark.parametrize("kind", ["URLENCODED", "MULTIPART"])
    async def test_fields_get_the_types_of_their_schemas(self, served: Any, kind: str) -> None:
        fields = {"name": "7 é+&=", "on": "true", "tags": ["1", "2"], "meta": '{"a": 1}'}
        more = {"data": fields} if kind == "URLENCODED" else {"data": fields, "files": {"file": b""}}
        body = (await post(served, getattr(self, kind), self.told, **more)).json()
        body.pop("file", None)
        assert body == {"name": "7 é+&=", "on": True, "tags": [1, 2], "meta": {"a": 1}, "size": 1}

    @pytest.mark.parametrize("kind", ["URLENCODED", "MULTIPART"])
    async def test_what_does_not_fit_is_refused(self, served: Any, kind: str) -> None:
        fields = {"size": "a", "tags": ["1", "x"], "meta": '{"a": "b"}', "more": "1"}
        more = {"data": fields} if kind == "URLENCODED" else {"data": fields, "files": {"file": b""}}
        response = await post(served, getattr(self, kind), self.told, **more)
        assert {error["pointer"]: error["code"] for error in response.json()["errors"]} == {
            "/name": "REQUIRED",
            "/size": "TYPE",
            "/tags/1": "TYPE",
            "/meta/a": "TYPE",
            "/more": "UNKNOWN_FIELD",
        }

    async def test_a_file_is_its_bytes_with_a_name(self, served: Any) -> None:
        files = {"file": ("a b.txt", b"hello", "text/plain")}
        response = await post(served, self.MULTIPART, self.told, data={"name": "n"}, files=files)
        assert response.json()["file"] == ["a b.txt", "text/plain", "hello"]

    async def test_a_files_size_is_checked(self, served: Any) -> None:
        response = await post(served, self.MULTIPART, self.told, data={"name": "n"}, files={"file": b"hello!"})
        assert response.json()["errors"][0]["code"] == "TOO_LONG"

    async def test_several_files_are_a_list(self, served: Any) -> None:
        async def names(body: Any) -> Any:
            return [file.filename for file in body["files"]]

        files = [("files", ("a", b"\xff")), ("files", ("b", b"\0"))]
        response = await post(served, self.MULTIPART, names, data={"name": "n"}, files=files)
        assert response.json() == ["a", "b"]

    @pytest.mark.parametrize(
        "content",
        [
            b"name=a&name=b",
            b"name=%FF",
            b"name=\xff",
            b"name=%00",
            b"name=a&%00=b",
            b"name=a&meta={",
            b"&".join(b"n%d=" % number for number in range(1001)),
        ],
    )
    async def test_a_form_that_cannot_be_read_is_refused(self, served: Any, content: bytes) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        response = await post(served, self.URLENCODED, content=content, headers=headers)
        assert (response.status_code, response.json()["code"]) == (400, "MALFORMED_BODY")

    PART = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n%s\r\n'

    @pytest.mark.parametrize(
        ("kind", "content"),
        [
            ("multipart/form-data", PART % b"a" + b"--x--"),
            ("multipart/form-data; boundary=", PART % b"a" + b"--x--"),
            ("multipart/form-data; boundary=x", b""),
            ("multipart/form-data; boundary=x", b"nonsense"),
            ("multipart/form-data; boundary=x", PART % b"a"),
            ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"),
            ("multipart/form-data; boundary=x", PART % b"\xff" + b"--x--"),
            ("multipart/form-data; boundary=x", PART % b"a\0" + b"--x--"),
            ("multipart/form-data; boundary=x", PART % b"a" + PART % b"b" + b"--x--"),
            ("multipart/form-data; boundary=x", PART % b"a" * 1001 + b"--x--"),
        ],
    )
    async def test_a_multipart_body_that_cannot_be_read_is_refused(
        self, served: Any, kind: str, content: bytes
    ) -> None:
        headers = {"content-type": kind}
        response = await post(served, self.MULTIPART, content=content, headers=headers)
        assert (response.status_code, response.json()["code"]) == (400, "MALFORMED_BODY")


class TestStreams:
    @staticmethod
    async def lengths(body: AsyncIterator[bytes]) -> Any:
        return [len(piece) async for piece in body]

    CONTRACT = posting("{text/csv: {}}", "x-stream-body: true\n              x-max-body-bytes: 10")

    @staticmethod
    async def pieces(*pieces: bytes) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def test_a_streamed_body_arrives_piece_by_piece(self, served: Any) -> None:
        content = self.pieces(b"abc", b"", b"defg")
        response = await post(
            served, self.CONTRACT, self.lengths, content=content, headers={"content-type": "text/csv"}
        )
        assert response.json() == [3, 4]

    async def test_a_streamed_body_is_counted_while_it_arrives(self, served: Any) -> None:
        content = self.pieces(b"abcdef", b"ghijkl")
        response = await post(
            served, self.CONTRACT, self.lengths, content=content, headers={"content-type": "text/csv"}
        )
        assert response.status_code == 413
        assert response.json()["details"] == {"max_bytes": 10}

    async def test_a_streamed_body_has_a_media_type(self, served: Any) -> None:
        assert (await post(served, self.CONTRACT, self.lengths, content=b"a")).status_code == 415

    async def test_an_optional_streamed_body_may_be_absent(self, served: Any) -> None:
        contract = self.CONTRACT.replace("required: true", "required: false")
        assert (await post(served, contract, self.lengths)).json() == []


class TestEncodings:
    CONTRACT = posting("{application/json: {}, text/plain: {}}", "x-max-body-bytes: 1000")

    async def send(self, served: Any, content: bytes, encoding: str, kind: str = "text/plain") -> httpx.Response:
        headers = {"content-type": kind, "content-encoding": encoding}
        return await post(served, self.CONTRACT, content=content, headers=headers)

    @pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
    async def test_gzip_is_unpacked(self, served: Any, encoding: str) -> None:
        assert (await self.send(served, gzip.compress(b"hello"), encoding)).json() == "hello"

    async def test_identity_is_as_it_is(self, served: Any) -> None:
        assert (await self.send(served, b"hello", "identity")).json() == "hello"

    async def test_gzip_streams_one_behind_the_other_are_one(self, served: Any) -> None:
        content = gzip.compress(b"hel") + gzip.compress(b"") + gzip.compress(b"lo")
        assert (await self.send(served, content, "gzip")).json() == "hello"

    @pytest.mark.parametrize(
        "content",
        [b"hello", gzip.compress(b"hello")[:-9], gzip.compress(b"hello") + b"rubbish", gzip.compress(b"a")[:5]],
    )
    async def test_what_is_not_gzip_is_refused(self, served: Any, content: bytes) -> None:
        response = await self.send(served, content, "gzip")
        assert (response.status_code, response.json()["code"]) == (400, "MALFORMED_BODY")

    async def test_the_limit_counts_what_was_unpacked(self, served: Any) -> None:
        assert (await self.send(served, gzip.compress(b"a" * 1000), "gzip")).status_code == 200
        assert (await self.send(served, gzip.compress(b"a" * 1001), "gzip")).status_code == 413

    @pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x" * 1000])
    async def test_another_encoding_answers_415(self, served: Any, encoding: str) -> None:
        response = await self.send(served, b"", encoding)
        response = await self.send(served, b"a", encoding)
        assert response.status_code == 415
        assert response.headers["accept-encoding"] == "gzip"


class TestLimits:
    @pytest.mark.parametrize(("more", "limit"), [("", 2**20), ("x-max-body-bytes: 100", 100)])
    async def test_a_body_over_the_operations_limit_answers_413(
        self, served: Any, more: str, limit: int
    ) -> None:
        contract = posting("{text/plain: {}}", more)
        headers = {"content-type": "text/plain"}
        assert (
            await post(served, contract, _nothing, content=b"a" * limit, headers=headers)
        ).status_code == 200
        response = await post(served, contract, _nothing, content=b"a" * (limit + 1), headers=headers)
        assert response.status_code == 413
        assert response.json()["details"] == {"max_bytes": limit}

    async def test_a_body_of_unknown_length_is_counted(self, served: Any) -> None:
        contract = posting("{text/plain: {}}", "x-max-body-bytes: 5")
        content = TestStreams.pieces(b"abc", b"def")
        response = await post(served, contract, content=content, headers={"content-type": "text/plain"})
        assert response.status_code == 413
