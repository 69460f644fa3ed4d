"""Putting messages on their way, and looking at how they went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.alerting.channels import service as channels
from cloudmetrics.alerting.deliveries import messages, store
from cloudmetrics.alerting.deliveries.messages import Message
from cloudmetrics.alerting.deliveries.models import Delivery, DeliveryNotFailed, Status
from cloudmetrics.alerting.rules import service as rules
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Row, Transaction
from cloudmetrics.platform.errors import NotFound
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
    await _set_off(transaction, workspace_id, delivery.id)
    return delivery


async def test(caller: Caller, channel_id: UUID) -> Delivery:
    """Sends a message that says that it is a test. Raises NotFound."""
    channel, now = await channels.get(caller, channel_id), clock.now_of(caller.tenant)
    async with caller.tenant.transaction() as transaction:
        (found,) = await channels.require(transaction, caller.tenant.workspace_id, [channel_id])
        # A workspace without rules has no other reason to be found when old deliveries go.
        await rules.announce(transaction, caller.tenant.workspace_id)
        message = messages.of_test(channel.name, now)
        return await send(transaction, caller.tenant.workspace_id, found, message, now)


async def resend(caller: Caller, alert_id: UUID, delivery_id: UUID) -> Delivery:
    """Sends what was given up once more, with the same id and words, and tries as often as at first.

    Raises NotFound, also where the channel was deleted, and DeliveryNotFailed.
    """
    await rules.get(caller, alert_id)
    home = caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        found = await store.lock(transaction, home, alert_id, delivery_id)
        if found is None:
            raise NotFound("alert delivery")
        if found["status"] != Status.FAILED:
            raise DeliveryNotFailed(Status(found["status"]))
        await channels.require(transaction, home, [found["channel_id"]])
        delivery = await store.send_again(transaction, home, delivery_id)
        subject = ("ALERT", alert_id)
        details = {"delivery_id": str(delivery_id), "destination": delivery.destination}
        await audit.record(
            transaction, home, Actor.of(caller), Action.ALERT_DELIVERY_RESENT, subject, **details
        )
        await _set_off(transaction, home, delivery_id)
    return delivery


async def list_page(caller: Caller, alert_id: UUID, query: Mapping[str, Any]) -> Page[Delivery]:
    """What was told about a rule, newest first unless asked otherwise. Raises NotFound, InvalidCursor."""
    await rules.get(caller, alert_id)
    asked = store.DELIVERIES.ask(caller, query, alert_id=alert_id)
    return asked.page(await store.about_alert(caller.tenant, alert_id, asked))


async def list_page_of_channel(caller: Caller, channel_id: UUID, query: Mapping[str, Any]) -> Page[Delivery]:
    """What was told through a channel, tests as well; the same otherwise. Raises NotFound, InvalidCursor."""
    await channels.get(caller, channel_id)
    asked = store.DELIVERIES.ask(caller, query, channel_id=channel_id)
    return asked.page(await store.through_channel(caller.tenant, channel_id, asked))


async def _set_off(transaction: Transaction, workspace_id: UUID, delivery_id: UUID) -> None:
    await defer(transaction, JOB, workspace_id=workspace_id, delivery_id=delivery_id)
