"""The mails that bring reports."""

from __future__ import annotations

import re

from cloudmetrics.platform.mail import Attachment, Mail
from cloudmetrics.reports.runs.models import Run

MOST_LETTERS = 80


Letter = tuple[Mail, list[Attachment]]


def with_file(to: str, workspace: str, run: Run, pdf: bytes) -> Letter:
    return _letter(to, workspace, run, "It is attached.\n"), [
        Attachment(file_name(run, "pdf"), "application/pdf", pdf)
    ]


def with_link(to: str, workspace: str, run: Run, link: str) -> Letter:
    text = f"Look at it within 30 days; whoever has this link can:\n{link}\n"
    return _letter(to, workspace, run, text), []


def file_name(run: Run, ending: str) -> str:
    """Letters, digits and dashes only, whatever the report is called."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", run.name).strip("-").lower()[:MOST_LETTERS]
    return f"{name or 'report'}-{run.days.end.isoformat()}.{ending}"


def _letter(to: str, workspace: str, run: Run, where: str) -> Mail:
    name, home = _one_line(run.name), _one_line(workspace)
    days = f"{run.days.start.isoformat()} to {run.days.end.isoformat()}"
    return Mail(
        to,
        f"{name}, {days}",
        f"Here is the report {name} of the workspace {home} about {days}.\n{where}\n"
        f"You get it because somebody in {home} named you as a recipient. Ask them to take you"
        " off the list.\n",
    )


def _one_line(text: str) -> str:
    """Names that others chose must not look like lines of ours."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:100]
