"""Which workspace a request is for: its credential's, or the one that X-Tenant-Id names."""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.contract import Request, Unauthorized

HEADER = "x-tenant-id"


class WorkspaceNotAllowed(Unauthorized):
    """The credential is good, but not for the workspace that X-Tenant-Id names.

    It says the same whether there is such a workspace or not. It counts as a
    failed credential, so that whoever tries many is slowed down.
    """

    status, code, title = 403, "WORKSPACE_NOT_ALLOWED", "Not in this workspace"

    def __init__(self, detail: str = "The credential is not good for this workspace.") -> None:
        super().__init__(detail)


def named_workspace(request: Request) -> UUID | None:
    """The workspace that a request names, if it names one. Raises WorkspaceNotAllowed for what is no id."""
    value = request.headers.get(HEADER)
    if value is None:
        return None
    try:
        return UUID(value)
    except ValueError:
        raise WorkspaceNotAllowed from None


def require_own(request: Request, workspace_id: UUID) -> None:
    """For a credential of one workspace. Raises WorkspaceNotAllowed where another one is named."""
    if named_workspace(request) not in (None, workspace_id):
        raise WorkspaceNotAllowed
