"""Identifiers."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7: ids made later sort later, which keeps lists stable and indexes compact."""
    return uuid7()
