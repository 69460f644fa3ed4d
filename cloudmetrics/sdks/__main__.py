"""python -m cloudmetrics.sdks: makes generated_sdks/ from the contract, all languages at once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from cloudmetrics.gates.models import Project
from cloudmetrics.gates.sdk import FOLDER
from cloudmetrics.sdks import javascript, manifest, python
from cloudmetrics.sdks.bundle import for_clients
from cloudmetrics.sdks.description import describe
from cloudmetrics.sdks.languages import LANGUAGES, GeneratorFailed

HERE = Path(__file__).parents[2]


def main() -> int:
    """0 where everything was made, 1 where a generator failed."""
    begun = time.perf_counter()
    project = Project(HERE)
    contract = describe(for_clients(project.contract.bundle))
    codes = yaml.safe_load((HERE / "spec" / "errors.yaml").read_text(encoding="utf-8"))
    target = HERE / FOLDER
    # Most of the time generators of others are at work, in processes of their own.
    with ThreadPoolExecutor() as threads:
        made = [threads.submit(each.write, contract, codes, target / each.name) for each in LANGUAGES]
    for each in made:
        try:
            each.result()
        except GeneratorFailed as error:
            print(f"cloudmetrics: {error}", file=sys.stderr)
            return 1
    samples = {"Python": python.samples_of(contract), "JavaScript": javascript.samples_of(contract)}
    write_samples(samples, target / "samples.json")
    noted = manifest.write(project, contract, target)
    for name, facts in noted["languages"].items():
        what = "types alone" if facts["operations"] is None else f"{facts['operations']} operations"
        print(f"{FOLDER}/{name}: {what}, {facts['files']} generated files")
    print(f"made in {time.perf_counter() - begun:.1f} s")
    return 0


def write_samples(samples: Mapping[str, Mapping[str, str]], path: Path) -> None:
    """Language → operationId → program, for the documentation, which the server draws from the contract."""
    path.write_text(json.dumps(samples, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
