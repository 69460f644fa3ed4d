"""python -m cloudmetrics.importing {log,events} --file FILE --website WEBSITE [--key KEY]

The environment may hold KEY, and SALT (a secret for the visitors' ids): other
users of the machine can read a command's arguments, but not its environment.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from cloudmetrics.importing.command import run
from cloudmetrics.platform.config import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Imports a file into the server that the settings name; returns the exit code."""
    parser = argparse.ArgumentParser(prog="importing", description="Sends a file to the API as events.")
    parser.add_argument("kind", choices=["log", "events"], help="an access log, or events as CSV or NDJSON")
    parser.add_argument("--file", required=True, help="plain or gzip")
    parser.add_argument("--website", required=True, help="the website's id, name or domain")
    parser.add_argument("--key", default="", help="an API key; else KEY, else those of the demo")
    options = parser.parse_args(arguments)
    try:
        settings = Settings.load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return run(
        options.kind,
        options.file,
        options.website,
        options.key or os.environ.get("KEY", ""),
        base_url=settings.base_url,
        data_dir=settings.data_dir,
        salt=os.environ.get("SALT", ""),
    )


if __name__ == "__main__":
    raise SystemExit(main())
