"""Which limits a request has to keep.

    no credential, or a bad one    its address's window
    a share link                   its address's window
    an operation with events       the workspace's window for these, and nothing else
    a person's token               the person's windows, and the workspace's
    any other credential           its bucket, and the workspace's window
    an operation of the assistant  its own window on top

    an operation with requests     nothing: each of these is counted

An operation is one with events, of the assistant or with requests where the contract
says so: `x-limit: events`, `x-limit: agent`, `x-limit: requests`.
"""

from __future__ import annotations

from cloudmetrics.accounts.networks import counted_as
from cloudmetrics.contract import Operation
from cloudmetrics.gateway.limits.models import Check, Kind
from cloudmetrics.platform.caller import Caller

MINUTE = 60
PER_ADDRESS = 100

MARK = "x-limit"
EVENTS, AGENT, REQUESTS = "events", "agent", "requests"


def of_address(address: str) -> list[Check]:
    """The limits of a stranger."""
    return [_window("address", counted_as(address), "requests", PER_ADDRESS)]


def of_caller(caller: Caller, operation: Operation) -> list[Check]:
    """The limits of a caller. The service itself, which comes from nowhere, has none."""
    allowance = caller.allowance
    if allowance is None:
        return of_address(caller.address) if caller.address is not None else []
    workspace = str(caller.tenant.workspace_id)
    mark = operation.extensions.get(MARK)
    if mark == REQUESTS:
        return []
    if mark == EVENTS:
        return [_window("ingest", workspace, "ingest", allowance.ingest)]
    checks = [_window("workspace", workspace, "all", allowance.workspace)]
    if caller.user_id is not None:
        name = f"user:{caller.user_id}"
        checks.append(_window("user", workspace, name, allowance.user))
        if _reads(operation):
            checks.append(_window("reads", workspace, f"{name}:reads", allowance.reads))
        else:
            checks.append(_window("writes", workspace, f"{name}:writes", allowance.writes))
    else:
        name = f"credential:{caller.credential_id}"
        limit, seconds = allowance.requests.limit, allowance.requests.seconds
        # Another plan is another bucket, since the two would count in different units.
        key = f"{name}:{limit}/{seconds}"
        checks.append(Check("credential", workspace, key, Kind.BUCKET, limit, seconds))
    if mark == AGENT:
        checks.append(_window("agent", workspace, f"{name}:agent", allowance.agent))
    return checks


def _window(name: str, tag: str, key: str, limit: int) -> Check:
    return Check(name, tag, key, Kind.WINDOW, limit, MINUTE)


def _reads(operation: Operation) -> bool:
    """Whether an operation only reads: by its method, or, for a question in a body, by its scopes."""
    if operation.method == "GET":
        return True
    scopes = [scope for option in operation.security for each in option.values() for scope in each]
    return bool(scopes) and all(scope.endswith(":read") for scope in scopes)
