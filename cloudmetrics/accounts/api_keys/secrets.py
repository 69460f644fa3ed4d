"""The form of an API key: cm_live_ or cm_test_, 30 random characters, 6 that check the rest.

The check lets a mistyped key, or a scanner for leaked ones, be judged without a
look-up. All characters are base62, so that a double click selects the whole key.
"""

from __future__ import annotations

import re
import secrets
import string
from typing import Literal
from zlib import crc32

Mode = Literal["live", "test"]

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH, CHECK_LENGTH = 30, 6
FORM = re.compile(rf"cm_(?:live|test)_[0-9A-Za-z]{{{RANDOM_LENGTH + CHECK_LENGTH}}}")


def mode_of(name: str | None) -> Mode | None:
    """The mode that the contract calls LIVE or TEST."""
    return {"LIVE": "live", "TEST": "test"}[name] if name is not None else None  # type: ignore[return-value]


def generate(mode: Mode) -> str:
    """A new key: 178 bits of randomness."""
    body = f"cm_{mode}_" + "".join(secrets.choice(BASE62) for _ in range(RANDOM_LENGTH))
    return body + checksum(body)


def is_well_formed(text: str) -> bool:
    """Whether a text can be a key at all."""
    return bool(FORM.fullmatch(text)) and text[-CHECK_LENGTH:] == checksum(text[:-CHECK_LENGTH])


def checksum(body: str) -> str:
    """CRC-32 of all that comes before, as six digits of base62."""
    number, digits = crc32(body.encode()), ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(BASE62))
        digits = BASE62[digit] + digits
    return digits
