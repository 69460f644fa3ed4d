"""The commands behind make, and the worker."""

import argparse
import os
import sys
from collections.abc import Sequence

from cloudmetrics.platform.config import Settings, SettingsError
from cloudmetrics.platform.processes import StartupError


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="cloudmetrics", description="The CloudMetrics API.", allow_abbrev=False
    )
    commands = root.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything and stay in the foreground")
    commands.add_parser("worker", help="run background jobs, beside a server that runs already")
    jobs = commands.add_parser("jobs", help="list jobs that failed for good, or let them begin anew")
    jobs.add_argument("action", choices=["list", "retry"])
    jobs.add_argument("ids", nargs="*", type=int, metavar="ID", help="jobs to retry; none: all")
    commands.add_parser("fill-demo", help="load the demo traffic into a running server")
    owner = commands.add_parser("owner", help="make the first account, its workspace and a key")
    owner.add_argument("--email", required=True)
    owner.add_argument("--workspace", default="", help="the workspace's name; else the e-mail's domain")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; what the user can mend is one line on stderr and exit code 1."""
    options = parser().parse_args(arguments)
    try:
        return dispatch(options, Settings.load())
    except (SettingsError, StartupError) as error:
        print(f"cloudmetrics: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # The disk is full, or something of the data folder went missing.
        print(f"cloudmetrics: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def dispatch(options: argparse.Namespace, settings: Settings) -> int:
    """Imports only what the command needs, so that it starts quickly."""
    if options.command == "run":
        from cloudmetrics.cli.run import run

        return run(settings)
    if options.command == "fill-demo":
        from cloudmetrics.cli.demo import fill

        return fill(settings)
    if options.command == "worker":
        from cloudmetrics.cli.worker import work

        return work(settings)
    if options.command == "jobs":
        from cloudmetrics.cli import jobs

        return jobs.retry(settings, options.ids) if options.action == "retry" else jobs.show(settings)
    from cloudmetrics.cli.owner import make_owner

    # Not an argument, because every user of the machine can read those.
    password = os.environ.get("PASSWORD", "")
    return make_owner(settings, options.email, options.workspace, password)
