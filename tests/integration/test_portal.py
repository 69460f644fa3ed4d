"""The portal, asked over WSGI with the real contract: every page, the files, Swagger UI, the headers."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from flask.testing import FlaskClient

from cloudmetrics.portal import create_portal, is_portal_path
from cloudmetrics.portal.contract_files import with_samples
from tests.spec import contract

SPEC = Path(__file__).resolve().parents[2] / "spec"
BASE_URL = "http://127.0.0.1:8099"
CONTRACT = contract()
ERRORS = yaml.safe_load((SPEC / "errors.yaml").read_text(encoding="utf-8"))
TAGS = [tag["name"].lower().replace(" ", "-") for tag in CONTRACT.bundle["tags"]]
GUIDES = sorted(path.stem for path in (SPEC.parent / "docs" / "guides").glob("*.md"))
PAGES = (
    "/docs",
    "/docs/guides",
    "/docs/guides/oauth",
    "/docs/reference",
    "/docs/reference/test-clock",
    "/docs/errors",
    "/docs/errors/invalid-request",
    "/api/docs",
)


@pytest.fixture(scope="module")
def portal() -> FlaskClient:
    return create_portal(CONTRACT.bundle, ERRORS, BASE_URL).test_client()


class Links(HTMLParser):
    """The addresses on a page, and the ids that a fragment can lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.addresses += [value for key in ("href", "src") if (value := named.get(key))]
        self.ids |= {named["id"]} if named.get("id") else set()


def slug(code: str) -> str:
    return code.lower().replace("_", "-")


def test_the_root_leads_to_the_documentation(portal):
    response = portal.get("/")
    assert (response.status_code, response.headers["Location"]) == (302, "/docs")


@pytest.mark.requirement("D6-4", "DF-9")
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_html_with_a_title_and_one_main_part(portal, path):
    response = portal.get(path)

    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    assert re.search(r"<title>\S", response.text)
    # Swagger UI brings the main part of its page itself.
    assert len(re.findall(r"<main\b", response.text)) == (path != "/api/docs")
    assert '<html lang="en">' in response.text


@pytest.mark.parametrize("path", PAGES)
def test_a_slash_at_the_end_leads_to_the_same_page(portal, path):
    assert portal.get(f"{path}/").text == portal.get(path).text


@pytest.mark.requirement("DF-7", "PL-11")
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error["code"])
def test_every_error_code_has_a_page_with_cause_cure_and_example(portal, error):
    page = portal.get(f"/docs/errors/{slug(error['code'])}")

    assert page.status_code == 200
    assert error["title"] in unescape(page.text)
    for word in (error["code"], str(error["status"]), "Cause", "Cure", f"{BASE_URL}/docs/errors/"):
        assert word in page.text
    assert f'href="/docs/errors/{slug(error["code"])}"' in portal.get("/docs/errors").text


@pytest.mark.parametrize(
    "path",
    [
        "/docs/errors/nothing",
        "/docs/errors/INVALID_REQUEST",
        "/docs/guides/nothing",
        "/docs/guides/..%2f..%2fREADME",
        "/docs/reference/nothing",
        "/docs/<script>",
    ],
)
def test_an_unknown_page_is_a_page_that_helps_on(portal, path):
    response = portal.get(path)

    assert response.status_code == 404
    assert 'href="/docs/reference"' in response.text
    assert "<script>" not in response.text


@pytest.mark.requirement("DF-9")
def test_the_reference_shows_every_operation(portal):
    index = portal.get("/docs/reference").text
    pages = {slug: portal.get(f"/docs/reference/{slug}").text for slug in TAGS}

    for operation in CONTRACT.operations:
        slug = operation.tag.lower().replace(" ", "-")
        assert f'href="/docs/reference/{slug}#{operation.id}"' in index
        assert f'id="{operation.id}"' in pages[slug]
        assert f"<code>{operation.path}</code>" in pages[slug]
    assert sum(page.count("curl ") for page in pages.values()) >= len(CONTRACT.operations)


def test_every_guide_is_a_page(portal):
    index = Links(portal.get("/docs/guides").text)

    listed = [address for address in index.addresses if address.startswith("/docs/guides/")]
    assert sorted(listed) == [f"/docs/guides/{name}" for name in GUIDES]
    for address in listed:
        page = portal.get(address).text
        here = [link for link in Links(page).addresses if link.startswith("/")]
        assert "curl " in page
        assert all(portal.get(link).status_code == 200 for link in here)


@pytest.mark.requirement("CM-2", "D6-4")
def test_the_contract_is_given_out_with_the_running_server_first(portal):
    document = portal.get("/openapi.json").json

    assert document["servers"][0] == {"url": BASE_URL, "description": "This server"}
    assert document["servers"][1:] == CONTRACT.bundle["servers"]
    expected = with_samples(CONTRACT.bundle)
    assert {**document, "servers": None} == {**expected, "servers": None}
    sampled = document["paths"]["/v1/goals"]["get"]["x-codeSamples"]
    assert "Python" in [each["lang"] for each in sampled]


def test_a_listed_server_comes_first_in_the_contracts_own_words():
    listed = CONTRACT.bundle["servers"][-2]
    portal = create_portal(CONTRACT.bundle, ERRORS, f"{listed['url']}/").test_client()

    servers = portal.get("/openapi.json").json["servers"]

    assert servers[0] == listed
    assert sorted(map(str, servers)) == sorted(map(str, CONTRACT.bundle["servers"]))


