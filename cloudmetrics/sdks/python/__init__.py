"""The Python SDK: models by openapi-python-client, resources and their parameters by a generator of ours."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from cloudmetrics.sdks.description import Description
from cloudmetrics.sdks.python import models, params, resources, samples
from cloudmetrics.sdks.python.types import Types
from cloudmetrics.sdks.writing import replace

GENERATED = "cloudmetrics_api/generated"
STYLE = ("--isolated", "--target-version", "py311")


def write(contract: Description, error_codes: list[dict[str, str]], folder: Path) -> None:
    """Writes the generated part of the SDK into `folder`/cloudmetrics_api/generated.

    Raises GeneratorFailed where openapi-python-client makes something else of the contract.
    """
    files = models.files(contract)
    types = Types(contract, models.names(files))
    files |= {f"resources/{name}.py": text for name, text in resources.files(contract, types).items()}
    files["params.py"] = params.text(contract, types)
    files["error_codes.py"] = error_code_text(error_codes)
    files["version.py"] = version_text(contract)
    files["__init__.py"] = '"""Made from the contract; what is written by hand lies beside this folder."""'
    generated = folder / GENERATED
    replace(generated, files)
    tidy(generated)


def samples_of(contract: Description) -> dict[str, str]:
    """A program per operationId, formatted."""
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-sdks-") as folder:
        for method in contract.methods:
            made = samples.text(contract, method)
            Path(folder, f"{method.operation_id}.py").write_text(made, encoding="utf-8")
        tidy(Path(folder), width=80)
        return {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.py"))}


def operations(folder: Path) -> int:
    """How many methods the resources of a written SDK have, the waiting ones."""
    count = 0
    for path in (folder / GENERATED / "resources").glob("[!_]*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("Async"):
                functions = [each for each in node.body if isinstance(each, ast.FunctionDef)]
                count += sum(not each.name.startswith("_") for each in functions)
    return count


def generators() -> dict[str, str]:
    return {name: version(name) for name in ("openapi-python-client", "ruff")}


def error_code_text(codes: list[dict[str, str]]) -> str:
    lines = ['"""Every error code of the API."""', "", "from ..open_enum import OpenEnum", "", ""]
    doc = '    """What went wrong, for programs. A newer server may know more codes."""'
    lines += ["class ErrorCode(OpenEnum):", doc, ""]
    for each in codes:
        lines += [
            f"    {each['code']} = {json.dumps(each['code'])}",
            f"    {json.dumps(each['title'] + '.')}",
            "",
        ]
    return "\n".join(lines)


def version_text(contract: Description) -> str:
    text = '"""The version of the contract that the SDK was made from, which is its own."""\n\n'
    return text + f"VERSION = {json.dumps(contract.version)}"


def tidy(folder: Path, width: int = 110) -> None:
    """Formats the files, and takes out imports that none of them needs; ruff is locked as well."""
    for command in (["check", "--fix-only", "--select", "I,F401,UP"], ["format"]):
        whole = [sys.executable, "-m", "ruff", *command, "--quiet", "--no-cache", *STYLE]
        whole += ["--line-length", str(width), str(folder)]
        subprocess.run(whole, check=True)  # noqa: S603 - the command is our own.
