"""From a URL to an operation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.contract.routing import Router
from tests.contract.conftest import client_of

pytestmark = [pytest.mark.requirement("B-1", "CM-1")]


def contract_of(*paths: str, head: str = "") -> tuple[str, dict[str, Any]]:
    """A contract of GET operations that answer their own path and variables."""
    functions = {}
    items = []
    for number, path in enumerate(paths):
        names = [part.partition("}")[0] for part in path.split("{")[1:]]
        declared = ", ".join(
            f"{{in: path, name: {name}, required: true, schema: {{type: string}}}}" for name in names
        )
        items.append(
            f"  {path!r}: {{parameters: [{declared}], get: {{operationId: get-{number}, tags: [Things],"
            " responses: {default: {description: It}}}}"
        )
        functions[f"get_{number}"] = answering(path)
    return f"{head}\npaths:\n" + "\n".join(items), functions


def answering(path: str) -> Any:
    async def get(**variables: str) -> Any:
        return [path, variables]

    return get


class TestPaths:
    @pytest.mark.parametrize(
        ("url", "answer"),
        [
            ("/things", ["/things", {}]),
            ("/things/mine", ["/things/mine", {}]),
            ("/things/7", ["/things/{id}", {"id": "7"}]),
            ("/things/mine/parts", ["/things/{id}/parts", {"id": "mine"}]),
            ("/things/mine/all", ["/things/mine/all", {}]),
            ("/things/a%2Fb", ["/things/{id}", {"id": "a/b"}]),
            ("/things/%6D%69ne", ["/things/mine", {}]),
            ("/things/%C3%A9%20x", ["/things/{id}", {"id": "é x"}]),
            ("/things/a+b", ["/things/{id}", {"id": "a+b"}]),
            ("/things/%2E%2E", ["/things/{id}", {"id": ".."}]),
            ("/caf%C3%A9", ["/café", {}]),
        ],
    )
    async def test_a_literal_segment_comes_before_a_variable(
        self, served: Any, url: str, answer: Any
    ) -> None:
        contract = contract_of(
            "/things/{id}", "/things/{id}/parts", "/things/mine", "/things/mine/all", "/things", "/café"
        )
        async with served(*contract) as client:
            assert (await client.get(url)).json() == answer

    async def test_a_literal_that_leads_nowhere_is_taken_back(self, served: Any) -> None:
        contract = contract_of("/a/{x}/c", "/a/b/{y}/d", "/{z}/b/c/e")
        async with served(*contract) as client:
            assert (await client.get("/a/b/c")).json() == ["/a/{x}/c", {"x": "b"}]
            assert (await client.get("/a/b/c/d")).json() == ["/a/b/{y}/d", {"y": "c"}]
            assert (await client.get("/a/b/c/e")).json() == ["/{z}/b/c/e", {"z": "a"}]

    @pytest.mark.parametrize(
        ("url", "answer"),
        [
            ("/reports/7.csv", ["/reports/{id}.{format}", {"id": "7", "format": "csv"}]),
            ("/reports/a.b.csv", ["/reports/{id}.{format}", {"id": "a", "format": "b.csv"}]),
            ("/reports/v1-2", ["/reports/v{major}-{minor}", {"major": "1", "minor": "2"}]),
            ("/reports/7", ["/reports/{id}", {"id": "7"}]),
            ("/reports/.csv", ["/reports/{id}", {"id": ".csv"}]),
            ("/reports/latest.csv", ["/reports/latest.csv", {}]),
        ],
    )
    async def test_a_segment_may_mix_text_and_variables(self, served: Any, url: str, answer: Any) -> None:
        contract = contract_of(
            "/reports/{id}", "/reports/{id}.{format}", "/reports/v{major}-{minor}", "/reports/latest.csv"
        )
        async with served(*contract) as client:
            assert (await client.get(url)).json() == answer

    @pytest.mark.parametrize(
        "url", ["/things/", "/things//", "/thing", "/things/1/", "//things", "/things/1/2", "/THINGS", "/"]
    )
    async def test_only_what_is_declared_is_there(self, served: Any, url: str) -> None:
        async with served(*contract_of("/things", "/things/{id}")) as client:
            response = await client.get(url)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == "ROUTE_NOT_FOUND"

    async def test_a_trailing_slash_may_be_declared(self, served: Any) -> None:
        async with served(*contract_of("/things", "/things/", "/")) as client:
            assert [(await client.get(url)).json()[0] for url in ("/things", "/things/", "/")] == [
                "/things",
                "/things/",
                "/",
            ]

    async def test_a_variable_that_is_not_utf_8_is_refused(self, served: Any) -> None:
        async with served(*contract_of("/things/{id}")) as client:
            response = await client.get("/things/%FF")
        assert response.status_code == 400
        assert response.json()["errors"] == [
            {
                "parameter": "id",
                "field": "id",
                "code": "ENCODING",
                "message": "Must be percent-encoded UTF-8.",
            }
        ]


class TestServers:
    SERVERS = """\
servers:
  - url: https://api.example.com
  - url: https://example.com/api/
  - url: '{scheme}://example.com/{region}/v{version}'
    variables:
      scheme: {default: https}
      region: {default: eu, enum: [eu, us]}
      version: {default: '2'}
