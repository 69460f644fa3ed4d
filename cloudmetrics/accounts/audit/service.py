"""What can be done with the audit log: written to, and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import store
from cloudmetrics.accounts.audit.models import Action, Actor, Entry
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.telemetry import current_trace


async def record(
    transaction: Transaction,
    workspace_id: UUID,
    actor: Actor,
    action: Action,
    subject: tuple[str, UUID | None],
    **details: Any,
) -> None:
    """Writes down what the transaction does, so that one is never stored without the other.

    The transaction has to be working for the workspace. `subject` is what it was
    done to, a kind in capitals and an id; `details` must hold no secret.
    """
    trace = current_trace.get()
    entry = Entry(
        id=new_id(),
        recorded_at=clock.now(),
        action=action.value,
        user_id=actor.user_id,
        credential_kind=actor.credential_kind,
        credential_id=actor.credential_id,
        address=actor.address,
        subject_kind=subject[0],
        subject_id=subject[1],
        details=details,
        request_id=trace.request_id if trace else None,
    )
    await store.record(transaction, workspace_id, entry)


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Entry]:
    """The entries that a query asks for, newest first unless it says otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    asked = store.ENTRIES.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))
