"""Pages of a list, and the cursors that lead from one to the next."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar
from uuid import UUID

from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import InvalidCursor
from cloudmetrics.platform.signing import SIGNATURE_BYTES

Item = TypeVar("Item")
Other = TypeVar("Other")

PURPOSE = "cursor"

# Every id comes after this one.
BEGINNING = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some things of a list; `next_cursor` is None on the last page."""

    items: list[Item]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        return self.next_cursor is not None

    def map(self, change: Callable[[Item], Other]) -> Page[Other]:
        """The same page of other things, each made of one of these."""
        return Page([change(item) for item in self.items], self.next_cursor)


def page(
    caller: Caller, listing: str, found: list[Item], limit: int, position: Callable[[Item], str]
) -> Page[Item]:
    """A page of at most `limit`, of a store's answer to a question for one more than that.

    `listing` names the list and whatever filters it; `position` says where in
    the list an item stands.
    """
    items = found[:limit]
    more = len(found) > limit
    return Page(items, seal(caller, listing, position(items[-1])) if more else None)


def seal(caller: Caller, listing: str, position: str) -> str:
    """A cursor, worth something only to this workspace, for this list."""
    signed = _home(caller, listing) + position.encode()
    signature = caller.keyring.digest(PURPOSE, signed)[:SIGNATURE_BYTES]
    return urlsafe_b64encode(signature + position.encode()).decode().rstrip("=")


def unseal(caller: Caller, listing: str, cursor: str) -> str:
    """The position that a cursor holds. Raises InvalidCursor."""
    try:
        signed = b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise InvalidCursor from None
    signature, position = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
    for digest in caller.keyring.digests(PURPOSE, _home(caller, listing) + position):
        if hmac.compare_digest(signature, digest[:SIGNATURE_BYTES]):
            return position.decode()
    raise InvalidCursor


def unseal_id(caller: Caller, listing: str, cursor: str | None) -> UUID:
    """The id after which a page begins, of a list in the order of ids. Raises InvalidCursor."""
    return BEGINNING if cursor is None else UUID(unseal(caller, listing, cursor))


def _home(caller: Caller, listing: str) -> bytes:
    """What a cursor belongs to, which is signed with it but not in it."""
    return sha256(f"{caller.tenant.workspace_id} {listing}".encode()).digest()
