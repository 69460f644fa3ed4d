"""Parameters that are more than a word: objects, JSON, headers and cookies."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.parameters import listing, query

pytestmark = [pytest.mark.requirement("B-1", "B-3")]


class TestObjects:
    EXPLODED = "{{type: object, properties: {{x: {{type: integer}}, y: {{type: string}}}}{}}}"

    async def test_an_exploded_object_owns_its_fields_names(self, ask: Any) -> None:
        contract = query(self.EXPLODED.format(", additionalProperties: false"))
        assert await ask(contract, "/things?x=1&y=2") == {"q": {"x": 1, "y": "2"}}
        assert (await ask(contract, "/things?z=1"))["z"][0] == "UNKNOWN_PARAMETER"

    async def test_an_open_object_takes_all_other_names(self, ask: Any) -> None:
        contract = query(self.EXPLODED.format(", additionalProperties: {type: integer}"))
        assert await ask(contract, "/things?x=1&z=2") == {"q": {"x": 1, "z": 2}}
        assert (await ask(contract, "/things?x=1&z=%FF"))["q"][0] == "ENCODING"

    @pytest.mark.parametrize("extra", [", additionalProperties: false", ""])
    async def test_a_field_must_be_given_once(self, ask: Any, extra: str) -> None:
        contract = query(self.EXPLODED.format(extra))
        assert (await ask(contract, "/things?x=1&x=2"))["q"][0] == "REPEATED"

    async def test_a_repeated_field_of_an_open_object_is_refused(self, ask: Any) -> None:
        contract = query("{type: object}")
        assert (await ask(contract, "/things?x=1&x=2"))["q"][0] == "REPEATED"

    async def test_deep_objects_have_one_level(self, ask: Any) -> None:
        contract = query(
            "{type: object, properties: {x: {type: integer}}, additionalProperties: {type: string}}",
            more=", style: deepObject",
        )
        assert await ask(contract, "/things?q[x]=1&q[a.b]=c") == {"q": {"x": 1, "a.b": "c"}}
        assert (await ask(contract, "/things?q[x]=a"))["q"][0] == "TYPE"
        assert (await ask(contract, "/things?q[x]=1&q[x]=2"))["q"][0] == "REPEATED"
        for url in ("/things?q[x][y]=1", "/things?q[x=1", "/things?q=1"):
            assert [code for code, _ in (await ask(contract, url)).values()] == ["UNKNOWN_PARAMETER"], url

    async def test_names_and_values_come_in_pairs(self, ask: Any) -> None:
        contract = query("{type: object}", more=", explode: false")
        assert (await ask(contract, "/things?q=a,1,b"))["q"] == (
            "FORMAT",
            "Must be names and values in turn.",
        )

    @pytest.mark.parametrize(
        ("style", "text"), [("label", "blue"), ("matrix", "blue"), ("matrix", ";x=blue")]
    )
    async def test_what_lacks_its_styles_prefix_is_refused(self, ask: Any, style: str, text: str) -> None:
        contract = listing(
            f"{{in: path, name: q, required: true, style: {style}, schema: {{type: string}}}}",
            path="/things/{q}",
        )
        assert (await ask(contract, f"/things/{text}"))["q"][0] == "FORMAT"


class TestContent:
    JSON = listing("{in: query, name: q, content: {application/json: {schema: {type: object}}}}")

    async def test_a_parameter_with_content_is_json(self, ask: Any) -> None:
        text = quote('{"a": [1, null]}')
        assert await ask(self.JSON, f"/things?q={text}") == {"q": {"a": [1, None]}}
        assert (await ask(self.JSON, "/things?q=[]"))["q"][0] == "TYPE"

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "",
            "NaN",
            '{"a": 1, "a": 2}',
            '{"a": 1e999}',
            '{"a": "\\ud800"}',
            '{"a": "\\u0000"}',
            "[" * 4000,
        ],
    )
    async def test_what_a_body_may_not_hold_a_parameter_may_not_either(self, ask: Any, text: str) -> None:
        assert await ask(self.JSON, f"/things?q={quote(text)}") == {"q": ("FORMAT", "Must be JSON.")}

    async def test_a_parameter_with_another_content_is_text(self, ask: Any) -> None:
        contract = listing("{in: header, name: q, content: {text/plain: {schema: {type: string}}}}")
        assert await ask(contract, headers={"q": "{"}) == {"q": "{"}


class TestHeadersAndCookies:
    async def test_a_list_in_a_header(self, ask: Any) -> None:
        contract = listing("{in: header, name: X-Ids, schema: {type: array, items: {type: integer}}}")
        assert await ask(contract, headers={"X-IDS": "1, 2 ,3"}) == {"x_ids": [1, 2, 3]}
        assert await ask(contract, headers=[("x-ids", "1"), ("x-ids", "2")]) == {"x_ids": [1, 2]}

    async def test_a_header_is_utf_8(self, ask: Any) -> None:
        contract = listing("{in: header, name: X-Name, schema: {type: string}}")
        assert await ask(contract, headers={"x-name": "Zoë".encode()}) == {"x_name": "Zoë"}
        assert (await ask(contract, headers={"x-name": b"Zo\xeb"}))["X-Name"] == (
            "ENCODING",
            "Must be UTF-8.",
        )

    async def test_accept_content_type_and_authorization_are_no_parameters(self, ask: Any) -> None:
        names = ("Accept", "content-type", "Authorization")
        contract = listing(*(f"{{in: header, name: {name}, schema: {{type: integer}}}}" for name in names))
        headers = {"accept": "a", "content-type": "b", "authorization": "c"}
        assert await ask(contract, headers=headers) == {}

    async def test_an_odd_cookie_does_not_hide_the_others(self, ask: Any) -> None:
        contract = listing("{in: cookie, name: session, schema: {type: string}}")
        for header in ('a={"b": 1}; session=x', "session=x; =; ;", 'b@d[]=1; session="x"', "z; session=x"):
            assert await ask(contract, headers={"cookie": header}) == {"session": "x"}, header

    async def test_cookies_of_several_headers_are_all_read(self, ask: Any) -> None:
        """HTTP/2 sends each cookie in a header of its own."""
        contract = listing(
            "{in: cookie, name: a, schema: {type: string}}", "{in: cookie, name: b, schema: {type: string}}"
        )
        assert await ask(contract, headers=[("cookie", "a=1"), ("cookie", "b=2")]) == {"a": "1", "b": "2"}
