"""python -m cloudmetrics.sdks: makes generated_sdks/ from the contract, all languages at once."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from cloudmetrics.gates.models import Project
from cloudmetrics.gates.sdk import FOLDER
from cloudmetrics.sdks import manifest
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
    try:
        for each in made:
            each.result()
    except GeneratorFailed as error:
        print(f"cloudmetrics: {error}", file=sys.stderr)
        return 1
    noted = manifest.write(project, contract, target)
    for name, facts in noted["languages"].items():
        what = "types alone" if facts["operations"] is None else f"{facts['operations']} operations"
        print(f"{FOLDER}/{name}: {what}, {facts['files']} generated files")
    print(f"made in {time.perf_counter() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
