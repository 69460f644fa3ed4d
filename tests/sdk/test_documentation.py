"""Every program that the SDKs' documentation shows is run, and asks for what it should."""

from __future__ import annotations

import html
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudmetrics.gates.models import Project
from cloudmetrics.portal.app import create_portal
from cloudmetrics.sdks.description import Method
from cloudmetrics.sdks.pages import FENCES
from tests.sdk import judging
from tests.sdk.documentation import programs, shown
from tests.sdk.server import Server, serving
from tests.sdk.suite import ROOT, contract, operation_case

PYTHON = ROOT / "generated_sdks/python"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


def environment(monkeypatch: pytest.MonkeyPatch, folder: Path, url: str) -> None:
    monkeypatch.setenv("CLOUDMETRICS_API_KEY", "cm_test_suite")
    monkeypatch.setenv("CLOUDMETRICS_BASE_URL", url)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(folder)


@pytest.mark.requirement("DF-9", "CM-14")
@pytest.mark.parametrize("resource", contract().resources, ids=lambda resource: resource.name)
def test_each_program_in_python_calls_its_operation(resource, server, monkeypatch, tmp_path, capsys):
    for method, program in zip(resource.methods, shown(resource, "python"), strict=True):
        assert called(method, program, server, monkeypatch, tmp_path) == []


def called(
    method: Method, program: str, server: Server, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> list[str]:
    """What is wrong with what the program asked the server."""
    case = operation_case(method)
    environment(monkeypatch, folder, server.play(case.name, case.server))
    exec(compile(program, case.name, "exec"), {})
    return list(judging.wire(case, server.seen(case.name)))


@pytest.mark.requirement("DF-9", "CM-14")
@pytest.mark.parametrize("resource", contract().resources, ids=lambda resource: resource.name)
def test_each_line_of_curl_calls_its_operation(resource, server):
    for method, command in zip(resource.methods, shown(resource, "sh"), strict=True):
        case = operation_case(method)
        told = {"CLOUDMETRICS_URL": server.play(case.name, case.server), "CLOUDMETRICS_KEY": "cm_test_suite"}
        environ = {**os.environ, "NO_PROXY": "*", **told}
        ended = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr
        assert list(judging.wire(case, server.seen(case.name))) == []


@pytest.mark.slow
@pytest.mark.requirement("DF-9", "CM-14", "CM-10")
def test_the_readme_of_the_python_sdk_does_what_it_says(live, monkeypatch, tmp_path, capsys):
    environment(monkeypatch, tmp_path, live.url)
    monkeypatch.setenv("CLOUDMETRICS_API_KEY", live.key)

    exec(compile("\n".join(programs(PYTHON / "README.md", "python")), "README.md", "exec"), {})

    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "0"
    assert printed[1].startswith("Large orders 20")
    assert "2 0 0" in printed
    assert "/name Must be at least 1 character long." in printed
    assert "['Shop']" in printed
    assert printed[-1] == "Shop"


@pytest.mark.requirement("DF-9")
def test_the_served_contract_has_the_programs_that_the_pages_show():
    bundle = Project(ROOT).contract.bundle
    portal = create_portal(bundle, [], "http://127.0.0.1:8080").test_client()

    served = portal.get("/openapi.json").get_json()
    for resource in contract().resources:
        reference = html.unescape(portal.get(f"/docs/reference/{resource.name.replace('_', '-')}").text)
        columns = [shown(resource, fence) for fence in FENCES.values()]
        for method, *programs_shown in zip(resource.methods, *columns, strict=True):
            samples = served["paths"][method.path][method.http_method.lower()]["x-codeSamples"]
            assert [each["lang"] for each in samples] == list(FENCES)
            assert [each["source"] for each in samples] == programs_shown
            # The reference has a line of curl of its own, which names the server.
            assert all(program.strip() in reference for program in programs_shown[1:])
