"""python -m cloudmetrics.development.scaffold: the first lines of whatever operations still lack.

Each operation without a handler gets one that takes what the contract gives and raises
NotImplementedError, which the gate `drift` tells until somebody writes it; a test of its
success, which fails until then; and its line in docs/authorization.md. The pages of the
documentation draw themselves from the contract. Nothing that is there is changed.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cloudmetrics.contract import Contract, ContractInvalid, Operation
from cloudmetrics.contract.handlers import snake
from cloudmetrics.contract.parameters import Parameter
from cloudmetrics.contract.shapes import Shapes
from cloudmetrics.gates import authorization
from cloudmetrics.gates.drift import handlers
from cloudmetrics.gates.models import Project

HERE = Path(__file__).parents[2]
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list[Any]"}
IMPORTS = """\
from __future__ import annotations

from typing import Any

from cloudmetrics.platform.caller import Caller
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where all is there now, 1 where the contract is unsound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=HERE, help="the folder with the contract")
    project = Project(parser.parse_args(arguments).project.resolve())
    try:
        made = list(scaffold(project))
    except ContractInvalid as error:
        print(error, file=sys.stderr)
        return 1
    print(*(made or ["Every operation has its handler."]), sep="\n")
    return 0


def scaffold(project: Project) -> Iterator[str]:
    """Writes what is missing, and tells of each. Raises ContractInvalid."""
    contract = project.contract
    there = dict(handlers(project.root / "handlers"))
    for operation in contract.operations:
        module, name = snake(operation.tag), snake(operation.id)
        if (module, name) in there:
            continue
        path = project.root / "handlers" / f"{module}.py"
        title = f'"""{operation.tag}: the operations of this tag."""\n\n{IMPORTS}'
        _append(path, title, handler(contract, operation))
        yield f"handlers/{path.name}: {name}"
        test = project.root / "tests" / "integration" / f"test_{module}.py"
        if not test.exists() or f"test_{name}" not in _functions(test):
            _append(test, f'"""{operation.tag} over HTTP."""\n', first_test(contract, operation))
            yield f"tests/integration/{test.name}: test_{name}"
    page = project.root / authorization.FILE
    if page.exists() and list(authorization.drifted(project)):
        page.write_text(authorization.table(project), encoding="utf-8")
        yield f"{authorization.FILE}: what each operation asks for"


def handler(contract: Contract, operation: Operation) -> str:
    """A handler that takes all that the operation declares, and says that it is not written."""
    shapes = Shapes(contract.documents)
    taken = ["caller: Caller"] if operation.security else []
    taken += [f"{each.argument}: {type_of(shapes, each)}" for each in operation.parameters if _needed(each)]
    if "requestBody" in contract.documents.at(operation.place):
        taken.append("body: dict[str, Any]")
    name = snake(operation.id)
    return (
        f"async def {name}({', '.join(taken)}) -> Any:\n"
        f"    # {operation.method} {operation.path}: {operation.summary}\n"
        f'    raise NotImplementedError("{operation.id} is not written yet")\n'
    )


def _needed(parameter: Parameter) -> bool:
    """Headers and cookies are taken by whoever wants them."""
    return parameter.location in ("path", "query")


def type_of(shapes: Shapes, parameter: Parameter) -> str:
    """A parameter's type as Python writes it; what may be absent may be None."""
    names = shapes.types(parameter.schema) if parameter.schema else set()
    known = sorted({TYPES.get(name, "Any") for name in names - {"null"}}) or ["Any"]
    has_default = parameter.schema is not None and shapes.default(parameter.schema) is not None
    return " | ".join([*known, *([] if parameter.required or has_default else ["None"])])


def first_test(contract: Contract, operation: Operation) -> str:
    """A test of the operation's success, which fails until there is a handler."""
    statuses = [str(status) for status in contract.documents.at(operation.place)["responses"]]
    status = next((each for each in statuses if each.startswith("2")), "200")
    url = re.sub(r"\{(\w+)\}", r"{\1}", operation.path)
    ids = re.findall(r"\{(\w+)\}", operation.path)
    lines = [f"async def test_{snake(operation.id)}(client):"]
    lines += [f'    {name} = "the id of something that this test made"' for name in ids]
    json = ", json={}" if "requestBody" in contract.documents.at(operation.place) else ""
    quoted = f'f"{url}"' if ids else f'"{url}"'
    lines.append(f"    response = await client.{operation.method.lower()}({quoted}{json})")
    lines.append(f"    assert response.status_code == {status}, response.text")
    return "\n".join(lines) + "\n"


def _functions(path: Path) -> set[str]:
    nodes: list[Any] = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _append(path: Path, title: str, text: str) -> None:
    """Adds to the end of a file, which begins with the title where there is none yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else title
    path.write_text(f"{before.rstrip()}\n\n\n{text}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
