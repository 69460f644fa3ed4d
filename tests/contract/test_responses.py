"""Responses: checked against the contract, whoever made them, and written as it says."""

from __future__ import annotations

import datetime
import enum
import http
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cloudmetrics.contract import Response, Unauthorized

pytestmark = [pytest.mark.requirement("B-1")]

INTEGER = "{description: It, content: {application/json: {schema: {type: integer}}}}"


def answering(responses: str, more: str = "") -> str:
    return f"""\
        paths:
          /things:
            get:
              operationId: get-thing
              tags: [Things]
              responses: {responses}
              {more}
        """


def returning(result: Any) -> Any:
    async def get_thing() -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return {"get_thing": get_thing}


async def get(
    served: Any, declared: str, result: Any, headers: dict[str, str] | None = None, **options: Any
) -> httpx.Response:
    async with served(answering(declared), returning(result), **options) as client:
        return await client.get("/things", headers=headers)


def broken(response: httpx.Response) -> list[tuple[str, str]]:
    """What an answer of ours did wrong: (code, place)."""
    assert response.status_code == 500
    body = response.json()
    assert body["code"] == "INVALID_RESPONSE"
    assert "get-thing" in body["detail"]
    return [(error["code"], error.get("pointer", error.get("parameter"))) for error in body["errors"]]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Thing:
    colour: Colour


