"""The commands behind make, and the worker."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cloudmetrics.platform.config import Settings, SettingsError
from cloudmetrics.platform.processes import StartupError


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="cloudmetrics", description="The CloudMetrics API.", allow_abbrev=False
    )
    commands = root.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything and stay in the foreground")
    commands.add_parser("dev", help="the same, and whatever is saved is live at once")
    commands.add_parser("mock", help="answer the whole contract from its examples, without stores")
    commands.add_parser("worker", help="run background jobs, beside a server that runs already")
    jobs = commands.add_parser("jobs", help="list jobs that failed for good, or let them begin anew")
    jobs.add_argument("action", choices=["list", "retry"])
    jobs.add_argument("ids", nargs="*", type=int, metavar="ID", help="jobs to retry; none: all")
    commands.add_parser("fill-demo", help="load the demo traffic into a running server")
    owner = commands.add_parser("owner", help="make the first account, its workspace and a key")
    owner.add_argument("--email", required=True)
    owner.add_argument("--workspace", default="", help="the workspace's name; else the e-mail's domain")
    limits = commands.add_parser("limits", help="give a workspace limits of its own")
    limits.add_argument("--workspace", required=True, help="the workspace's id")
    limits.add_argument("changes", nargs="*", help="such as requests=5000/minute, agent=20, events=plan")
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
    if options.command in ("run", "dev", "mock"):
        service = import_module(f"cloudmetrics.cli.{options.command}")
        exit_code: int = getattr(service, options.command)(settings)
        return exit_code
    if options.command == "fill-demo":
        from cloudmetrics.cli.demo import fill

        return fill(settings)
    if options.command == "worker":
        from cloudmetrics.cli.worker import work

        return work(settings)
    if options.command == "jobs":
        from cloudmetrics.cli import jobs

        return jobs.retry(settings, options.ids) if options.action == "retry" else jobs.show(settings)
    if options.command == "limits":
        from cloudmetrics.cli.limits import change_limits

        return change_limits(settings, options.workspace, options.changes)
    from cloudmetrics.cli.owner import make_owner

    # Not an argument, because every user of the machine can read those.
    password = os.environ.get("PASSWORD", "")
    return make_owner(settings, options.email, options.workspace, password)
