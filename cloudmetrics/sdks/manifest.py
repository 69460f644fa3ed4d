"""generated_sdks/manifest.json: from which contract, by what, and how much was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cloudmetrics.gates.models import Project
from cloudmetrics.gates.sdk import contract_hash, files_hash, generated
from cloudmetrics.sdks.description import Description
from cloudmetrics.sdks.languages import LANGUAGES


def version_of(folder: Path) -> str:
    """The version of the SDKs that were written."""
    noted = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    version: str = noted["contract"]["version"]
    return version


def write(project: Project, contract: Description, folder: Path) -> dict[str, Any]:
    """Writes down what `make sdks` made. The same contract and generators give the same bytes."""
    noted: dict[str, Any] = {
        "contract": {
            "version": contract.version,
            "sha256": contract_hash(project),
            "operations": len(contract.methods),
        },
        "languages": {
            each.name: {
                "operations": each.operations(folder / each.name),
                "files": len(list(generated(folder / each.name))),
                "sha256": files_hash(folder / each.name),
                "generators": each.generators(),
            }
            for each in LANGUAGES
        },
        "methods": {method.full_name: method.operation_id for method in contract.methods},
    }
    (folder / "manifest.json").write_text(json.dumps(noted, indent=2) + "\n", encoding="utf-8")
    return noted
