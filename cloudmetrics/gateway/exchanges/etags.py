"""Entity tags (RFC 9110): what an answer holds, in short, and whether a client knows it."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256

TAG = re.compile(r'(?:W/)?"[!#-~\x80-\xff]*"')
ANY = "*"


def etag_of(body: bytes) -> str:
    """The strong tag of a body: the same for the same bytes, whoever gets them."""
    return f'"{urlsafe_b64encode(sha256(body).digest()).decode()[:22]}"'


def knows(header: str, etag: str) -> bool:
    """Whether `If-None-Match` names the tag. A cache on the way may have made it weak."""
    return header.strip() == ANY or etag in (tag.removeprefix("W/") for tag in TAG.findall(header))


def insists_on(header: str, etag: str) -> bool:
    """Whether `If-Match` names the tag; a weak one does not say enough."""
    return header.strip() == ANY or etag in TAG.findall(header)
