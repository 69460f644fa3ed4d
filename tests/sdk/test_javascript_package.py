"""The JavaScript SDK as others get it: packed, installed from the tarball, bundled, and used by programs."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudmetrics.gates import tools
from cloudmetrics.sdks import packing
from tests.sdk import judging
from tests.sdk.documentation import programs, shown
from tests.sdk.running import JAVASCRIPT, NODE
from tests.sdk.server import Server, serving
from tests.sdk.suite import ROOT, contract, operation_case

pytestmark = [pytest.mark.slow, pytest.mark.requirement("CM-10")]
NPM = tools.node_program().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
COMPILER = ROOT / "scripts/node/node_modules/typescript/lib/tsc.js"
CONSUMER = """
import { CloudMetrics, TooManyRequests, type api } from '@cloudmetrics/api-client';
import { Client } from '@cloudmetrics/api-client/client';
import { Goals } from '@cloudmetrics/api-client/goals';
import { verify } from '@cloudmetrics/api-client/webhooks';

export async function firstGoal(client: CloudMetrics): Promise<api.Goal | null> {
  for await (const goal of client.goals.list({ limit: 10 })) return goal;
  return null;
}

export async function visitors(client: CloudMetrics): Promise<number> {
  return (await client.metrics.get({ start_date: '2026-11-01', interval: 'DAY' })).visitors;
}

export async function send(client: CloudMetrics, event: api.EventCreate): Promise<number> {
  try {
    return (await client.events.create({ events: [event] })).accepted;
  } catch (error) {
    if (error instanceof TooManyRequests) console.log(error.retryAfter?.toFixed());
    return 0;
  }
}

export async function rename(goal: api.Goal): Promise<api.Goal> {
  const goals = new Goals(new Client({ apiKey: 'a', timeout: 1000 }));
  const { etag, data } = await goals.get(goal.id).withResponse();
  return goals.update(goal.id, { name: 'New', condition: data.condition, if_match: etag ?? '*' });
}

// What a newer server may say, and may be told.
export const role: api.Role = 'AUDITOR';
export const cause: api.ReportRun['cause'] = 'RETRY';
export const query: api.GetMetricsData['query'] = { interval: 'FORTNIGHT' };

export const verified: Promise<unknown> = verify('{}', new Headers(), 'whsec_YQ==');
"""
# Each is wrong by itself: a value, a name, a missing field, and something that an answer does not have.
WRONG = [
    ("client.goals.list({ kind: 'CLICK' });", "'\"CLICK\"' is not assignable"),
    ("client.goals.list({ website: 'a' });", "'website' does not exist"),
    ("client.websites.create({ name: 'Shop' });", "'domain' is missing"),
    ("(await client.workspace.get()).colour;", "'colour' does not exist"),
]
# Runs programs one after the other, each against an address of its own.
PROGRAMS = """
for (const [name, url] of JSON.parse(process.argv[2])) {
  process.env.CLOUDMETRICS_BASE_URL = url;
  await import(`./${name}`);
}
"""
WAITING_FOR_WEEKS = """
import { CloudMetrics } from '@cloudmetrics/api-client';

let requests = 0;
async function fetch() {
  requests += 1;
  return new Response(null, { status: 429, headers: { 'Retry-After': '2600000' } });
}
const buffer = new CloudMetrics({ apiKey: 'a', fetch }).buffer({ interval: 1 });
await buffer.add({ name: 'pageview', website_id: 'a', visitor_id: 'b' });
await new Promise((resolve) => setTimeout(resolve, 200));
console.log(requests, buffer.size);
process.exit();
"""
ONE_OPERATION = """
import { Client } from '@cloudmetrics/api-client/client';
import { Goals } from '@cloudmetrics/api-client/goals';

new Goals(new Client({ apiKey: 'a' })).get('b').then(console.log);
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tarball."""
    return packing.tarball(tmp_path_factory.mktemp("packed"))


@pytest.fixture(scope="module")
def project(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the package in it and nothing else."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    command = [NODE, NPM, "install", "--offline", "--silent", "--no-audit", "--no-fund", packed]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment())
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


def environment(**more: str) -> dict[str, str]:
    """Node.js where npm looks for it."""
    return {**os.environ, "PATH": f"{Path(NODE).parent}:{os.environ['PATH']}", **more}


def ran(project: Path, name: str, program: str, *arguments: str, **environ: str) -> list[str]:
    """The lines that a program prints."""
    (project / name).write_text(program, encoding="utf-8")
    ended = subprocess.run(
        [NODE, name, *arguments],
        cwd=project,
        env=environment(**environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def checked(project: Path, name: str, program: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What the compiler says of a program."""
    (project / name).write_text(program, encoding="utf-8")
    libraries = ["--lib", "es2022,dom,dom.iterable"]
    command = [NODE, COMPILER, "--strict", "--noEmit", "--target", "es2022", *libraries, *options, name]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_the_tarball_has_what_is_needed_and_the_contracts_version(packed):
    assert packed.name == f"cloudmetrics-api-client-{contract().version}.tgz"
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}

    wanted = {
        f"dist/{kind}/{module.relative_to(JAVASCRIPT / 'src').with_suffix(suffix)}"
        for kind in ("esm", "cjs")
        for module in (JAVASCRIPT / "src").rglob("*.ts")
        for suffix in (".js", ".d.ts")
    }
    assert wanted | {"README.md", "package.json", "dist/cjs/package.json", "dist/esm/package.json"} == names


