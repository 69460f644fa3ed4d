"""The README's example runs, and its tables are the engine's."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloudmetrics.contract import Contract, errors, serve
from cloudmetrics.contract.violations import CODES

README = Path(errors.__file__).parent / "README.md"
TEXT = README.read_text()

pytestmark = [pytest.mark.requirement("B-1", "CM-14")]

ASK = """
import asyncio, httpx
from app import app

async def main():
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        print((await client.get("/greetings/Ann?times=2")).text)
        response = await client.get("/greetings/Ann?times=9")
        print(response.status_code, response.json()["errors"][0]["message"])

asyncio.run(main())
"""


def test_the_example_runs(tmp_path: Path) -> None:
    for name, text in re.findall(r"`([\w/.]+)`\n\n```\w+\n(.*?)```", TEXT, re.DOTALL):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "handlers" / "__init__.py").write_text("")
    (tmp_path / "ask.py").write_text(ASK)

    done = subprocess.run(
        [sys.executable, "ask.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(README.parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines() == ['"Hello Ann, Hello Ann"', "400 Must be at most 3."], done.stderr


def test_the_table_of_errors_is_complete() -> None:
    table = re.findall(r"\| `(\w+)` \| (\d+) \| `(\w+)` \|", TEXT)
    known = {
        (kind.__name__, str(kind.status), kind.code)
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ContractError) and hasattr(kind, "status")
    }
    assert set(table) == known


def test_every_code_of_a_violation_is_told() -> None:
    sources = "".join(path.read_text() for path in README.parent.glob("*.py"))
    used = set(re.findall(r'Violation\(\s*"([A-Z_]+)"', sources)) | set(CODES.values())
    used |= set(re.findall(r'Undecodable\(.*, "([A-Z_]+)"\)', sources)) | {"ENCODING"}
    missing = {code for code in used if f"`{code}`" not in TEXT}
    assert missing == set()


@pytest.mark.parametrize("word", ["x-max-body-bytes", "x-stream-body", "x-allow-nul", "x-selects"])
def test_our_own_words_are_told_and_exist(word: str) -> None:
    assert f"`{word}: " in TEXT
    assert any(f'"{word}"' in path.read_text() for path in README.parent.glob("*.py"))


def test_everything_that_can_be_passed_is_told() -> None:
    for function in (serve, Contract.load):
        for name in set(inspect.signature(function).parameters) - {"contract", "path"}:
            assert re.search(rf"`{name}\b|\b{name}=", TEXT), name
