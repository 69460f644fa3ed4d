"""The JavaScript SDK: types by @hey-api/openapi-ts, resources by a writer of ours."""

from __future__ import annotations

import json
from pathlib import Path

from cloudmetrics.gates.tools import HOME
from cloudmetrics.sdks.description import Description
from cloudmetrics.sdks.javascript import resources, samples, types
from cloudmetrics.sdks.writing import replace

GENERATED = "src/generated"
TOOLS = ("@hey-api/openapi-ts", "typescript")


def write(contract: Description, error_codes: list[dict[str, str]], folder: Path) -> None:
    """Writes the generated part of the SDK into `folder`. Raises GeneratorFailed."""
    codes = [f"  /** {each['title']}. */\n  | {json.dumps(each['code'])}" for each in error_codes]
    files = {
        "types.ts": types.text(contract),
        "errorCodes.ts": "\n".join(
            [
                "/** What went wrong, for programs. A newer server may know more codes. */",
                "export type ErrorCode =",
                *codes,
                "  | (string & {});",
            ]
        ),
        "version.ts": "/** The version of the contract that the SDK was made from, which is its own. */\n"
        f"export const VERSION = {json.dumps(contract.version)};",
    }
    replace(folder / GENERATED, files | resources.files(contract))


def samples_of(contract: Description) -> dict[str, str]:
    """A program per operationId."""
    return {method.operation_id: samples.text(contract, method) for method in contract.methods}


def operations(folder: Path) -> int:
    """How many operations a written SDK has methods for."""
    modules = (folder / GENERATED / resources.FOLDER).glob("*.ts")
    return sum(resources.count(module.read_text(encoding="utf-8")) for module in modules)


def generators() -> dict[str, str]:
    locked = json.loads((HOME / "scripts/node/package.json").read_text(encoding="utf-8"))
    return {name: locked["dependencies"][name] for name in TOOLS}
