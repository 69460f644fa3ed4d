"""Prints every requirement with the tests that prove it, and the ones that no test proves.

The lines come from docs/requirements.md, the tests from the marks in tests/:
`@pytest.mark.requirement("CM-5")` on a function, a class, a parameter set, or as `pytestmark`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"\|\s*([A-Z][A-Z0-9]*-\d+)\s*\|\s*(.+?)\s*\|\s*")
WIDTH = 80
INDENT = " " * 7

Function = ast.FunctionDef | ast.AsyncFunctionDef


def requirements(page: Path = ROOT / "docs" / "requirements.md") -> dict[str, str]:
    """Id → text, in the page's order."""
    rows = (ROW.fullmatch(line) for line in page.read_text(encoding="utf-8").splitlines())
    return {row[1]: row[2] for row in rows if row}


def proofs(tests: Path = ROOT / "tests") -> dict[str, list[str]]:
    """Id → `file: what the test says`, for every id that a test is marked with."""
    found: dict[str, list[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name, ids in _marked(tree.body, _module_ids(tree)):
            for each in sorted(ids):
                found.setdefault(each, []).append(f"{path.relative_to(tests)}: {_sentence(name)}")
    return found


def _marked(body: list[ast.stmt], inherited: set[str]) -> Iterator[tuple[str, set[str]]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            own: set[str] = set().union(*map(_ids, node.decorator_list))
            yield from _marked(node.body, inherited | own)
        elif isinstance(node, Function) and node.name.startswith("test"):
            yield node.name, inherited | _ids(node)


def _module_ids(tree: ast.Module) -> set[str]:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return {found for node in assigned for found in _ids(node)}


def _ids(node: ast.AST) -> set[str]:
    """The ids of every `…mark.requirement(…)` within a node."""
    calls = (
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "requirement"
    )
    return {str(part.value) for call in calls for part in call.args if isinstance(part, ast.Constant)}


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def table(texts: dict[str, str], proven: dict[str, list[str]]) -> Iterator[str]:
    """The lines to print, none wider than 80 columns."""
    for each, text in texts.items():
        yield from wrap(text, WIDTH, initial_indent=f"{each:<{len(INDENT)}}", subsequent_indent=INDENT)
        for test in proven.get(each, []):
            yield from wrap(test, WIDTH, initial_indent=f"{INDENT}✓ ", subsequent_indent=f"{INDENT}  ")
    gaps = [each for each in texts if each not in proven]
    yield ""
    yield f"{len(texts) - len(gaps)} of {len(texts)} requirements have a test."
    if gaps:
        yield from wrap("Without a test: " + " ".join(gaps), WIDTH)
    for unknown in sorted(set(proven) - set(texts)):
        yield f"{unknown} is marked in {proven[unknown][0].partition(':')[0]}, but is no requirement."


if __name__ == "__main__":
    sys.stdout.write("\n".join(table(requirements(), proofs())) + "\n")
