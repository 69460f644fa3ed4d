"""What every response has, and what no log line has."""

import json
import re
from collections.abc import Callable

import pytest

from cloudmetrics.platform.errors import Unavailable
from tests.integration.conftest import BASE_URL, make_event, make_website, send_events

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"

KINDS = [
    ("GET", "/v1/workspace", 200),
    ("GET", "/api/v1/workspace", 200),
    ("GET", "/v1/websites/1", 400),
    ("GET", "/v1/nothing", 404),
    ("GET", "/v1/websites/00000000-0000-7000-8000-000000000000", 404),
    ("DELETE", "/v1/workspace", 405),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/docs/errors/not-found", 200),
    ("GET", "/elsewhere/%00/../ä", 404),
]


@pytest.fixture
def request_lines(capfd: pytest.CaptureFixture[str]) -> Callable[[], list[dict]]:
    """The log as it is written to standard error."""
    return lambda: [json.loads(line) for line in capfd.readouterr().err.splitlines()]


@pytest.mark.requirement("PL-2", "PL-6")
@pytest.mark.parametrize(("method", "path", "status"), KINDS)
async def test_every_response_tells_its_request_trace_and_version(client, method, path, status):
    headers = {"X-Request-ID": "r-1", "X-Correlation-ID": "order-7", "traceparent": PARENT}
    response = await client.request(method, path, headers=headers)
    assert response.status_code == status
    assert response.headers["x-request-id"] == "r-1"
    assert response.headers["x-correlation-id"] == "order-7"
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", response.headers["traceparent"])
    assert response.headers["traceparent"] != PARENT
    assert response.headers["api-version"] == "1.1.0"


@pytest.mark.requirement("CM-8", "DF-7", "PL-11")
@pytest.mark.parametrize(("method", "path", "status"), [kind for kind in KINDS if kind[2] >= 400])
async def test_every_problem_has_a_page_a_code_and_the_trace(client, method, path, status):
    response = await client.request(method, path, headers={"traceparent": PARENT})
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["trace_id"] == TRACE
    assert problem["instance"].isascii()
    assert re.fullmatch(r"[A-Z_]+", problem["code"])
    page = await client.get(problem["type"].removeprefix(BASE_URL))
    assert page.status_code == 200
    assert problem["code"] in page.text


@pytest.mark.requirement("PL-1")
async def test_both_base_paths_serve_the_same(client):
    website_id = await make_website(client)
    plain, prefixed = [await client.get(f"{base}/v1/websites/{website_id}") for base in ("", "/api")]
    assert plain.json() == prefixed.json()


async def test_an_unknown_path_below_the_api_is_a_problem_for_strangers_too(stranger):
    response = await stranger.get("/v1/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "ROUTE_NOT_FOUND")


async def test_json_says_that_it_is_utf_8(client):
    assert (await client.get("/v1/workspace")).headers["content-type"] == "application/json; charset=utf-8"


async def test_a_failure_of_ours_tells_nothing_of_itself(client, monkeypatch, request_lines):
    async def broken(caller):
        raise RuntimeError("the secret ingredient")

    monkeypatch.setattr("cloudmetrics.accounts.workspaces.service.show", broken)
    response = await client.get("/v1/workspace")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "ingredient" not in response.text
    (failure,) = [line for line in request_lines() if line["level"] == "error"]
    assert "secret ingredient" in failure["exception"][0]
    assert failure["trace_id"] == response.json()["trace_id"]


async def test_an_absence_says_when_to_try_again(client, monkeypatch):
    async def away(caller):
        raise Unavailable("The database cannot be reached.")

    monkeypatch.setattr("cloudmetrics.accounts.workspaces.service.show", away)
    response = await client.get("/v1/workspace")
    assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert int(response.headers["retry-after"]) > 0


@pytest.mark.requirement("PL-6", "DF-12")
async def test_a_request_is_one_line_of_the_log(client, home, request_lines):
    await client.get("/v1/websites/00000000-0000-7000-8000-000000000000", headers={"traceparent": PARENT})
    (line,) = [line for line in request_lines() if line["logger"] == "cloudmetrics.request"]
    assert line["method"] == "GET"
    assert line["route"] == "/v1/websites/{website_id}"
    assert line["operation_id"] == "get-website"
    assert line["status"] == 404
    assert 0 < line["duration_ms"] < 10_000
    assert line["workspace_id"] == str(home.workspace.id)
    assert line["trace_id"] == TRACE
    assert line["request_id"]


@pytest.mark.requirement("PL-12")
async def test_no_log_line_holds_secrets_or_personal_data(home, request_lines):
    key = await home.make_key()
    client = home.open(key)
    website_id = await make_website(client)
    await send_events(
        client, make_event(website_id, visitor_id="anna-visitor", url="https://shop.example/anna-page")
    )
    await client.get("/v1/metrics?source=anna-source&goal=%00")
    await client.post("/v1/websites", json={"name": "anna-name", "domain": "anna domain"})
    await client.get("/v1/workspace", headers={"API-Key": key[:-1]})
    await client.get("/anna-path")
    lines = json.dumps(request_lines())
    assert lines.count('"cloudmetrics.request"') == 6
    assert "anna" not in lines
    assert key[8:20] not in lines
    assert "127.0.0.1" not in lines


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_only_read(stranger, path):
    response = await stranger.post(path)
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, HEAD"
    assert (await stranger.head(path)).content == b""


async def test_a_ready_service_says_so(stranger):
    response = await stranger.get("/readyz")
    assert response.json() == {
        "status": "ok",
        "checks": {"postgresql": "ok", "redis": "ok", "migrations": "ok"},
    }
    assert (await stranger.get("/healthz")).json() == {"status": "ok"}
