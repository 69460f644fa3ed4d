"""Valid: the contract is OpenAPI 3.1, every reference leads somewhere, and nothing lies around unused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from openapi_spec_validator import OpenAPIV31SpecValidator

from cloudmetrics.contract import ContractInvalid
from cloudmetrics.gates.models import Finding, Project, Result

FOLDERS = ("paths", "webhooks", "components")


def look(project: Project) -> Result:
    try:
        contract = project.contract
    except ContractInvalid as error:
        return Result(tuple(Finding(each.where, "sound", each.what, each.cure) for each in error.findings))
    findings = [*_foreign_verdict(project), *_unused_files(project)]
    return Result(
        tuple(findings), f"{len(contract.operations)} operations in {len(contract.documents.texts)} files"
    )


def _foreign_verdict(project: Project) -> Iterator[Finding]:
    """What another validator, which shares no code with ours, finds in the bundle."""
    for error in OpenAPIV31SpecValidator(project.contract.bundle).iter_errors():
        where = project.contract.sources.where(list(getattr(error, "absolute_path", ())))
        yield Finding(where, "openapi-3.1", str(error.args[0])[:300], "write it as OpenAPI 3.1 says")


def _unused_files(project: Project) -> Iterator[Finding]:
    spec = project.root / "spec"
    read = {Path(unquote(urlsplit(uri).path)) for uri in project.contract.documents.texts}
    for folder in FOLDERS:
        for path in sorted((spec / folder).rglob("*.yaml")):
            if path.resolve() not in read:
                where = f"{path.relative_to(project.root)}:1:1"
                yield Finding(where, "unused", "nothing refers to this file", "refer to it, or delete it")
