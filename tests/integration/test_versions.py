"""Versions: which one answers, which one will do, and what ends when."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from textwrap import dedent

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.app import SPEC
from cloudmetrics.contract import Contract, serve
from cloudmetrics.gateway.api_version import satisfies
from cloudmetrics.gateway.deprecation import Deprecations
from cloudmetrics.gateway.exchanges.service import HEADERS, Exchanges
from cloudmetrics.gateway.tracing import Tracing
from cloudmetrics.portal.reference import build_reference
from tests.spec import contract

from .test_goals import code_of

pytestmark = pytest.mark.requirement("PL-2", "CM-13")

VERSION = contract().version
NUMBERS = st.integers(0, 30)


@pytest.mark.parametrize("wanted", ["1", "1.0", "1.0.7", " 1.1 ", VERSION])
async def test_an_earlier_version_of_the_same_major_will_do(client, wanted):
    response = await client.get("/v1/websites", headers={"Accept-Version": wanted})
    assert response.status_code == 200
    assert response.headers["api-version"] == VERSION


@pytest.mark.parametrize(
    "wanted", ["2", "0.9", "1.999", f"{VERSION}9", "v1", "latest", "", "1.1.1.1", "-1", "1" * 400, "١"]
)
async def test_any_other_version_is_refused_with_what_there_is(client, wanted):
    response = await client.get("/v1/websites", headers={"Accept-Version": wanted.encode()})
    assert code_of(response) == (406, "VERSION_NOT_OFFERED")
    assert response.json()["details"] == {"offered": [VERSION]}
    assert response.headers["api-version"] == VERSION


async def test_every_answer_tells_its_version(client, stranger):
    answers = [
        await stranger.get("/v1/websites"),
        await client.get("/v1/nothing"),
        await client.put("/v1/websites"),
        await client.post("/v1/websites", content=b"{"),
        await client.options("/v1/websites"),
    ]
    assert [answer.status_code for answer in answers] == [401, 404, 405, 415, 204]
    assert {answer.headers["api-version"] for answer in answers} == {VERSION}


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS), st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_later_ones_of_the_same_major_satisfy_and_no_others(offered, wanted):
    texts = [".".join(map(str, version)) for version in (offered, wanted)]
    assert satisfies(*texts) == (offered[0] == wanted[0] and offered >= wanted)
    assert satisfies(texts[0], str(wanted[0])) == (offered[0] == wanted[0])


CONTRACT = """
openapi: 3.1.0
info: {title: Things, version: 1.4.0}
paths:
  /things:
    get:
      operationId: list-things
      tags: [Things]
      parameters:
        - {name: q, in: query, schema: {type: string}}
        - name: page
          in: query
          deprecated: true
          x-deprecated-since: '2026-01-01'
          x-sunset: '2027-02-01'
          schema: {type: integer}
      responses: {'200': {description: Things., content: {application/json: {schema: {}}}}}
    post:
      operationId: create-thing
      tags: [Things]
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                parts:
                  type: array
                  items:
                    type: object
                    properties:
                      colour: {$ref: '#/components/schemas/Colour'}
      responses: {'200': {description: A thing., content: {application/json: {schema: {}}}}}
  /old-things:
    get:
      operationId: list-old-things
      tags: [Things]
      deprecated: true
      x-deprecated-since: '2025-06-30'
      x-sunset: '2026-12-31'
      responses: {'200': {description: Things., content: {application/json: {schema: {}}}}}
components:
  schemas:
    Colour: {type: string, deprecated: true, x-deprecated-since: '2026-03-01', x-sunset: '2027-03-01'}
"""
HANDLERS = """
async def list_things(q=None, page=None): return {}
async def create_thing(body=None): return {}
async def list_old_things(): return {}
"""
PAGE = b'{"parts": [{"size": 1}, {"colour": "red"}]}'


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Iterator[Contract]:
    folder: Path = tmp_path_factory.mktemp("contract")
    (folder / "openapi.yaml").write_text(CONTRACT)
    package = folder / "small_handlers"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "things.py").write_text(dedent(HANDLERS))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield Contract.load(folder / "openapi.yaml")


@pytest.mark.parametrize(
    ("method", "url", "body", "since", "sunset"),
    [
        ("GET", "/things?q=page", None, None, None),
        ("GET", "/things?page=1", None, "@1767225600", "Mon, 01 Feb 2027 00:00:00 GMT"),
        ("POST", "/things", b'{"parts": [{"size": 1}]}', None, None),
        ("POST", "/things", PAGE, "@1772323200", "Mon, 01 Mar 2027 00:00:00 GMT"),
        ("GET", "/old-things", None, "@1751241600", "Thu, 31 Dec 2026 00:00:00 GMT"),
    ],
)
async def test_whoever_uses_what_ends_is_told(small, method, url, body, since, sunset):
    app = serve(
        small,
        handlers="small_handlers",
        around=Exchanges(small.operations, Deprecations(small.deprecations, "https://a.example/docs")),
        headers_around=HEADERS,
        middlewares=[partial(Tracing, version=small.version)],
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        headers = {"Content-Type": "application/json"} if body else {}
        response = await client.request(method, url, content=body, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers.get("deprecation") == since
    assert response.headers.get("sunset") == sunset
    assert ('rel="deprecation"' in response.headers.get("link", "")) == (since is not None)


def test_the_pages_say_what_ends(small):
    (tag,) = build_reference(small.bundle, "https://a.example")
    listing, creating, old = tag.operations
    assert old.ending == ["deprecated since 2025-06-30, gone on 2026-12-31"]
    assert listing.ending == creating.ending == []
    page = next(each for each in listing.parameters["query"] if each.name == "page")
    assert "deprecated since 2026-01-01, gone on 2027-02-01" in page.constraints
    colour = next(each for each in creating.request[0].fields if each.name == "colour")
    assert colour.constraints == ["deprecated since 2026-03-01, gone on 2027-03-01"]


def untold(contract: Contract, changelog: str) -> list[str]:
    """What ends without a line in the changelog, or sooner than a year after it was announced."""
    found = []
    for operation_id, ending in contract.deprecations.items():
        for each in ending:
            lines = [line for line in changelog.splitlines() if "deprecated" in line.lower()]
            if not any(f"`{each.name or operation_id}`" in line for line in lines):
                found.append(f"{operation_id} {each.name}: write `{each.name or operation_id}` is deprecated")
            if each.sunset is None or (each.sunset - each.since).days < 365:
                found.append(f"{operation_id} {each.name}: a year between x-deprecated-since and x-sunset")
    return found


def test_what_ends_is_in_the_changelog_and_leaves_a_year():
    changelog = (SPEC.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    assert untold(contract(), changelog) == []


def test_the_changelog_is_really_looked_at(small):
    told = "- `page` and `parts.colour` are deprecated.\n- Deprecated: `list-old-things`."
    assert untold(small, told) == []
    assert len(untold(small, "- Deprecated: `page`.\n- Renamed `list-old-things`.")) == 2
