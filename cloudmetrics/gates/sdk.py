"""SDKs: generated_sdks/ was made from this contract, whole, and by nobody's hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from cloudmetrics.gates.models import Finding, NothingToDo, Project, Result

FOLDER = "generated_sdks"
MANIFEST = f"{FOLDER}/manifest.json"
GENERATED = "generated"
# Below these, what has the name was made by tools of the languages, and is not committed.
NOT_MADE = {"__pycache__", "dist", "node_modules"}
CURE = "run `make sdks`, and commit what it makes"


def look(project: Project) -> Result:
    """Raises NothingToDo where there are no SDKs."""
    noted = manifest(project.root)
    if noted is None:
        raise NothingToDo(f"there is no {MANIFEST} yet; `make sdks` writes it")
    findings = [*_another_contract(project, noted), *_not_whole(project, noted), *_edited(project, noted)]
    return Result(
        tuple(findings), f"{', '.join(noted['languages'])} of contract {noted['contract']['version']}"
    )


def manifest(root: Path) -> dict[str, Any] | None:
    """What `make sdks` noted, if it ever ran."""
    path = root / MANIFEST
    noted: dict[str, Any] | None = orjson.loads(path.read_bytes()) if path.exists() else None
    return noted


def contract_hash(project: Project) -> str:
    """Equal for equal contracts, however their files are laid out. Raises ContractInvalid."""
    errors = project.root / "spec" / "errors.yaml"
    digest = hashlib.sha256(orjson.dumps(project.contract.bundle, option=orjson.OPT_SORT_KEYS))
    digest.update(errors.read_bytes() if errors.exists() else b"")
    return digest.hexdigest()


def files_hash(folder: Path) -> str:
    """Equal for equal generated files: all that lie below a folder `generated`."""
    digest = hashlib.sha256()
    for path in sorted(generated(folder)):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def generated(folder: Path) -> Iterator[Path]:
    """The generated files of an SDK."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if GENERATED in parts[:-1] and path.is_file() and not NOT_MADE & set(parts):
            yield path


def _another_contract(project: Project, noted: dict[str, Any]) -> Iterator[Finding]:
    if noted["contract"]["sha256"] != contract_hash(project):
        cause = f"{FOLDER} was made from another contract than this one"
        yield Finding(f"{MANIFEST}:1:1", "sdk-contract", cause, CURE)


def _not_whole(project: Project, noted: dict[str, Any]) -> Iterator[Finding]:
    count = len(list(project.operations()))
    for language, facts in noted["languages"].items():
        if facts["operations"] not in (count, None):
            cause = f"the {language} SDK has {facts['operations']} operations of {count}"
            yield Finding(f"{MANIFEST}:1:1", "sdk-operations", cause, CURE)


def _edited(project: Project, noted: dict[str, Any]) -> Iterator[Finding]:
    for language, facts in noted["languages"].items():
        if facts["sha256"] != files_hash(project.root / FOLDER / language):
            cause = f"generated files of {FOLDER}/{language} are not what the generator wrote"
            cure = f"change the generator in cloudmetrics/sdks, never its output; {CURE}"
            yield Finding(f"{FOLDER}/{language}:1:1", "sdk-edited", cause, cure)
