"""python -m cloudmetrics.gates.tables [--grow]: writes the tables anew that follow from the contract."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cloudmetrics.gates import authorization, coverage
from cloudmetrics.gates.models import Project

HERE = Path(__file__).parents[2]
SHOWN = 20
EMPTY = coverage.Table({}, {})


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where both tables are written; 1 where more would be untested than before, and nothing was said."""
    parser = argparse.ArgumentParser(prog="python -m cloudmetrics.gates.tables", description=__doc__)
    parser.add_argument("--grow", action="store_true", help="let more be untested than before")
    parser.add_argument("--project", type=Path, default=HERE, help="the folder with the contract")
    options = parser.parse_args(arguments)
    project = Project(options.project.resolve())
    (project.root / authorization.FILE).write_text(authorization.table(project), encoding="utf-8")
    before = coverage.read(project.root) or EMPTY
    after = coverage.renewed(coverage.promised(project), before, coverage.seen_before(project.root))
    more = coverage.grown(before, after)
    if more and not options.grow:
        print(f"No test of this checkout has seen these {len(more)} yet:", file=sys.stderr)
        print(*(f"  {each}" for each in more[:SHOWN]), sep="\n", file=sys.stderr)
        if len(more) > SHOWN:
            print(f"  … and {len(more) - SHOWN} more", file=sys.stderr)
        print("Test them, and run `make tables` again; or list them: `make tables GROW=1`.", file=sys.stderr)
        return 1
    (project.root / coverage.FILE).write_text(coverage.written(after), encoding="utf-8")
    untested = sum(map(len, after.untested.values()))
    print(f"{sum(map(len, after.tested.values()))} answers are tested, {untested} are not.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
