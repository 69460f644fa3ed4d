"""python -m cloudmetrics.exporting --file FILE --website WEBSITE [--key KEY] [--from TIME] [--to TIME]"""

import argparse
import os
import sys
from collections.abc import Sequence

from cloudmetrics.exporting.command import run
from cloudmetrics.platform.config import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exports a website's events from the server that the settings name; returns the exit code."""
    parser = argparse.ArgumentParser(prog="exporting", description="Writes a website's events into a file.")
    parser.add_argument("--file", required=True, help="ends in .ndjson, .ndjson.gz or .parquet")
    parser.add_argument("--website", required=True, help="the website's id, name or domain")
    parser.add_argument("--key", default="", help="an API key; else KEY, else those of the demo")
    parser.add_argument("--from", dest="start", default="", help="only from this moment on, with an offset")
    parser.add_argument("--to", dest="end", default="", help="only before this moment")
    options = parser.parse_args(arguments)
    try:
        settings = Settings.load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return run(
        options.file,
        options.website,
        options.key or os.environ.get("KEY", ""),
        period={"from": options.start, "to": options.end},
        base_url=settings.base_url,
        data_dir=settings.data_dir,
    )


if __name__ == "__main__":
    raise SystemExit(main())
