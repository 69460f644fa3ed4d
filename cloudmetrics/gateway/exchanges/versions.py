"""What a process knows not to have changed: tags of answers, by the version of the workspace.

An operation that the contract marks `x-changes-with: workspace` answers one URL with the
same bytes as long as nothing in the workspace changes, events aside, whoever asks. Each
change leaves another version, in its own transaction. So a tag that was remembered with
a version is right whenever that is still the version, whichever process made a change or
died; and all requests that wait at the same moment share the one look at it.
"""

from __future__ import annotations

from collections import OrderedDict

from cloudmetrics.contract import Grant, Request
from cloudmetrics.gateway.exchanges import store
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.group_commit import GroupCommit

MARK, WORKSPACE = "x-changes-with", "workspace"
MOST_KEPT = 20_000

Key = tuple[Tenant, bytes, bytes]


async def _look(tenant: Tenant, waiting: list[None]) -> list[str | None]:
    return [await store.version(tenant)] * len(waiting)


class Versions:
    """Tags by tenant and URL, each with the version at which it was right; the least used go first."""

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
    return grant.caller.tenant, request.scope.get("raw_path") or request.path.encode(), request.query_string
