"""`make dev`: how long after a file was saved its contract is live, and what is wrong with it is told.

The contract is this product's own, with paths copied until there are 150 operations. A
file counts as live when the pages of the documentation hear of it.
"""

import asyncio
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import machine
from bench.report import Figure, against_bar
from bench.servers import PROJECT
from cloudmetrics.app import create_app
from cloudmetrics.contract import Contract
from cloudmetrics.development.app import Development
from cloudmetrics.development.building import Builder
from cloudmetrics.development.live import Running
from cloudmetrics.development.spectral import Spectral
from cloudmetrics.gates import tools
from cloudmetrics.platform.config import Settings

OPERATIONS = 150
BAR_MS = 300.0
# What a file ends with when it is saved.
MORE = "# New.\n"
BROKEN = "broken: [\n"
# What is saved, and how far it reaches.
SAVED = {
    "a path": "paths/goals.yaml",
    "a schema of one resource": "components/schemas/Goal.yaml",
    "the table of contents": "openapi.yaml",
    "a schema of every operation": "components/schemas/Problem.yaml",
}
ENTRY = re.compile(r"^  (/v1/[^:]+): .*paths/(.+\.yaml)", re.MULTILINE)


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One table of medians and worst cases, in milliseconds."""
    machine.pin(machine.CORES)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return [asyncio.run(_measure(Path(folder), 4 * rounds, tell))]
    finally:
        machine.pin(machine.LOAD_CORES)


async def _measure(folder: Path, rounds: int, tell: Callable[[str], None]) -> Figure:
    spec = write_contract(folder)
    settings = Settings(
        database_url="postgresql://nobody@localhost/none",
        redis_url="redis://localhost:1",
        secret_key=b"a secret key that only the benchmark knows",
    )
    builder = Builder(spec / "openapi.yaml", PROJECT / "handlers", partial(create_app, settings))
    app = Development(builder, lambda _: None)
    table = Figure("", ["saved, until it is live", "median ms", "worst ms", "bar"])
    async with Running(app):
        await asyncio.sleep(0.5)
        for what, file in SAVED.items():
            tell(what)
            took = [await _until_told(app, spec / file, MORE) for _ in range(rounds)]
            table.rows.append(_row(what, took))
        tell("a path that is broken")
        took = []
        for _ in range(rounds):
            took.append(await _until_told(app, spec / SAVED["a path"], BROKEN))
            await _until_told(app, spec / SAVED["a path"], MORE)
        table.rows.append(_row("a path that is broken, until told", took))
    contract = builder.contract
    assert contract is not None
    table.title = f"make dev, {len(contract.operations)} operations in {len(contract.documents.texts)} files"
    if tools.SPECTRAL.exists():
        tell("Spectral")
        median, worst = await _verdicts(folder, contract, rounds)
        table.notes.append(f"Spectral's verdict takes {median:.1f} s after that, {worst:.1f} s at worst.")
    return table


def _row(what: str, took: list[float]) -> list[str]:
    median = 1000 * statistics.median(took)
    return [what, f"{median:.0f}", f"{1000 * max(took):.0f}", against_bar(median, BAR_MS, at_least=False)]


async def _until_told(app: Development, path: Path, more: str) -> float:
    """Saves a file with another end, and waits until the pages hear of what came of it; seconds."""
    news = app.pages.next_news()
    began = time.perf_counter()
    _extend(path, more)
    await news
    return time.perf_counter() - began


def _extend(path: Path, more: str) -> None:
    text = path.read_text(encoding="utf-8").removesuffix(BROKEN)
    path.write_text(text + more, encoding="utf-8")


async def _verdicts(folder: Path, contract: Contract, rounds: int) -> tuple[float, float]:
    """Median and worst, in seconds, of a Spectral that has judged once."""
    spectral = Spectral(PROJECT / ".spectral.yml", folder)
    took = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        await spectral.judge(contract)
        took.append(time.perf_counter() - began)
    await spectral.close()
    return statistics.median(took[1:]), max(took[1:])


def write_contract(folder: Path) -> Path:
    """A copy of our spec/, with paths copied under other names until it has OPERATIONS operations."""
    spec = folder / "spec"
    shutil.copytree(PROJECT / "spec", spec)
    root = (spec / "openapi.yaml").read_text(encoding="utf-8")
    paths = {url: (spec / "paths" / file).read_text(encoding="utf-8") for url, file in ENTRY.findall(root)}
    count, entries, number = sum(map(_operations, paths.values())), "", 1
    while count < OPERATIONS:
        number += 1
        for url, text in paths.items():
            if count >= OPERATIONS:
                break
            file = f"copy-{number}_{url.removeprefix('/v1/').replace('/', '_')}.yaml"
            (spec / "paths" / file).write_text(
                re.sub(r"(operationId: \S+)", rf"\1-{number}", text), encoding="utf-8"
            )
            entries += f"  '/v1/copy-{number}{url.removeprefix('/v1')}': {{$ref: 'paths/{file}'}}\n"
            count += _operations(text)
    # The paths come last but for the components.
    (spec / "openapi.yaml").write_text(root.replace("\npaths:\n", f"\npaths:\n{entries}"), encoding="utf-8")
    return spec


def _operations(text: str) -> int:
    return len(re.findall(r"^  operationId:", text, re.MULTILINE))
