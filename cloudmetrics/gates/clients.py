"""Clients: those that are out there still work, and those that are about to go out would be taken."""

from __future__ import annotations

import os
import re
import sys

from cloudmetrics.gates import tools
from cloudmetrics.gates.models import Finding, GateBroken, NothingToDo, Project, Result

RELEASED = "tests/sdk/test_released.py"
FAILED = re.compile(r"^(?:FAILED|ERROR) \S+?::(\S+)(?: - (.*))?$", re.MULTILINE)
# pytest's words for "all passed", and for "some did not".
PASSED, NOT_PASSED = 0, 1


def released(project: Project) -> Result:
    """What the released SDK's tests say of today's server. Raises NothingToDo, GateBroken."""
    tests = project.root / RELEASED
    if not tests.exists():
        raise NothingToDo(f"there is no {RELEASED}")
    # Reasons are cut where a line ends.
    environ = {**os.environ, "COLUMNS": "200"}
    ended = tools.run([sys.executable, "-m", "pytest", "-q", "-rfE", "--no-header", tests], environ=environ)
    said = ended.stdout.strip()
    if ended.returncode not in (PASSED, NOT_PASSED):
        raise GateBroken(f"pytest could not run {RELEASED}: {(said or ended.stderr)[-1500:]}")
    cure = "keep what the released contract promised; `pytest " + RELEASED + "` tells all of it"
    findings = tuple(
        Finding(f"{RELEASED}:1:1", "released", f"{name} failed: {why or 'see there'}", cure)
        for name, why in FAILED.findall(said)
    )
    return Result(findings, said.splitlines()[-1])


def packages(project: Project) -> Result:
    """What the registries' own tools say of the packed SDKs. Raises NothingToDo."""
    if not (project.root / "generated_sdks").exists():
        raise NothingToDo("there are no SDKs yet; `make sdks` makes them")
    ended = tools.run([sys.executable, "-m", "cloudmetrics.sdks.packing"])
    if ended.returncode != 0:
        cause = ended.stderr.strip()[-1000:]
        finding = Finding("generated_sdks:1:1", "packages", cause, "mend it until `make packages` passes")
        return Result((finding,), "a registry would not take one")
    return Result(note=f"{len(ended.stdout.splitlines())} packages in build/packages")
