"""The contract answers before anybody has written a handler: in development, and from `make mock`."""

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cloudmetrics import app as wiring
from cloudmetrics.contract import ContractInvalid
from cloudmetrics.mock import DEMO_KEY, create_mock
from cloudmetrics.platform.config import Settings
from tests.integration.conftest import client_of, settings_for
from tests.integration.running import PROJECT, environment, free_port
from tests.integration.walking import Operation, operations
from tests.waiting import PATIENCE, until

UNWRITTEN = """
get:
  operationId: get-unwritten
  summary: Get what nobody has written
  description: Answers what the contract shows.
  tags: [Websites]
  security: [{api_key: ['websites:read']}, {bearer: ['websites:read']}]
  responses:
    '200': {$ref: ../components/responses/Website.yaml}
    '401': {$ref: ../components/responses/Unauthorized.yaml}
"""


@pytest.fixture(scope="module")
async def mock():
    async with client_of(create_mock(Settings()), DEMO_KEY) as client:
        yield client


@pytest.fixture
def unwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract with an operation more than there are handlers."""
    spec = tmp_path / "spec"
    shutil.copytree(wiring.SPEC, spec)
    (spec / "paths" / "unwritten.yaml").write_text(UNWRITTEN)
    root = (spec / "openapi.yaml").read_text()
    entry = "\npaths:\n  /v1/unwritten: {$ref: paths/unwritten.yaml}\n"
    (spec / "openapi.yaml").write_text(root.replace("\npaths:\n", entry))
    monkeypatch.setattr(wiring, "SPEC", spec)


@pytest.mark.requirement("CM-11")
async def test_in_development_an_operation_without_a_handler_answers_its_example(
    unwritten, database_url, stores, home
):
    app = wiring.create_app(settings_for(database_url, stores.redis_url))
    async with client_of(app, await home.make_key()) as client:
        mocked = await client.get("/v1/unwritten")
        real = await client.get("/v1/websites")
    assert (mocked.status_code, mocked.headers["x-mock"]) == (200, "true")
    assert (real.status_code, "x-mock" in real.headers) == (200, False)
    async with client_of(app) as stranger:
        assert (await stranger.get("/v1/unwritten")).status_code == 401


@pytest.mark.requirement("CM-11")
def test_production_refuses_to_start_without_a_handler(unwritten, database_url, stores):
    settings = replace(settings_for(database_url, stores.redis_url), environment="production")
    with pytest.raises(ContractInvalid, match="get-unwritten has no handler"):
        wiring.create_app(settings)


@pytest.mark.parametrize("operation", operations(), ids=str)
async def test_every_operation_answers_a_success(mock, operation: Operation):
    known = dict.fromkeys(operation.path_parameters, "019a5a4e-7c00-7000-8000-000000000001")
    answer = await mock.request(**operation.ask(known))
    assert answer.status_code < 300, answer.text
    assert answer.headers["x-mock"] == "true"
    assert answer.headers["api-version"]


@pytest.mark.parametrize("key", [DEMO_KEY[:-1] + "x", "full", "", DEMO_KEY.replace("Mock", "mock")])
async def test_a_malformed_key_is_refused_with_a_problem(mock, key):
    answer = await mock.get("/v1/websites", headers={"API-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


async def test_what_breaks_the_contract_is_refused(mock):
    answer = await mock.post("/v1/websites", json={"name": 7})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_a_page_of_any_origin_may_choose_and_read_an_answer(mock):
    page = {"Origin": "http://localhost:3000"}
    asking = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "prefer"}
    preflight = await mock.options("/v1/websites", headers=page | asking)
    assert "Prefer" in preflight.headers["access-control-allow-headers"]
    answer = await mock.get("/v1/websites", headers=page | {"Prefer": "code=429"})
    assert answer.status_code == 429
    assert answer.headers["access-control-allow-origin"] == page["Origin"]


@pytest.mark.slow
def test_make_mock_tells_where_everything_is_and_stops_cleanly(tmp_path):
    port, printed = free_port(), tmp_path / "printed.txt"
    with printed.open("wb") as output:
        mock = subprocess.Popen(
            [sys.executable, "-m", "cloudmetrics", "mock"],
            cwd=PROJECT,
            env=environment(PORT=port, TMPDIR=tmp_path),
            stdout=output,
            stderr=output,
        )
    try:
        await_text(printed, "curl", mock)
        url = f"http://127.0.0.1:{port}"
        for path in ("/docs", "/docs/reference", "/api/docs", "/openapi.json", "/readyz"):
            assert url + path in printed.read_text() or path in ("/docs/reference", "/openapi.json")
            assert httpx.get(url + path, trust_env=False).status_code == 200, path
        answer = httpx.get(f"{url}/v1/websites", headers={"API-Key": DEMO_KEY}, trust_env=False)
        assert (answer.status_code, answer.headers["x-mock"]) == (200, "true")
    finally:
        mock.send_signal(signal.SIGTERM)
        assert mock.wait(PATIENCE) == 0
    assert DEMO_KEY in printed.read_text()
    assert printed.read_text().rstrip().endswith("Stopped.")
    assert list(tmp_path.iterdir()) == [printed]


def await_text(file: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    until(lambda: text in file.read_text() or process.poll() is not None, f"printed: {text}")
    assert process.poll() is None, file.read_text()
