"""Putting messages on their way, and looking at how they went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.alerting.channels import service as channels
from cloudmetrics.alerting.deliveries import messages, store
from cloudmetrics.alerting.deliveries.messages import Message
from cloudmetrics.alerting.deliveries.models import Delivery, Status
from cloudmetrics.alerting.rules import service as rules
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Row, Transaction
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.paging import Page

JOB = "alerts.deliver"


async def send(
    transaction: Transaction,
    workspace_id: UUID,
    channel: Row,
    message: Message,
    now: datetime,
    *,
    alert_id: UUID | None = None,
    incident_id: UUID | None = None,
) -> Delivery:
    """Sends a message once the transaction is committed. `channel` has an id, a kind and a destination."""
    delivery = Delivery(
        new_id(),
        alert_id,
        incident_id,
        channel["id"],
        channel["kind"],
        channel["destination"],
        Status.PENDING,
        0,
        message,
        now,
    )
    await store.create(transaction, workspace_id, delivery)
    await defer(transaction, JOB, workspace_id=workspace_id, delivery_id=delivery.id)
    return delivery


async def test(caller: Caller, channel_id: UUID) -> Delivery:
    """Sends a message that says that it is a test. Raises NotFound."""
    channel, now = await channels.get(caller, channel_id), clock.now_of(caller.tenant)
    async with caller.tenant.transaction() as transaction:
        (found,) = await channels.require(transaction, caller.tenant.workspace_id, [channel_id])
        message = messages.of_test(channel.name, now)
        return await send(transaction, caller.tenant.workspace_id, found, message, now)


async def list_page(caller: Caller, alert_id: UUID, query: Mapping[str, Any]) -> Page[Delivery]:
    """What was told about a rule, newest first unless asked otherwise. Raises NotFound, InvalidCursor."""
    await rules.get(caller, alert_id)
    asked = store.DELIVERIES.ask(caller, query, alert_id=alert_id)
    return asked.page(await store.listed(caller.tenant, alert_id, asked))
