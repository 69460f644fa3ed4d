"""People, and what can go wrong when they come in.

SignInFailed             a wrong address, password or code: which, is not told
SecondFactorRequired     the password is right, and a code is wanted besides
TooManyAttempts          slow down
InvalidToken             a one-time token that is unknown, used or too old
WeakPassword             a password that is too short, too long or the address itself
EmailTaken, InvalidEmail
SecondFactorPresent, WrongCode
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cloudmetrics.platform.caller import Role

# Whether an address exists shows only when something is sent to it.
EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}")

LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class User:
    """A person, known by an e-mail address in lower case.

    Sessions and tokens that began before `sessions_after` are over.
    """

    id: UUID
    email: str
    created_at: datetime
    sessions_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """That a person belongs to a workspace. `deleted_at` is set while it waits to be removed for good."""

    workspace_id: UUID
    name: str
    role: Role
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor that is not confirmed yet: its secret, in base 32, and the address for a QR code."""

    secret: str
    uri: str


class EmailTaken(Exception):
    """Somebody has an account with this e-mail address already."""


class InvalidEmail(Exception):
    """This is no e-mail address."""


class SignInFailed(Exception):
    """The address, the password or the code is wrong; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("The e-mail address, the password or the code is wrong.")


class SecondFactorRequired(Exception):
    """The password is right; the same again with a code."""

    def __init__(self) -> None:
        super().__init__("A code of the second factor is needed.")


class TooManyAttempts(Exception):
    """There were too many attempts, right or wrong; `retry_after` says in how many seconds to go on."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class InvalidToken(Exception):
    """The token is unknown, was used, or is too old."""

    def __init__(self) -> None:
        super().__init__("This link was used already, or is too old. Ask for a new one.")


class WeakPassword(Exception):
    """The password is too short, too long, or the e-mail address."""


class SecondFactorPresent(Exception):
    """There is a second factor already; it has to be removed first."""

    def __init__(self) -> None:
        super().__init__("There is a second factor already. Remove it before you set up another.")


class WrongCode(Exception):
    """The code is not the one of this moment, or was used already."""

    def __init__(self) -> None:
        super().__init__("The code is wrong, or was used already.")


def normal_email(email: str) -> str:
    """The form in which an address is kept and looked up. Raises InvalidEmail."""
    address = email.strip().lower()
    if not EMAIL.fullmatch(address):
        raise InvalidEmail(f"`{email}` is no e-mail address.")
    return address


def typed_email(email: str) -> str:
    """The form in which an address is looked up, whatever was typed; what cannot be one finds nobody."""
    text = email.strip().lower()[:LONGEST_EMAIL]
    return text.encode("utf-8", "replace").decode().replace("\x00", "?")
