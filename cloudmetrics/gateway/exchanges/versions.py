"""What a process knows not to have changed: tags of answers, by the version of the workspace.

An operation that the contract marks `x-changes-with: workspace` answers a caller's URL with
the same bytes as long as nothing in the workspace changes, events aside: it does not look at
the clock, or at people's accounts. Each change leaves another
version, in its own transaction. So a tag that was remembered with a version is right
whenever that is still the version, whichever process made a change or died; and all
requests that wait at the same moment share the one look at it.
"""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from cloudmetrics.contract import Grant, Request
from cloudmetrics.gateway.exchanges import store
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.group_commit import GroupCommit

MARK, WORKSPACE = "x-changes-with", "workspace"
MOST_KEPT = 20_000

Key = tuple[Tenant, UUID | None, frozenset[str], bytes, bytes]


async def _look(tenant: Tenant, waiting: list[None]) -> list[str | None]:
    return [await store.version(tenant)] * len(waiting)


class Versions:
    """Tags by caller and URL, each with its version; the least used go first."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, tuple[str, str]] = OrderedDict()
        self._looking: GroupCommit[Tenant, None, str | None] = GroupCommit(
            _look, weigh=lambda _: 1, most=10_000
        )

    async def of(self, caller: Caller) -> str | None:
        """The version of the caller's workspace, read after this was called. Raises Unavailable."""
        return await self._looking.submit(caller.tenant, None)

    def tag(self, request: Request, grant: Grant, version: str | None) -> str | None:
        """The tag of the answer to a request at this version, where it is known."""
        key = _key(request, grant)
        known = self._known.get(key)
        if known is None or known[0] != version:
            return None
        self._known.move_to_end(key)
        return known[1]

    def remember(self, request: Request, grant: Grant, version: str, etag: str) -> None:
        """`version` must have been read before the answer was made."""
        self._known[_key(request, grant)] = (version, etag)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)


def _key(request: Request, grant: Grant) -> Key:
    # Whoever calls has favourites of their own, and what may be asked for depends on the scopes.
    caller: Caller = grant.caller
    who = caller.user_id or caller.credential_id
    path = request.scope.get("raw_path") or request.path.encode()
    return caller.tenant, who, grant.scopes, path, request.query_string
