"""The mails that accounts send. Each says why it comes, so that nobody has to trust a link blindly."""

from __future__ import annotations

from cloudmetrics.platform.mail import Mail

CHANGES = {
    "PASSWORD_SET": "A new password was set for your account.",
    "SECOND_FACTOR_ENABLED": "Your account now asks for a code when you sign in.",
    "SECOND_FACTOR_REMOVED": "Your account does not ask for a code any more when you sign in.",
}


def invitation(to: str, workspace: str, role: str, link: str) -> Mail:
    return Mail(
        to,
        f"You are invited to {_one_line(workspace)} on CloudMetrics",
        f"You are invited to the workspace {_one_line(workspace)}, as {role}.\n\n"
        f"Accept within 7 days:\n{link}\n\n"
        "If you do not know why you get this, do nothing: nobody learns that you did not answer.\n",
    )


def new_password(to: str, link: str) -> Mail:
    return Mail(
        to,
        "Your new password for CloudMetrics",
        f"Somebody, probably you, wants to set a new password.\n\nSet it within an hour:\n{link}\n\n"
        "If it was not you, do nothing: the present password goes on.\n",
    )


def changed_account(to: str, action: str) -> Mail:
    return Mail(
        to,
        "Your account at CloudMetrics was changed",
        f"{CHANGES[action]}\n\n"
        "If that was you, there is nothing to do. If it was not, set a new password at once: whoever\n"
        "is signed in with the old one is out from then on.\n",
    )


def leaked_key(to: str, workspace: str, name: str, ending: str, where: str) -> Mail:
    return Mail(
        to,
        f"An API key of {_one_line(workspace)} was leaked and is revoked",
        f"The API key “{_one_line(name)}” (…{ending}) of the workspace {_one_line(workspace)} was found in\n"
        "public:\n"
        f"{_one_line(where) or 'the place was not told'}\n\n"
        "It has been revoked. Whatever used it is refused now: make a new key for it, and remove\n"
        "the old one from where it was found. The audit log shows what was done with it.\n",
    )


def deleted_workspace(to: str, workspace: str, until: str) -> Mail:
    return Mail(
        to,
        f"The workspace {_one_line(workspace)} was deleted",
        f"The workspace {_one_line(workspace)} was deleted, and its keys open nothing any more.\n\n"
        f"Until {until} an owner can restore it. Then all that was in it is removed for good.\n",
    )


def scarce_events(to: str, workspace: str, month: str, percent: int, limit: int, *, sandbox: bool) -> Mail:
    name = f"{_one_line(workspace)} (sandbox)" if sandbox else _one_line(workspace)
    used_up = percent >= 100
    what = "has used up its events" if used_up else f"has used {percent}% of its events"
    then = (
        "More are refused with EVENT_QUOTA_EXCEEDED until then."
        if used_up
        else "Beyond that they are refused with EVENT_QUOTA_EXCEEDED until then."
    )
    return Mail(
        to,
        f"{name} {what} of {month}",
        f"The workspace {name} {what} of {month}.\n\n"
        f"It may store {limit:,} events a month; the next month begins at 00:00 UTC on its first day.\n"
        f"{then}\n\n"
        "GET /v1/usage shows what was used. A larger plan allows more. This is said once a month.\n",
    )


def _one_line(text: str) -> str:
    """Names that others chose must not look like lines of ours."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:100]