class TestWhatHandlersReturn:
    @pytest.mark.parametrize(
        ("result", "status", "content"),
        [
            (7, 201, b"7"),
            ((7, None), 201, b"7"),
            ((8, 202), 202, b"8"),
            ((8, http.HTTPStatus.ACCEPTED), 202, b"8"),
            ((7, 201, {"X-Extra": "a"}), 201, b"7"),
            ((None, 204), 204, b""),
            (Response(b"9", 201, {}, "application/json"), 201, b"9"),
        ],
    )
    async def test_a_body_with_or_without_status_and_headers(
        self, served: Any, result: Any, status: int, content: bytes
    ) -> None:
        responses = f"{{'201': {INTEGER}, '202': {INTEGER}, '204': {{description: None}}}}"
        response = await get(served, responses, result)
        assert (response.status_code, response.content) == (status, content)

    async def test_headers_are_sent(self, served: Any) -> None:
        response = await get(served, f"{{'200': {INTEGER}}}", (7, 200, {"Location": "/things/7"}))
        assert response.headers["location"] == "/things/7"
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert response.headers["content-length"] == "1"

    async def test_nothing_has_no_content_type_and_no_length(self, served: Any) -> None:
        response = await get(served, "{'204': {description: None}}", (None, 204, {"X-Something": "a"}))
        assert "content-type" not in response.headers
        assert "content-length" not in response.headers
        assert response.headers["x-something"] == "a"

    async def test_dates_and_uuids_become_json(self, served: Any) -> None:
        schema = "{type: array, prefixItems: [{format: date}, {format: uuid}, {format: date-time}]}"
        responses = f"{{'200': {{description: It, content: {{application/json: {{schema: {schema}}}}}}}}}"
        at = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
        response = await get(served, responses, [at.date(), uuid.UUID(int=7), at])
        assert response.json() == ["2026-01-02", str(uuid.UUID(int=7)), "2026-01-02T03:04:05Z"]

    async def test_enums_and_dataclasses_become_json(self, served: Any) -> None:
        schema = "{type: object, properties: {colour: {enum: [red]}}, required: [colour]}"
        responses = f"{{'200': {{description: It, content: {{application/json: {{schema: {schema}}}}}}}}}"
        assert (await get(served, responses, Thing(Colour.RED))).json() == {"colour": "red"}
        assert broken(await get(served, responses, Thing(Colour.BLUE))) == [("ENUM", "/colour")]

    async def test_what_is_no_json_answers_500_and_is_logged(
        self, served: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        response = await get(served, f"{{'200': {INTEGER}, '500': {{description: Ours}}}}", {1j})
        assert response.status_code == 500
        assert response.json()["code"] == "INTERNAL_ERROR"
        assert "unhandled exception" in caplog.text

    async def test_the_only_declared_success_is_the_default_status(self, served: Any) -> None:
        responses = f"{{'404': {INTEGER}, '202': {INTEGER}}}"
        assert (await get(served, responses, 7)).status_code == 202
        assert (await get(served, f"{{2XX: {INTEGER}}}", 7)).status_code == 200
        assert (await get(served, f"{{default: {INTEGER}}}", 7)).status_code == 200


class TestStatus:
    RESPONSES = f"{{'200': {INTEGER}, 4XX: {INTEGER.replace('integer', 'string')}, '404': {INTEGER}}}"

    @pytest.mark.parametrize(("status", "value"), [(200, 7), (404, 7), (410, "gone")])
    async def test_the_nearest_declaration_counts(self, served: Any, status: int, value: Any) -> None:
        assert (await get(served, self.RESPONSES, (value, status))).status_code == status

    @pytest.mark.parametrize(("status", "value"), [(404, "gone"), (410, 7), (200, "7")])
    async def test_and_only_that(self, served: Any, status: int, value: Any) -> None:
        assert broken(await get(served, self.RESPONSES, (value, status))) == [("TYPE", "")]

    async def test_a_status_that_is_not_declared_is_a_fault(self, served: Any) -> None:
        response = await get(served, self.RESPONSES, (7, 302))
        assert broken(response) == [("STATUS", "")]
        assert response.json()["errors"][0]["message"] == "The status 302 is not declared."

    async def test_default_stands_for_every_other_status(self, served: Any) -> None:
        responses = f"{{'200': {INTEGER}, default: {{description: Else}}}}"
        assert (await get(served, responses, (None, 302, {"location": "/"}))).status_code == 302

    async def test_a_body_where_there_can_be_none_is_a_fault(self, served: Any) -> None:
        response = await get(served, "{'204': {description: None}}", ({"a": 1}, 204))
        assert broken(response) == [("BODY", "")]

    async def test_no_body_where_one_is_declared_is_a_fault(self, served: Any) -> None:
        assert broken(await get(served, f"{{'200': {INTEGER}}}", None)) == [("TYPE", "")]
        assert broken(await get(served, f"{{'200': {INTEGER}}}", Response())) == [("BODY", "")]


class TestMediaTypes:
    JSON_AND_CSV = (
        "{'200': {description: It, content: {application/json: {schema: {type: integer}}, text/csv: {}}}}"
    )

    @pytest.mark.parametrize(
        ("accept", "kind"),
        [
            (None, "application/json; charset=utf-8"),
            ("*/*", "application/json; charset=utf-8"),
            ("text/csv", "text/csv; charset=utf-8"),
            ("text/*", "text/csv; charset=utf-8"),
            ("text/csv;q=0.4, application/json;q=0.5", "application/json; charset=utf-8"),
            ("application/json;q=0, */*", "text/csv; charset=utf-8"),
            ("image/png, text/csv;q=0.1", "text/csv; charset=utf-8"),
            ("TEXT/CSV", "text/csv; charset=utf-8"),
            ("text/csv;q=x, application/json", "application/json; charset=utf-8"),
            (",,text/csv,", "text/csv; charset=utf-8"),
        ],
    )
    async def test_the_client_chooses(self, served: Any, accept: str | None, kind: str) -> None:
        result: Any = "1,2" if "csv" in kind else 7
        headers = {"accept": accept} if accept is not None else {"accept": ""}
        response = await get(served, self.JSON_AND_CSV, result, headers)
        assert response.headers["content-type"] == kind
        assert response.text == str(result)

    async def test_a_client_that_takes_none_of_several_is_told_which_there_are(self, served: Any) -> None:
        responses = self.JSON_AND_CSV.replace("}}}}", "}}}, '406': {description: No}}", 1)
        response = await get(served, responses, 7, {"accept": "image/png"})
        assert response.status_code == 406
        assert response.json()["details"] == {"offered": ["application/json", "text/csv"]}

    async def test_the_only_media_type_is_sent_whatever_the_client_likes(self, served: Any) -> None:
        response = await get(served, f"{{'200': {INTEGER}}}", 7, {"accept": "text/html"})
        assert response.status_code == 200

    @pytest.mark.parametrize(
        ("kind", "value", "sent"),
        [
            ("application/vnd.thing+json", {"a": 1}, "application/vnd.thing+json"),
            ("text/plain", "é", "text/plain; charset=utf-8"),
            ("application/octet-stream", b"\x00\xff", "application/octet-stream"),
        ],
    )
    async def test_the_content_type_is_the_declared_one(
        self, served: Any, kind: str, value: Any, sent: str
    ) -> None:
        response = await get(served, f"{{'200': {{description: It, content: {{{kind}: {{}}}}}}}}", value)
        assert response.headers["content-type"] == sent

    async def test_a_handler_may_choose_by_a_header(self, served: Any) -> None:
        responses = "{'200': {description: It, content: {image/*: {}, application/json: {}}}}"
        response = await get(served, responses, (b"\x89PNG", 200, {"Content-Type": "image/png"}))
        assert response.headers.get_list("content-type") == ["image/png"]
        assert response.content == b"\x89PNG"

    async def test_a_media_type_that_is_not_declared_is_a_fault(self, served: Any) -> None:
        response = Response(b"<a/>", 200, {}, "text/xml")
        assert broken(await get(served, f"{{'200': {INTEGER}}}", response)) == [("MEDIA_TYPE", "")]

    async def test_a_response_that_is_bytes_already_is_checked_too(self, served: Any) -> None:
        for body, code in ((b'"a"', "TYPE"), (b"{", "BODY"), (b"\xff", "BODY")):
            response = Response(body, 200, {}, "application/json")
            assert broken(await get(served, f"{{'200': {INTEGER}}}", response)) == [(code, "")]


class TestHeaders:
    RESPONSES = (
        "{'200': {description: It, headers: {"
        "X-Left: {required: true, schema: {type: integer, minimum: 0}},"
        "X-Ids: {schema: {type: array, items: {type: integer}}},"
        "X-Pairs: {explode: true, schema: {type: object, properties: {a: {type: integer}}}},"
        "Content-Type: {required: true, schema: {const: never}}}}}"
    )

    @pytest.mark.parametrize(
        ("headers", "found"),
        [
            ({"x-left": "7"}, []),
            ({"X-LEFT": "0", "X-Ids": "1, 2", "X-Pairs": "a=1,b=c"}, []),
            ({}, [("REQUIRED", "x-left")]),
            ({"x-left": "-1"}, [("TOO_SMALL", "x-left")]),
            ({"x-left": "a", "x-ids": "1,b"}, [("TYPE", "x-left"), ("TYPE", "x-ids")]),
            ({"x-left": "1", "x-pairs": "a=b"}, [("TYPE", "x-pairs")]),
        ],
    )
    async def test_declared_headers_are_checked(
        self, served: Any, headers: dict[str, str], found: list[tuple[str, str]]
    ) -> None:
        response = await get(served, self.RESPONSES, (None, 200, headers))
        assert (broken(response) if found else []) == found
        assert response.status_code == (500 if found else 200)

    async def test_a_header_with_content_is_json(self, served: Any) -> None:
        responses = (
            "{'200': {description: It, headers: "
            "{X-Thing: {content: {application/json: {schema: {type: object}}}}}}}"
        )
        assert (await get(served, responses, (None, 200, {"x-thing": "{}"}))).status_code == 200
        assert broken(await get(served, responses, (None, 200, {"x-thing": "[]"}))) == [("TYPE", "x-thing")]
        assert broken(await get(served, responses, (None, 200, {"x-thing": "{"}))) == [("FORMAT", "x-thing")]

    async def test_a_header_that_its_style_cannot_mean_is_a_fault(self, served: Any) -> None:
        responses = "{'200': {description: It, headers: {X-Pairs: {schema: {type: object}}}}}"
        response = await get(served, responses, (None, 200, {"x-pairs": "a,1,b"}))
        assert broken(response) == [("FORMAT", "x-pairs")]


class TestStreams:
    STREAM = "{'200': {description: It, content: {text/event-stream: {}}}}"

    @staticmethod
    async def pieces(closed: list[str]) -> AsyncIterator[bytes]:
        try:
            yield b"data: 1\n\n"
            yield b"data: 2\n\n"
        finally:
            closed.append("closed")

    async def test_a_stream_is_sent_piece_by_piece_and_closed(self, served: Any) -> None:
        closed: list[str] = []
        result = Response(self.pieces(closed), 200, {"cache-control": "no-store"}, "text/event-stream")
        response = await get(served, self.STREAM, result)
        assert response.content == b"data: 1\n\ndata: 2\n\n"
        assert response.headers["content-type"] == "text/event-stream"
        assert "content-length" not in response.headers
        assert closed == ["closed"]

    async def test_a_streams_status_and_media_type_are_checked(self, served: Any) -> None:
        closed: list[str] = []
        result = Response(self.pieces(closed), 200, {}, "text/plain")
        assert broken(await get(served, self.STREAM, result)) == [("MEDIA_TYPE", "")]

    async def test_head_of_a_stream_sends_no_body(self, served: Any) -> None:
        result = Response(self.pieces([]), 200, {}, "text/event-stream")
        async with served(answering(self.STREAM), returning(result)) as client:
            response = await client.head("/things")
        assert (response.status_code, response.content) == (200, b"")


class TestReporting:
    async def test_a_broken_answer_is_sent_logged_and_counted(
        self, served: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "cloudmetrics.contract"):
            response = await get(served, f"{{'200': {INTEGER}}}", "seven", responses="report")
        assert (response.status_code, response.json()) == (200, "seven")
        [record] = caplog.records
        assert record.getMessage() == "invalid response"
        assert record.operation_id == "get-thing"  # type: ignore[attr-defined]
        assert record.total == 1  # type: ignore[attr-defined]
        assert record.violations[0]["code"] == "TYPE"  # type: ignore[attr-defined]

    async def test_an_undeclared_status_is_served_too(self, served: Any) -> None:
        response = await get(served, f"{{'200': {INTEGER}}}", ({"a": 1}, 418), responses="report")
        assert (response.status_code, response.json()) == (418, {"a": 1})

    async def test_every_violation_of_an_answer_is_told(self, served: Any) -> None:
        schema = "{type: object, required: [a], properties: {b: {type: integer}}}"
        responses = f"{{'200': {{description: It, content: {{application/json: {{schema: {schema}}}}}}}}}"
        assert broken(await get(served, responses, {"b": "x"})) == [("REQUIRED", "/a"), ("TYPE", "/b")]


class Missing(Exception):
    pass


class StillMissing(Missing):
    pass


class TestErrors:
    RESPONSES = "{'404': {description: Gone, content: {application/json: {schema: {type: integer}}}}}"

    @staticmethod
    def handlers(value: bytes, status: int = 404) -> Any:
        async def handler(request: Any, error: Exception) -> Response:
            return Response(value, status, {"x-path": request.path}, "application/json")

        return {Missing: handler}

    async def test_an_error_handler_turns_an_exception_into_an_answer(self, served: Any) -> None:
        response = await get(served, self.RESPONSES, Missing(), errors=self.handlers(b"7"))
        assert (response.status_code, response.json()) == (404, 7)
        assert response.headers["x-path"] == "/things"

    async def test_the_most_specific_handler_wins(self, served: Any) -> None:
        async def special(request: Any, error: Exception) -> Response:
            return Response(b"8", 404, {}, "application/json")

        errors = self.handlers(b"7") | {StillMissing: special}
        assert (await get(served, self.RESPONSES, StillMissing(), errors=errors)).json() == 8
        assert (await get(served, self.RESPONSES, Missing(), errors=errors)).json() == 7

    @pytest.mark.parametrize(("value", "status", "code"), [(b'"a"', 404, "TYPE"), (b"7", 410, "STATUS")])
    async def test_what_it_answers_is_checked_like_everything(
        self, served: Any, value: bytes, status: int, code: str
    ) -> None:
        errors = self.handlers(value, status)
        assert broken(await get(served, self.RESPONSES, Missing(), errors=errors)) == [(code, "")]
        reported = await get(served, self.RESPONSES, Missing(), errors=errors, responses="report")
        assert (reported.status_code, reported.content) == (status, value)

    async def test_our_own_errors_are_part_of_the_contract_too(self, served: Any) -> None:
        assert broken(await get(served, self.RESPONSES, Unauthorized())) == [("STATUS", "")]

    async def test_an_unhandled_exception_says_nothing_of_itself(
        self, served: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        response = await get(served, "{default: {description: It}}", ZeroDivisionError("the secret"))
        assert response.status_code == 500
        assert response.json()["code"] == "INTERNAL_ERROR"
        assert "secret" not in response.text
        assert "the secret" in caplog.text

    async def test_a_problem_says_where_what_and_which(self, served: Any) -> None:
        response = await get(served, "{default: {description: It}}", Unauthorized("Who are you?"))
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "about:blank",
            "title": "Not authenticated",
            "status": 401,
            "detail": "Who are you?",
            "instance": "/things",
            "code": "UNAUTHORIZED",
        }
