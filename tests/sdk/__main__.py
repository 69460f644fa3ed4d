"""python -m tests.sdk LANGUAGE [NAME]: runs the cases whose names begin with NAME, and prints what failed.

python -m tests.sdk --json prints all cases as JSON, for a look at what a runner is told.
"""

from __future__ import annotations

import dataclasses
import json
import sys

from tests.sdk.running import RUNNERS, running, wrong
from tests.sdk.server import serving
from tests.sdk.suite import cases, named


def main(language: str, prefix: str = "") -> int:
    """0 where all cases passed."""
    failed = passed = 0
    with serving() as server, running(language) as runner:
        for case in named(prefix):
            if case.live:
                continue
            sentences = wrong(case, runner, server, case.name)
            failed, passed = failed + bool(sentences), passed + (not sentences)
            for sentence in sentences:
                print(f"{case.name}: {sentence}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--json"]:
        print(json.dumps([dataclasses.asdict(case) for case in cases()], indent=1))
    elif len(sys.argv) < 2 or sys.argv[1] not in RUNNERS:
        sys.exit(f"{__doc__}\nLANGUAGE is one of {', '.join(RUNNERS)}.")
    else:
        sys.exit(main(*sys.argv[1:]))
