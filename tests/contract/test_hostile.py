"""Requests that mean harm are answered with 4xx, quickly, and the next one is served as ever."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import httpx
import pytest

from cloudmetrics.contract import reading

pytestmark = [pytest.mark.requirement("B-1", "PL-12")]

JSON = {"content-type": "application/json"}
CONTRACT = """\
        paths:
          /things:
            post:
              operationId: create-thing
              tags: [Things]
              parameters:
                - {in: query, name: slow, schema: {type: string, pattern: '^(a+)+$'}}
                - {in: query, name: slower, schema: {type: string, pattern: '^(?=(a+)+b)'}}
                - {in: query, name: n, schema: {type: integer, maximum: 9}}
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      properties:
                        number: {type: number}
                        text: {type: string, maxLength: 10000000}
                        count: {type: integer, maximum: 9}
                        list: {type: array, uniqueItems: true}
                      additionalProperties: true
              responses: {default: {description: Done}}
          /nul:
            post:
              operationId: create-nul
              tags: [Things]
              x-allow-nul: true
              requestBody: {required: true, content: {application/json: {}}}
              responses: {default: {description: Done}}
        """


async def create_thing(body: Any, slow: Any, slower: Any, n: Any) -> None:
    return None


async def create_nul(body: Any) -> Any:
    return body


@pytest.fixture
def client(served: Any) -> Any:
    return served(CONTRACT, {"create_thing": create_thing, "create_nul": create_nul})


async def refused(client: Any, *, url: str = "/things", **request: Any) -> httpx.Response:
    """The answer to a request that means harm; the next, ordinary one must be served."""
    async with client as http:
        response: httpx.Response = await http.post(url, **{"headers": JSON, **request})
        assert (await http.post("/things", json={"text": "a"})).status_code == 200
    assert 400 <= response.status_code < 500
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) < 20_000
    return response


def override(http: httpx.AsyncClient, **said: Any) -> None:
    """Say what httpx would never say, such as bytes that are no ASCII."""
    app = http._transport.app

    async def overridden(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, **said}, receive, send)

    http._transport.app = overridden


class TestJson:
    @pytest.mark.parametrize(
        ("raw", "told"),
        [
            (b"", "does not fit the contract"),
            (b" ", "The body is not JSON"),
            (b"{", "The body is not JSON"),
            (b'{"a": 1,}', "The body is not JSON"),
            (b"{'a': 1}", "The body is not JSON"),
            (b'{"a": 1} x', "The body is not JSON"),
            (b'{"a": 01}', "The body is not JSON"),
            (b'{"a": tru}', "The body is not JSON"),
            (b"\xef\xbb\xbf{}", "The body is not JSON"),
            (b'{"a": "\xff"}', "The body is not JSON"),
            (b'{"\xc0\x80": 1}', "The body is not JSON"),
            (b'{"a": "\xed\xa0\x80"}', "The body is not JSON"),
            ('{"a": 1}'.encode("utf-16"), "The body is not JSON"),
            (b'{"a": NaN}', "The body is not JSON"),
            (b'{"a": Infinity}', "The body is not JSON"),
            (b'{"a": -Infinity}', "The body is not JSON"),
            (b'{"a": 1e999}', "a number is too large"),
            (b'{"a": [[-1e999]]}', "a number is too large"),
            (b'{"a": 1, "a": 1}', "The body is not JSON"),
            (b'{"x": [{"a": 1, "\\u0061": 2}]}', "The body is not JSON"),
            (b'{"a": "\\ud800"}', "The body is not JSON"),
            (b'{"a": "\\udc00\\ud800"}', "The body is not JSON"),
            (b'{"\\ud800": 1}', "The body is not JSON"),
            (b'{"a": "x\\u0000y"}', "character NUL"),
            (b'{"a\\u0000": 1}', "character NUL"),
            (b'{"a": ["\\u0000"]}', "character NUL"),
            (b'{"a": "\0"}', "The body is not JSON"),
            (b"[" * 100_000, "The body is not JSON"),
            (b"[" * 100_000 + b"]" * 100_000, "The body is not JSON"),
            (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "The body is not JSON"),
        ],
    )
    async def test_what_is_no_strict_json_is_refused(self, client: Any, raw: bytes, told: str) -> None:
        response = await refused(client, content=raw)
        assert response.status_code == 400
        assert told in response.json()["detail"]

    async def test_duplicate_keys_are_found_at_any_size(self, client: Any) -> None:
        fields = ",".join(f'"k{number}":{number}' for number in range(20_000))
        response = await refused(client, content=f'{{{fields},"k7":0}}'.encode())
        assert response.json()["code"] == "MALFORMED_BODY"

    @pytest.mark.parametrize("digits", ["9" * 10_000, "-" + "9" * 10_000, "9" * 10_000 + ".5", "9" * 309])
    async def test_numbers_of_thousands_of_digits_are_refused(self, client: Any, digits: str) -> None:
        response = await refused(client, content=f'{{"count": {digits}, "number": {digits}}}'.encode())
        assert response.status_code == 400

    @pytest.mark.parametrize("digits", [300, 4_300, 4_301, 10_000, 100_000])
    async def test_such_numbers_do_no_harm_where_any_number_will_do(self, client: Any, digits: int) -> None:
        async with client as http:
            for text in ("9" * digits, "-" + "9" * digits, "0." + "9" * digits, "9" * digits + "e-5"):
                response = await http.post("/things", content=f'{{"any": {text}}}'.encode(), headers=JSON)
                assert response.status_code in (200, 400), text[:9]

    async def test_escaped_nul_is_text_where_the_contract_says_so(self, client: Any) -> None:
        async with client as http:
            response = await http.post("/nul", content=b'"a\\u0000b"', headers=JSON)
        assert response.json() == "a\0b"

    @pytest.mark.parametrize("raw", [b'"\\\\u0000"', b'{"a":"\\\\\\\\u0000"}'])
    async def test_a_backslash_before_u0000_is_no_nul(self, client: Any, raw: bytes) -> None:
        async with client as http:
            assert (await http.post("/nul", content=raw, headers=JSON)).status_code == 200

    async def test_a_long_list_of_unique_items_is_compared_quickly(self, client: Any) -> None:
        items = ",".join(f'{{"a":{number}}}' for number in range(80_000))
        async with client as http:
            response = await http.post("/things", content=f'{{"list":[{items}]}}'.encode(), headers=JSON)
        assert response.status_code == 200


class TestSizes:
    async def test_a_body_over_the_limit(self, client: Any) -> None:
        response = await refused(client, content=b'{"text":"' + b"a" * 2**20 + b'"}')
        assert (response.status_code, response.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")

    async def test_a_body_that_lies_about_its_length(self, client: Any) -> None:
        headers = JSON | {"content-length": "9" * 5000}
        response = await refused(client, content=b"{}", headers=headers)
        assert response.status_code == 413

    @pytest.mark.parametrize("length", ["-1", "abc", "1.5", "٣", "0x10"])
    async def test_a_length_that_is_no_number(self, client: Any, length: str) -> None:
        """Servers refuse these before; the engine counts what comes."""
        headers = [("content-type", "application/json"), ("content-length", length.encode())]
        async with client as http:
            response = await http.post("/things", content=b"{}", headers=headers)
        assert response.status_code == 200

    async def test_a_gzip_bomb_is_never_unpacked(self, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        packer = zlib.compressobj(wbits=31)
        first, again = (packer.compress(b"\0" * 2**22) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
        bomb = first + again * (2**20 // len(again) - 1)  # A megabyte that unpacks to a gigabyte.
        unpacked = 0
        original = reading._Unpacker.__call__

        def counting(self: Any, piece: bytes, more: bool) -> bytes:
            nonlocal unpacked
            result = original(self, piece, more)
            unpacked += len(result)
            return result

        monkeypatch.setattr(reading._Unpacker, "__call__", counting)
        response = await refused(client, content=bomb, headers=JSON | {"content-encoding": "gzip"})
        assert response.status_code == 413
        assert unpacked == 2**20 + 1

    async def test_gzip_of_countless_empty_streams_is_not_gone_through(self, client: Any) -> None:
        headers = JSON | {"content-encoding": "gzip"}
        streams = gzip.compress(b"") * 20_000
        response = await refused(client, content=streams, headers=headers)
        assert response.json()["detail"] == "The body is gzip of more than 10,000 streams."

    async def test_a_bomb_inside_a_bomb_is_not_looked_at(self, client: Any) -> None:
        bomb = gzip.compress(gzip.compress(b"\0" * 2**20))
        headers = JSON | {"content-encoding": "gzip, gzip"}
        assert (await refused(client, content=bomb, headers=headers)).status_code == 415


class TestUrls:
    async def test_a_thousand_query_parameters(self, client: Any) -> None:
        url = "/things?" + "&".join(f"p{number}=1" for number in range(1000))
        response = await refused(client, url=url, content=b"{}")
        assert response.json()["errors"][0]["code"] == "TOO_MANY"

    async def test_the_same_query_parameter_a_thousand_times(self, client: Any) -> None:
        assert (await refused(client, url="/things?" + "n=1&" * 1000, content=b"{}")).status_code == 400

    @pytest.mark.parametrize("name", ["slow", "slower"])
    async def test_a_pattern_that_is_slow_to_match(self, client: Any, name: str) -> None:
        """Backtracking would take 2³⁰ steps and more."""
        response = await refused(client, url=f"/things?{name}={'a' * 5000}!", content=b"{}")
        assert response.json()["errors"][0]["parameter"] == name

    @pytest.mark.parametrize("query", [b"n=%FF", b"n=\xff", b"%FF=1", b"n=%00", b"n=%ED%A0%80", b"n=%C0%80"])
    async def test_a_query_that_is_not_utf_8_or_holds_nul(self, client: Any, query: bytes) -> None:
        async with client as http:
            override(http, query_string=query)
            response = await http.post("/things", content=b"{}", headers=JSON)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "ENCODING")

    async def test_an_integer_of_ten_thousand_digits(self, client: Any) -> None:
        response = await refused(client, url=f"/things?n={'9' * 10_000}", content=b"{}")
        assert response.json()["errors"][0]["parameter"] == "n"

    @pytest.mark.parametrize("path", [b"/things/%2e%2e/%2e%2e", b"/\xff", b"/%00", b"/" + b"a/" * 20_000])
    async def test_odd_paths_lead_nowhere(self, client: Any, path: bytes) -> None:
        async with client as http:
            override(http, raw_path=path, path=path.decode("utf-8", "surrogateescape"))
            response = await http.get("/")
        assert response.status_code == 404
        assert len(response.json()["detail"]) < 300


class TestWords:
    """What a client says comes back in messages, shortened and never as it is in headers."""

    async def test_long_names_are_shortened(self, client: Any) -> None:
        response = await refused(client, url=f"/things?{'x' * 50_000}=1", content=b"{}")
        assert len(response.content) < 1000

    @pytest.mark.parametrize(
        "kind", ["x" * 50_000, "text/" + "x" * 50_000, "application/json; charset=" + "x" * 50_000]
    )
    async def test_long_media_types_are_shortened(self, client: Any, kind: str) -> None:
        response = await refused(client, content=b"{}", headers={"content-type": kind})
        assert response.status_code == 415
        assert len(response.content) < 1000

    async def test_a_hundred_long_unknown_fields_are_a_short_answer(self, served: Any) -> None:
        contract = CONTRACT.replace("additionalProperties: true", "additionalProperties: false")
        body = {f"{'x' * 1000}{number}": 1 for number in range(500)}
        async with served(contract, {"create_thing": create_thing, "create_nul": create_nul}) as http:
            response = await http.post("/things", json=body)
        assert response.json()["details"] == {"violations": 500}
        assert len(response.content) < 500_000
