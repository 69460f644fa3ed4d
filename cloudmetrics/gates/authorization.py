"""Authorization: which scope each operation asks for, and which roles have it, as one table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

import yaml

from cloudmetrics.accounts.roles import SCOPES_OF
from cloudmetrics.gates.models import Finding, Project

FILE = "docs/authorization.md"
FORBIDDEN = 403
HEADER = """\
# Who may do what

Each operation, the scopes that its credential needs, and the roles whose people may have them. An API key has
the scopes that it was given, and never more than whoever made it. What is asked beyond the scope is under
"also", by the code of its refusal. `make tables` writes this page from the contract.

"""


def table(project: Project) -> str:
    """The page. Raises ContractInvalid."""
    codes = _codes(project)
    lines = [f"| operation | scopes | {' | '.join(map(str.lower, SCOPES_OF))} | also |"]
    lines.append(f"|---|---|{'---|' * len(SCOPES_OF)}---|")
    for _, _, operation in sorted(project.operations(), key=lambda each: each[2]["operationId"]):
        lines.append(_row(operation, codes))
    return HEADER + "\n".join(lines) + "\n"


def _row(operation: Mapping[str, Any], codes: list[str]) -> str:
    scopes = sorted({scope for option in operation["security"] for each in option.values() for scope in each})
    roles = ["✓" if set(scopes) <= held else "" for held in SCOPES_OF.values()]
    also = [code for code in codes if f"`{code}`" in operation.get("description", "")]
    cells = [f"`{operation['operationId']}`", _listed(scopes), *roles, _listed(also)]
    return f"| {' | '.join(cells)} |"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _codes(project: Project) -> list[str]:
    """The codes of refusals that a scope does not mend, as the registry lists them."""
    path = project.root / "spec" / "errors.yaml"
    registry = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return [each["code"] for each in registry if each["status"] == FORBIDDEN]


def drifted(project: Project) -> Iterator[Finding]:
    """The first line of the page that says something else than the contract, where there is a page."""
    path = project.root / FILE
    if not path.exists():
        return
    says, wanted = path.read_text(encoding="utf-8").splitlines(), table(project).splitlines()
    lines = enumerate(zip_longest(says, wanted, fillvalue="nothing more"), 1)
    for number, (_, meant) in [each for each in lines if each[1][0] != each[1][1]][:1]:
        cause, cure = f"the contract says here: {meant}", "run `make tables`, and look at what changed"
        yield Finding(f"{FILE}:{number}:1", "authorization", cause, cure)