def test_it_depends_on_nothing(project):
    installed = [each.name for each in (project / "node_modules").iterdir() if not each.name.startswith(".")]
    assert installed == ["@cloudmetrics"]
    told = json.loads((project / "node_modules/@cloudmetrics/api-client/package.json").read_text())
    assert "dependencies" not in told


@pytest.mark.parametrize(
    "options",
    [("--module", "nodenext"), ("--module", "esnext", "--moduleResolution", "bundler")],
    ids=["node", "bundler"],
)
def test_a_strict_program_type_checks(project, options):
    ended = checked(project, "consumer.ts", CONSUMER, *options)
    assert ended.returncode == 0, ended.stdout

    ended = checked(project, "consumer.cts", CONSUMER, *options)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(("line", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_program_does_not(project, line, said):
    head = "import { CloudMetrics } from '@cloudmetrics/api-client';\nconst client = new CloudMetrics();\n"
    ended = checked(project, "wrong.ts", head + line, "--module", "nodenext")

    assert ended.returncode != 0
    assert said in ended.stdout
    assert {row.split("(")[0] for row in ended.stdout.splitlines() if ": error " in row} == {"wrong.ts"}


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.mjs", "import { CloudMetrics } from '@cloudmetrics/api-client';"),
        ("a.cjs", "const { CloudMetrics } = require('@cloudmetrics/api-client');"),
    ],
    ids=["esm", "cjs"],
)
def test_the_installed_package_answers_from_a_real_server(project, live, name, head):
    program = f"{head}\nnew CloudMetrics().workspace.get().then(({{ name }}) => console.log(name));"
    told = ran(project, name, program, CLOUDMETRICS_API_KEY=live.key, CLOUDMETRICS_BASE_URL=live.url)
    assert told == ["Acme Ltd"]


def test_a_buffer_that_is_told_to_wait_for_weeks_does_not_come_back_at_once(project):
    assert ran(project, "weeks.mjs", WAITING_FOR_WEEKS) == ["1 1"]


@pytest.mark.requirement("DF-9")
def test_the_readme_does_what_it_says(project, live):
    printed = ran(
        project,
        "readme.mjs",
        "\n".join(programs(JAVASCRIPT / "README.md", "js")),
        CLOUDMETRICS_API_KEY=live.key,
        CLOUDMETRICS_BASE_URL=live.url,
    )

    assert printed[0] == "0"
    assert printed[1].startswith("Large orders 20")
    assert "2 0 0" in printed
    assert "/name Must be at least 1 character long." in printed
    assert "[ 'Shop' ]" in printed
    assert printed[-1] == "1"


@pytest.mark.requirement("DF-9", "CM-14")
@pytest.mark.parametrize("resource", contract().resources, ids=lambda resource: resource.name)
def test_each_program_of_a_page_calls_its_operation(project, server, resource):
    cases = [operation_case(method) for method in resource.methods]
    told = []
    for case, program in zip(cases, shown(resource, "js"), strict=True):
        (project / f"{case.name}.mjs").write_text(program, encoding="utf-8")
        told.append((f"{case.name}.mjs", server.play(case.name, case.server)))

    ran(project, "programs.mjs", PROGRAMS, json.dumps(told), CLOUDMETRICS_API_KEY="cm_test_suite")

    assert [wrong for case in cases for wrong in judging.wire(case, server.seen(case.name))] == []


def test_one_operation_is_a_small_bundle(project):
    command = [NODE, ROOT / "scripts/node/bundle.cjs", project]
    bundle = subprocess.run(command, input=ONE_OPERATION.encode(), check=True, capture_output=True).stdout

    assert len(gzip.compress(bundle)) < 10_000
    # Nothing of other resources, and nothing of Node.js.
    assert b"/v1/dashboards" not in bundle
    assert not re.search(rb"\brequire\(|node:", bundle)
