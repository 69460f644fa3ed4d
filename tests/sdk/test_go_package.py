"""The Go SDK as others get it: from a module proxy, into an empty project, and used by a program."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cloudmetrics.sdks import packing
from tests.sdk import golang, judging
from tests.sdk.documentation import programs, shown
from tests.sdk.server import serving
from tests.sdk.suite import contract, operation_case

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CM-10")]
Go = Callable[..., subprocess.CompletedProcess[str]]
WRONG = """package main

import (
	"context"

	"cloudmetrics.example/go/cloudmetrics"
	"cloudmetrics.example/go/cloudmetrics/generated/resources"
)

func main() {
	client, _ := cloudmetrics.New()
	client.Metrics.Get(context.Background(), &resources.MetricsGetParams{Interval: 14})
}
"""
SNIPPETS = """package main

import (
{imports}
)

var (
	body    = []byte("{{}}")
	request = &http.Request{{}}
	secret  = "whsec_YWJj"
)

{functions}

func main() {{
	ctx := context.Background()
	client, err := cloudmetrics.New()
	if err != nil {{
		panic(err)
	}}
	created := &resources.WebsitesCreateParams{{Name: "Go", Domain: "go.example.com"}}
	website, err := client.Websites.Create(ctx, created)
	if err != nil {{
		panic(err)
	}}
	for _, run := range []func(context.Context, *cloudmetrics.Client, *models.Website) error{{{names}}} {{
		if err := run(ctx, client, website); err != nil {{
			fmt.Println("failed:", err)
		}}
	}}
}}
"""
IMPORTS = (
    "context",
    "errors",
    "fmt",
    "net/http",
    "io",
    "os",
    golang.MODULE,
    f"{golang.MODULE}/generated/models",
    f"{golang.MODULE}/generated/resources",
)


# Runs the programs of the pages one after the other, each against an address of its own.
PROGRAMS = """package main

import "os"

func main() {{
	for i, run := range []func(){{{names}}} {{
		os.Setenv("CLOUDMETRICS_BASE_URL", os.Args[i+1])
		run()
	}}
}}
"""


@pytest.fixture(scope="module")
def version() -> str:
    return f"v{contract().version}"


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory, version: str) -> Go:
    """Go with a cache of its own, for which there is no proxy but ours."""
    proxy = packing.module(tmp_path_factory.mktemp("proxy"), version).as_uri()
    cache = str(tmp_path_factory.mktemp("modules"))

    def run(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        flags = "-mod=mod -modcacherw"
        return golang.go(
            *arguments,
            folder=folder,
            GOPROXY=proxy,
            GOSUMDB="off",
            GOMODCACHE=cache,
            GOFLAGS=flags,
            **environ,
        )

    return run


@pytest.fixture
def project(go: Go, version: str, tmp_path: Path) -> Path:
    """An empty project that has taken in the module."""
    assert go("mod", "init", "example.com/consumer", folder=tmp_path).returncode == 0
    got = go("get", f"{golang.MODULE}@{version}", folder=tmp_path)
    assert got.returncode == 0, got.stderr
    return tmp_path


def snippets() -> list[str]:
    return programs(golang.SDK / "README.md", "go")


def test_the_readmes_program_answers_from_a_real_server(go, project, live):
    (project / "main.go").write_text(snippets()[0])

    vetted = go("vet", ".", folder=project)
    ended = go("run", ".", folder=project, CLOUDMETRICS_API_KEY=live.key, CLOUDMETRICS_BASE_URL=live.url)

    assert vetted.returncode == 0, vetted.stderr
    assert ended.stdout.strip().isdecimal(), ended.stderr


def test_the_readmes_other_snippets_do_what_they_say(go, project, live):
    signature = "func run{}(ctx context.Context, client *cloudmetrics.Client, website *models.Website) error"
    found = snippets()[1:]
    functions = "\n".join(
        f"{signature.format(number)} {{\n{text}\nreturn nil\n}}" for number, text in enumerate(found)
    )
    names = ", ".join(f"run{number}" for number in range(len(found)))
    imports = "\n".join(f'\t"{path}"' for path in IMPORTS)
    (project / "main.go").write_text(SNIPPETS.format(imports=imports, functions=functions, names=names))

    vetted = go("vet", ".", folder=project)
    ended = go("run", ".", folder=project, CLOUDMETRICS_API_KEY=live.key, CLOUDMETRICS_BASE_URL=live.url)

    assert vetted.returncode == 0, vetted.stderr
    # Other tests make goals and send events on the same server.
    goal, *between, webhook = ended.stdout.splitlines()
    assert re.fullmatch(r"[0-9a-f-]{36}", goal)
    assert {"Signed up", "no such goal", "1"} <= set(between)
    assert any('"visitor_id":"anna"' in line.replace(" ", "") for line in between)
    # What nobody signed is refused.
    assert webhook.startswith("failed: cloudmetrics: the webhook is not to be trusted")


@pytest.mark.requirement("DF-9", "CM-14")
def test_each_program_of_the_pages_calls_its_operation(go, project):
    cases, names = [], []
    for resource in contract().resources:
        for method, program in zip(resource.methods, shown(resource, "go"), strict=True):
            name = f"run{len(names)}"
            (project / f"{name}.go").write_text(program.replace("func main()", f"func {name}()"))
            cases.append(operation_case(method))
            names.append(name)
    (project / "main.go").write_text(PROGRAMS.format(names=", ".join(names)))

    vetted = go("vet", ".", folder=project)
    with serving() as server:
        urls = [server.play(case.name, case.server) for case in cases]
        ended = go("run", ".", *urls, folder=project, CLOUDMETRICS_API_KEY="cm_test_suite")

    assert vetted.returncode == 0, vetted.stderr
    assert ended.returncode == 0, ended.stderr
    assert [wrong for case in cases for wrong in judging.wire(case, server.seen(case.name))] == []


def test_a_wrong_program_does_not_compile(go, project):
    (project / "main.go").write_text(WRONG)

    built = go("build", ".", folder=project)

    assert built.returncode == 1
    assert "cannot use 14" in built.stderr


def test_the_module_needs_nothing_but_the_standard_library_and_is_clean(go):
    listed = go(
        "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./...", folder=golang.SDK
    )
    vetted = go("vet", "./...", folder=golang.SDK)

    assert {line.startswith(golang.MODULE) for line in listed.stdout.split()} == {True}
    assert vetted.returncode == 0, vetted.stderr


def test_contexts_end_what_they_should():
    ended = golang.go("test", "./...", folder=golang.SDK)

    assert ended.returncode == 0, ended.stdout + ended.stderr
