"""python -m cloudmetrics.importing {log,events} --file FILE --website WEBSITE [--key KEY]
python -m cloudmetrics.importing costs --file FILE [--key KEY] [--on-error {SKIP,ABORT}]

The environment may hold KEY, and SALT (a secret for the visitors' ids): other
users of the machine can read a command's arguments, but not its environment.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from cloudmetrics.importing.bill_command import run_costs
from cloudmetrics.importing.command import run
from cloudmetrics.platform.config import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Imports a file into the server that the settings name; returns the exit code."""
    parser = argparse.ArgumentParser(prog="importing", description="Sends a file to the API.")
    kinds = "an access log, events as CSV or NDJSON, or a cloud bill as FOCUS CSV"
    parser.add_argument("kind", choices=["log", "events", "costs"], help=kinds)
    parser.add_argument("--file", required=True, help="plain or gzip")
    parser.add_argument("--website", default="", help="the website's id, name or domain; not for costs")
    parser.add_argument("--key", default="", help="an API key; else KEY, else those of the demo")
    parser.add_argument("--on-error", default="SKIP", choices=["SKIP", "ABORT"], help="for rows of a bill")
    options = parser.parse_args(arguments)
    if options.kind != "costs" and not options.website:
        parser.error("--website is missing")
    try:
        settings = Settings.load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    key = options.key or os.environ.get("KEY", "")
    where: dict[str, Any] = {"base_url": settings.base_url, "data_dir": settings.data_dir}
    if options.kind == "costs":
        return run_costs(options.file, key, **where, on_error=options.on_error)
    return run(options.kind, options.file, options.website, key, **where, salt=os.environ.get("SALT", ""))


if __name__ == "__main__":
    raise SystemExit(main())
