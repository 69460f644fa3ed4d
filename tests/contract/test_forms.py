"""Forms: urlencoded and multipart, with files."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.bodies import post, posting

pytestmark = [pytest.mark.requirement("B-1", "PL-12")]


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
        response = await post(
            served, self.MULTIPART, self.told, data={"name": "n"}, files={"file": b"hello!"}
        )
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