def test_yaml_and_json_say_the_same(portal):
    response = portal.get("/openapi.yaml")

    assert response.content_type == "application/yaml; charset=utf-8"
    assert yaml.safe_load(response.text) == portal.get("/openapi.json").json


@pytest.mark.requirement("DF-10")
@pytest.mark.parametrize("path", [*PAGES, "/openapi.json", "/openapi.yaml"])
def test_what_is_unchanged_is_not_sent_again(portal, path):
    first = portal.get(path)
    assert "max-age" in first.headers["Cache-Control"]

    again = portal.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = portal.get(path, headers={"If-None-Match": '"another"'})

    assert (again.status_code, again.data) == (304, b"")
    assert other.status_code == 200


def test_equal_contracts_have_equal_etags_in_every_process(portal):
    other = create_portal(CONTRACT.bundle, ERRORS, BASE_URL).test_client()
    for path in ("/docs/reference", "/docs/reference/goals", "/openapi.json"):
        assert other.get(path).headers["ETag"] == portal.get(path).headers["ETag"]


@pytest.mark.requirement("PL-12")
@pytest.mark.parametrize("path", [*PAGES, "/docs/nothing", "/docs/assets/portal.css", "/openapi.json"])
def test_pages_are_fenced_in_by_their_headers(portal, path):
    headers = portal.get(path).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy.get("script-src", "")
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_what_its_policy_forbids(portal, path):
    page = portal.get(path).text

    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"""\son\w+=["']|<style|\sstyle=""", page) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere_on_this_machine(portal, path):
    links = Links(portal.get(path).text)

    for address in links.addresses:
        target, _, fragment = address.partition("#")
        assert address.startswith(("/", "#"))
        assert not target or portal.get(target).status_code == 200
        assert not fragment or target or fragment in links.ids


@pytest.mark.requirement("CM-3")
def test_swagger_ui_comes_from_this_machine_and_calls_the_server_it_came_from(portal):
    script = portal.get("/docs/assets/swagger.js").text
    contract = re.search(r'data-contract="([^"]+)"', portal.get("/api/docs").text)[1]

    assert "dataset.contract" in script
    assert portal.get(contract).json["servers"][0]["url"] == "/"
    assert len(portal.get("/api/docs/assets/swagger-ui-bundle.js").data) > 500_000


@pytest.mark.parametrize("name", ["../flask_swagger_ui.py", "..%2fflask_swagger_ui.py", "/etc/passwd"])
def test_no_other_file_is_given_out_as_an_asset(portal, name):
    assert portal.get(f"/api/docs/assets/{name}").status_code == 404


def test_html_in_a_description_is_shown_not_run():
    hostile = "Look: <script>alert(1)</script> <img src=x onerror=alert(1)> [go](javascript:alert(1))"
    bundle = json.loads(json.dumps(CONTRACT.bundle))
    bundle["info"]["description"] = bundle["tags"][0]["description"] = hostile
    bundle["paths"]["/v1/workspace"]["get"]["description"] = hostile
    bundle["paths"]["/v1/workspace"]["get"]["summary"] = hostile

    portal = create_portal(bundle, ERRORS, BASE_URL).test_client()
    for page in (portal.get("/docs/reference").text, portal.get("/docs/reference/workspace").text):
        assert "&lt;script&gt;" in page
        assert "<script>" not in page
        assert "<img" not in page
        assert 'href="javascript:' not in page


def test_a_curl_line_survives_quotes_in_an_example():
    bundle = json.loads(json.dumps(CONTRACT.bundle))
    bundle["components"]["examples"]["WebsiteBody"]["value"]["name"] = "Anna's; rm -rf $HOME"

    page = create_portal(bundle, ERRORS, BASE_URL).test_client().get("/docs/reference/websites").text

    assert "Anna&#39;&#34;&#39;&#34;&#39;s; rm -rf $HOME" in page


def test_a_contract_of_the_smallest_size_has_a_reference():
    bundle = {
        "openapi": "3.1.0",
        "info": {"title": "Small", "version": "1.0.0"},
        "paths": {
            "/v1/ping": {"get": {"operationId": "ping", "responses": {"204": {"description": "Pong."}}}}
        },
    }
    portal = create_portal(bundle, [], BASE_URL).test_client()

    assert "/v1/ping" in portal.get("/docs/reference").text
    assert "/v1/ping" in portal.get("/docs/reference/other").text
    assert portal.get("/openapi.json").json["servers"] == [{"url": BASE_URL, "description": "This server"}]
    assert portal.get("/docs/errors").status_code == 200


def test_a_schema_that_holds_itself_has_a_reference():
    bundle = json.loads(json.dumps(CONTRACT.bundle))
    bundle["components"]["schemas"]["Website"]["properties"]["parent"] = {
        "$ref": "#/components/schemas/Website"
    }

    portal = create_portal(bundle, ERRORS, BASE_URL).test_client()
    assert portal.get("/docs/reference/websites").status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/x", "/api/docs", "/api/docs/x", "/openapi.json"])
def test_the_portal_knows_its_own_paths(path):
    assert is_portal_path(path)


@pytest.mark.parametrize("path", ["/v1", "/api/v1/x", "/docsx", "/api", "/api/docsx", "/healthz", ""])
def test_the_portal_leaves_all_other_paths_alone(path):
    assert not is_portal_path(path)
