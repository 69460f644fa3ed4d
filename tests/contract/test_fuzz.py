"""Whatever arrives, nothing escapes: no uncaught exception, and no 5xx for a request's fault."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudmetrics.contract import Contract, ContractInvalid, Grant, Request, Unauthorized, serve
from cloudmetrics.contract.errors import MalformedBody
from cloudmetrics.contract.media import charset, essence, match, negotiate
from cloudmetrics.contract.parameters import parse_query
from cloudmetrics.contract.styles import Undecodable, plain, plain_cookie, plain_header, plain_query
from cloudmetrics.contract.texts import decode_json
from cloudmetrics.contract.yaml_source import YamlInvalid, load, positions
from tests.contract.test_parameter_styles import combinations

pytestmark = [pytest.mark.requirement("B-1")]

MODULE = settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# What the product's own contract may say, all of it on one operation.
SCHEMA = (
    "{type: object, required: [a], additionalProperties: false, properties: {"
    "a: {type: integer, format: int64}, b: {type: string, format: date-time, maxLength: 9},"
    "c: {type: array, uniqueItems: true, items: {anyOf: [{$ref: '#/components/schemas/S'}, {type: 'null'}]}},"
    "d: {type: object, default: {}}, e: {type: number, multipleOf: 0.01}}}"
)
CONTENT = ", ".join(
    f"{kind}: {{schema: {{$ref: '#/components/schemas/S'}}}}"
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
)
PARAMETERS = "".join(
    f"        - {{in: {where}, name: '{where}_{style}_{explode}_{kind}', style: {style},"
    f" explode: {str(explode).lower()}, schema: {schema}}}\n"
    for where, style, explode, kind in combinations()
    if where != "path"
    for schema in [
        {
            "scalar": "{type: [integer, boolean, 'null']}",
            "array": "{type: array, maxItems: 3, items: {type: number}}",
            "object": "{type: object, properties: {x: {type: integer}}, additionalProperties: false}",
        }[kind]
    ]
)
CONTRACT = f"""\
openapi: 3.1.1
info: {{title: Fuzzed, version: 1.0.0}}
servers: [{{url: /api}}, {{url: ''}}]
security: [{{key: [read]}}, {{cookie: []}}, {{query: []}}, {{bearer: []}}, {{}}]
paths:
  /things/{{id}}/{{name}}.{{kind}}:
    parameters:
      - {{in: path, name: id, required: true, style: matrix, explode: true, schema: {{type: array}}}}
      - {{in: path, name: name, required: true, schema: {{type: string, pattern: '^(a+)+$'}}}}
      - {{in: path, name: kind, required: true, style: label, schema: {{type: integer}}}}
    post: &operation
      operationId: post-thing
      tags: [Things]
      x-max-body-bytes: 2000
      parameters:
        - {{in: query, name: q, content: {{application/json: {{schema: true}}}}}}
{PARAMETERS}
      requestBody: {{content: {{{CONTENT}, text/*: {{}}, '*/*': {{}}}}}}
      responses: {{default: {{description: Whatever}}}}
  /things:
    post:
      operationId: stream-thing
      tags: [Things]
      x-stream-body: true
      requestBody: {{content: {{'*/*': {{}}}}}}
      responses: {{default: {{description: Whatever}}}}
components:
  schemas: {{S: {SCHEMA}}}
  securitySchemes:
    key: {{type: apiKey, in: header, name: key}}
    cookie: {{type: apiKey, in: cookie, name: key}}
    query: {{type: apiKey, in: query, name: key}}
    bearer: {{type: http, scheme: bearer}}
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("spec") / "openapi.yaml"
    path.write_text(CONTRACT)

    async def check(request: Request, credential: str) -> Grant:
        if "a" in credential:
            raise Unauthorized
        return Grant(credential, frozenset({"read"} if "r" in credential else ()))

    class Handlers:
        def resolve_operation_id(self, operation: Any) -> str:
            return f"handlers.{operation.id}"

        def resolve(self, operation: Any) -> Any:
            self.function = stream if operation.id == "stream-thing" else post
            return self

    async def post(**arguments: Any) -> None:
        return None

    async def stream(body: Any) -> None:
        async for _ in body:
            pass

    authenticators = dict.fromkeys(("key", "cookie", "query", "bearer"), check)
    return serve(Contract.load(path), handlers=Handlers(), authenticators=authenticators)


def ask(app: Any, scope: dict[str, Any], pieces: list[bytes]) -> tuple[int, bytes]:
    """One request at the ASGI level, where any bytes can be said. Raises what the application raises."""
    messages = [
        {"type": "http.request", "body": piece, "more_body": number + 1 < len(pieces)}
        for number, piece in enumerate(pieces or [b""])
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert [message["type"] for message in sent][:1] == ["http.response.start"]
    assert not sent[-1].get("more_body")
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


# Bytes that a server lets through in a request line: no spaces and no controls.
URL_BYTES = st.lists(
    st.sampled_from(
        [b"%", b"%2", b"%FF", b"%00", b"%C3%A9", b"&", b"=", b";", b",", b"|", b".", b"+", b"[", b"]"]
    )
    | st.integers(0x21, 0xFF).map(lambda byte: bytes([byte])),
    max_size=20,
).map(b"".join)
NAMES = st.sampled_from(
    ["q", "key", "other"] + [f"query_{s}_{e}_{k}" for where, s, e, k in combinations() if where == "query"]
).map(str.encode)
QUERIES = st.lists(
    st.tuples(NAMES | URL_BYTES, st.sampled_from([b"=", b"[x]=", b"[", b""]), URL_BYTES).map(b"".join),
    max_size=6,
).map(b"&".join)
PATHS = st.one_of(
    URL_BYTES.map(lambda tail: b"/" + tail),
    st.tuples(URL_BYTES, URL_BYTES, URL_BYTES).map(lambda t: b"/api/things/;id=%b/%b..%b" % t),
    st.just(b"/things"),
)
HEADER_NAMES = st.sampled_from(
    [
        "content-type",
        "content-encoding",
        "content-length",
        "transfer-encoding",
        "accept",
        "authorization",
        "key",
        "cookie",
        *(f"header_{s}_{e}_{k}".lower() for where, s, e, k in combinations() if where == "header"),
    ]
).map(str.encode)
HEADER_WORDS = st.sampled_from(
    [
        b"application/json", b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded",
        b"text/plain; charset=latin-1", b"; charset=", b"gzip", b"Bearer r", b"key=", b"; key=r", b"0",
        b"9" * 5000,
        b",", b"\xff", b";q=0.5", b"*/*", b"=", b'"',
    ]
)  # fmt: skip
HEADERS = st.lists(
    st.tuples(
        HEADER_NAMES,
        st.lists(HEADER_WORDS | st.binary(max_size=4), min_size=1, max_size=4).map(b"".join),
    ),
    max_size=6,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcdex"), inner, max_size=4),
    max_leaves=10,
).map(lambda value: json.dumps(value).encode())
BODIES = st.one_of(
    JSON,
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(
            [b"{", b"}", b"[", b"]", b'"', b",", b":", b"1", b"e9", b"-", b"\\u", b"d800", b"a", b"null"]
        ),
        max_size=30,
    ).map(b"".join),
    st.lists(
        st.sampled_from(
            [
                b"--x",
                b"--",
                b"\r\n",
                b"Content-Disposition: form-data",
                b'; name="a"',
                b'; filename="f"',
                b"\xff",
            ]
        ),
        max_size=20,
    ).map(b"".join),
    st.just(b"a" * 3000),
)


@MODULE
@given(
    method=st.sampled_from(["GET", "POST", "POST", "POST", "HEAD", "OPTIONS", "", "post"]),
    path=PATHS,
    query=QUERIES,
    headers=HEADERS,
    pieces=st.lists(BODIES, max_size=3),
)
def test_no_request_is_our_fault(
    app: Any, method: str, path: bytes, query: bytes, headers: Any, pieces: list[bytes]
) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path.decode("utf-8", "surrogateescape"),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "scheme": "http",
        "server": ("test", 80),
        "client": None,
    }
    status, body = ask(app, scope, pieces)
    assert 200 <= status < 500, (status, body)
    if status >= 400 and method != "HEAD":
        assert json.loads(body)["status"] == status


@MODULE
@given(st.binary(max_size=200) | JSON | BODIES)
def test_json_is_decoded_or_refused(raw: bytes) -> None:
    try:
        value = decode_json(raw)
    except MalformedBody:
        return
    # What was let in is what the standard library reads, and can be written again.
    assert json.dumps(json.loads(raw)) == json.dumps(value)
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@MODULE
@given(st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")) | st.text(max_size=20))
def test_texts_are_decoded_or_refused(text: str) -> None:
    for decode in (plain, plain_query, plain_header, plain_cookie):
        with contextlib.suppress(Undecodable, UnicodeEncodeError):
            decode(text).encode()


@MODULE
@given(URL_BYTES | st.binary(max_size=40) | QUERIES)
def test_queries_are_parsed_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Undecodable):
        parse_query(raw)


@MODULE
@given(
    st.text(max_size=30)
    | st.lists(st.sampled_from(["a/b", ";q=", "0.5", ",", "*/*", "text/", "=", '"'])).map("".join)
)
def test_media_types_are_understood_or_not(text: str) -> None:
    essence(text), charset(text)
    assert match(essence(text), ["a/b", "text/*"]) in (None, "a/b", "text/*")
    assert negotiate(text, ["a/b", "text/plain"]) in (None, "a/b", "text/plain")


YAML_WORDS = st.sampled_from(
    [
        "a",
        ": ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&x ",
        "*x",
        "'",
        '"',
        "|",
        ">",
        "!!str ",
        "? ",
        "#",
        "<<",
        "1e9",
        "\t",
        "---\n",
    ]
)


@MODULE
@given(st.lists(YAML_WORDS, max_size=25).map("".join) | st.text(max_size=30))
def test_yaml_is_read_or_refused(text: str) -> None:
    try:
        value = load(text)
    except YamlInvalid as error:
        place = (error.line, error.column)
        assert min(place) >= 1
        return
    assert "" in positions(text) or value is None
    json.dumps(value, allow_nan=False)


SOUND = json.loads(json.dumps(load(CONTRACT)))


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(inner for key, child in children for inner in places(child, (*path, key)))]


NODES = st.one_of(
    st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from(["", "a", "#/nowhere", "#/paths"]),
    st.sampled_from(
        [[], {}, [{}], [[]], {"a": {}}, {"$ref": "#/components/schemas/S"}, {"$ref": 1}, {"$ref": "#"}]
    ),
)


@MODULE
@given(path=st.sampled_from(places(SOUND)[1:]), node=NODES, drop=st.booleans())
def test_a_contract_is_sound_or_refused(
    tmp_path_factory: pytest.TempPathFactory, path: tuple[Any, ...], node: Any, drop: bool
) -> None:
    """One thing in a sound contract is replaced or taken out: it is served, or refused in so many words."""
    document = json.loads(json.dumps(SOUND))
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    if drop:
        del holder[path[-1]]
    else:
        holder[path[-1]] = node
    file = tmp_path_factory.getbasetemp() / "mutated.yaml"
    file.write_text(json.dumps(document))
    with contextlib.suppress(ContractInvalid):
        _ = Contract.load(file).bundle