"""

    @pytest.mark.parametrize("base", ["", "/api", "/eu/v2"])
    async def test_every_base_path_is_served(self, served: Any, base: str) -> None:
        async with served(*contract_of("/things/{id}", head=self.SERVERS)) as client:
            assert (await client.get(f"{base}/things/7")).json() == ["/things/{id}", {"id": "7"}]

    @pytest.mark.parametrize("url", ["/apis/things/7", "/apithings/7", "/us/v2/things/7", "/api", "/api/"])
    async def test_a_base_path_ends_at_a_slash(self, served: Any, url: str) -> None:
        contract = contract_of("/things/{id}", head="servers: [{url: /api}, {url: /eu/v2}]")
        async with served(*contract) as client:
            assert (await client.get(url)).status_code == 404

    async def test_only_the_base_paths_are_served(self, served: Any) -> None:
        async with served(*contract_of("/things", head="servers: [{url: /api}]")) as client:
            assert (await client.get("/api/things")).status_code == 200
            assert (await client.get("/things")).status_code == 404


class TestMethods:
    CONTRACT = """\
        paths:
          /things:
            get: {operationId: get, tags: [Things], responses: {default: {description: It}}}
            post: {operationId: post, tags: [Things], responses: {default: {description: It}}}
          /options:
            put: {operationId: put, tags: [Things], responses: {default: {description: It}}}
            options: {operationId: options, tags: [Things], responses: {default: {description: It}}}
            head: {operationId: head, tags: [Things], responses: {default: {description: It}}}
    """

    @pytest.fixture
    def client(self, served: Any) -> Any:
        def named(name: str) -> Any:
            async def handler() -> Any:
                return {"by": name}

            return handler

        names = ("get", "post", "put", "options", "head")
        return served(self.CONTRACT, {name: named(name) for name in names})

    async def test_an_undeclared_method_answers_405_and_what_is_allowed(self, client: Any) -> None:
        async with client as http:
            response = await http.delete("/things")
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"
        assert response.json()["code"] == "METHOD_NOT_ALLOWED"

    async def test_head_is_get_without_the_body(self, client: Any) -> None:
        async with client as http:
            get, head = await http.get("/things"), await http.head("/things")
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers == get.headers
        assert head.headers["content-length"] == str(len(get.content))

    async def test_head_of_an_error_has_no_body_either(self, client: Any) -> None:
        async with client as http:
            for url in ("/nothing", "/things/"):
                get, head = await http.get(url), await http.head(url)
                assert (head.status_code, head.content) == (404, b"")
                assert head.headers["content-length"] == str(len(get.content))
                assert head.headers["content-type"] == "application/problem+json"

    async def test_options_tells_what_is_allowed(self, client: Any) -> None:
        async with client as http:
            response = await http.options("/things")
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"

    async def test_declared_options_and_head_are_the_operations(self, client: Any) -> None:
        async with client as http:
            assert (await http.options("/options")).json() == {"by": "options"}
            assert (await http.head("/options")).headers["content-length"] == "13"
            assert (await http.get("/options")).headers["allow"] == "HEAD, OPTIONS, PUT"

    async def test_methods_are_case_sensitive(self, client: Any) -> None:
        async with client as http:
            assert (await http.request("get", "/things")).status_code in (200, 405)
            assert (await http.request("BREW", "/things")).status_code == 405


async def test_what_the_contract_does_not_know_goes_to_the_fallback(served: Any) -> None:
    async def fallback(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    async with served(*contract_of("/things"), fallback=fallback) as client:
        assert (await client.get("/docs")).text == "/docs"
        assert (await client.post("/things")).status_code == 405


async def test_a_server_without_a_raw_path_is_served_too(served: Any) -> None:
    """ASGI makes `raw_path` optional."""
    path, functions = contract_of("/things/{id}")
    async with served(path, functions) as client:
        app = client._transport.app

        async def without(scope: Any, receive: Any, send: Any) -> None:
            await app({key: value for key, value in scope.items() if key != "raw_path"}, receive, send)

        async with client_of(without) as plain:
            assert (await plain.get("/things/a%20b")).json() == ["/things/{id}", {"id": "a b"}]


SEGMENTS = st.sampled_from(["a", "b", "ab", "{x}", "{y}", "a{x}", "{x}b", "{x}.{y}"])
URLS = st.lists(st.sampled_from(["a", "b", "ab", "aab", "a.b", ".", "", "c"]), min_size=1, max_size=4)


@given(st.lists(st.lists(SEGMENTS, min_size=1, max_size=4), min_size=1, max_size=8), URLS)
def test_a_url_is_found_exactly_when_a_template_fits_it(templates: list[list[str]], url: list[str]) -> None:
    router: Router[str] = Router()
    for template in templates:
        path = "/" + "/".join(template)
        router.add(path, path)

    found = router.match("/" + "/".join(url))

    assert (found is not None) == any(fits(template, url) for template in templates)
    if found is not None:
        assert fits(found[0].split("/")[1:], url)


def fits(template: list[str], url: list[str]) -> bool:
    """Whether a template fits a URL, segment by segment, in the plainest way."""
    return len(template) == len(url) and all(map(_segment_fits, template, url))


def _segment_fits(template: str, segment: str) -> bool:
    if "{" not in template:
        return template == segment
    before, _, rest = template.partition("{")
    _, _, after = rest.partition("}")
    if not segment.startswith(before):
        return False
    left = segment[len(before) :]
    return any(_segment_fits(after, left[cut:]) for cut in range(1, len(left) + 1))


def test_a_long_url_that_does_not_fit_is_seen_through_at_once() -> None:
    router: Router[str] = Router()
    router.add("/{a}.{b}.{c}.{d}.json", "reports")
    # Backtracking would try 64,000⁴ ways to share these dots among four variables.
    assert router.match("/" + "." * 64_000) is None
