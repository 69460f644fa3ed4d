"""The notes of changes in PostgreSQL. Which of them are there is the version of a workspace."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid4

from cloudmetrics.platform.connection import Connection, as_tenant, bound
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)


def statements(connection: Connection, tenants: Iterable[UUID], *, alone: bool) -> list[str]:
    """What gives each of the tenants another version, to be sent with the commit.

    They come last, so that nobody waits behind their locks for more than a commit, and in
    one order. The note takes the place of all before it, unless it is not `alone`: where a
    transaction sees an older moment, others that do the same would be in its way.
    """
    texts = [queries.forget, queries.note] if alone else [queries.note]
    found = []
    for tenant in sorted(tenants):
        values = {"workspace_id": tenant, "change_id": uuid4()}
        found += [as_tenant(tenant), *(bound(connection, text, values) for text in texts)]
    return found
