"""Lint: Spectral judges the bundle by .spectral.yml; its findings lead back to the lines people wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import yaml

from cloudmetrics.gates import tools
from cloudmetrics.gates.models import Finding, GateBroken, Project, Result

# What Spectral exits with when it has looked: 0 without findings, 1 with.
LOOKED = (0, 1)
PAGE = "https://docs.stoplight.io/docs/spectral/4dec24461f3af-open-api-rules"


def look(project: Project) -> Result:
    """Errors and warnings alike refuse the contract. Raises GateBroken."""
    rules = project.root / ".spectral.yml"
    own = own_rules(rules)
    findings = [
        Finding(project.contract.sources.where(found["path"]), found["code"], *explain(found, own))
        for found in judge(rules, [project.bundle_file])
    ]
    return Result(tuple(dict.fromkeys(findings)), f"{len(own)} rules of ours, and those of OpenAPI")


def judge(rules: Path, documents: Sequence[Path]) -> list[dict[str, Any]]:
    """Spectral's findings: `code`, `path`, `message` and `source` of each. Raises GateBroken."""
    finished = tools.node(
        tools.SPECTRAL,
        "lint",
        *documents,
        *("--ruleset", rules, "--format", "json", "--quiet", "--fail-severity", "hint"),
    )
    try:
        if finished.returncode not in LOOKED:
            raise ValueError
        findings: list[dict[str, Any]] = orjson.loads(finished.stdout or "[]")
    except ValueError:
        said = (finished.stderr or finished.stdout).strip()[-500:]
        raise GateBroken(f"Spectral could not work by {rules.name}: {said}") from None
    return findings


def own_rules(ruleset: Path) -> dict[str, str]:
    """The rules that a ruleset adds, each with its description."""
    rules = yaml.safe_load(ruleset.read_text(encoding="utf-8")).get("rules", {})
    return {
        name: rule["description"]
        for name, rule in rules.items()
        if isinstance(rule, dict) and "given" in rule
    }


def explain(found: dict[str, Any], own: dict[str, str]) -> tuple[str, str]:
    """Cause and cure. The message of a rule of ours is its cure, and its description the cause."""
    if found["code"] in own:
        return own[found["code"]].rstrip("."), found["message"]
    return found["message"], f"the rule is explained at {PAGE}"
