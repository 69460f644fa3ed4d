"""What can be done with channels.

E-mail goes to members only, so that nobody can have us write to strangers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.alerting.channels import store, webhook_secrets
from cloudmetrics.alerting.channels.models import (
    Channel,
    ChannelInUse,
    ChannelWithSecret,
    Kind,
    Route,
    TooManyChannels,
    UnfitDestination,
)
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Row, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.outbound import UnfitUrl, host_of
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.signing import Keyring

PURPOSE = "alert channel"
MOST = 100


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Channel]:
    """The channels that a query asks for, oldest first unless it says otherwise. Raises InvalidCursor."""
    asked = store.CHANNELS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def get(caller: Caller, channel_id: UUID) -> Channel:
    """Raises NotFound."""
    found = await store.get(caller.tenant, channel_id)
    if found is None:
        raise NotFound("alert channel")
    return found[0]


async def create(caller: Caller, sent: Mapping[str, Any]) -> ChannelWithSecret:
    """A channel from a body that fits the contract. Raises UnfitDestination, TooManyChannels, and NotFound
    for an e-mail address of no member.
    """
    route, destination = await _route(caller, sent)
    now = clock.now_of(caller.tenant)
    channel = Channel(new_id(), sent["name"], route.kind, destination, now, now)
    sealed = caller.keyring.seal(PURPOSE, orjson.dumps(route.to_json()))
    async with caller.tenant.transaction() as transaction:
        if await store.count(transaction, caller.tenant.workspace_id) >= MOST:
            raise TooManyChannels(MOST)
        await store.create(transaction, caller.tenant.workspace_id, channel, sealed)
        await _audit(transaction, caller, Action.ALERT_CHANNEL_CREATED, channel)
    return ChannelWithSecret(channel, route.secret)


async def delete(caller: Caller, channel_id: UUID) -> None:
    """Raises NotFound, ChannelInUse."""
    home = caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        channel = await store.lock(transaction, home, channel_id)
        if channel is None:
            raise NotFound("alert channel")
        if alerts := await store.users(transaction, home, channel_id):
            raise ChannelInUse(alerts)
        await store.delete(transaction, home, channel_id)
        await _audit(transaction, caller, Action.ALERT_CHANNEL_DELETED, channel)


async def require(transaction: Transaction, workspace_id: UUID, channel_ids: Collection[UUID]) -> list[Row]:
    """Id, kind and destination of some channels, which stay until the transaction ends. Raises NotFound."""
    found = await store.use(transaction, workspace_id, channel_ids) if channel_ids else []
    if len(found) != len(set(channel_ids)):
        raise NotFound("alert channel")
    return found


async def route(tenant: Tenant, keyring: Keyring, channel_id: UUID) -> Route | None:
    """Where a channel leads, if it still exists."""
    found = await store.get(tenant, channel_id)
    return Route.from_json(orjson.loads(keyring.unseal(PURPOSE, found[1]))) if found else None


async def is_member(tenant: Tenant, email: str) -> bool:
    """Whether an address is that of a member, so that mail may go there."""
    return await store.is_member(tenant, email)


async def _route(caller: Caller, sent: Mapping[str, Any]) -> tuple[Route, str]:
    """Where a channel leads, and what may be shown of that."""
    kind = Kind(sent["kind"])
    if kind is Kind.EMAIL:
        address = sent["email"].lower()
        if not await is_member(caller.tenant, address):
            raise NotFound("member")
        return Route(kind, address), address
    try:
        host = host_of(sent["url"])
    except UnfitUrl as error:
        raise UnfitDestination(str(error)) from None
    secret = None
    if kind is Kind.WEBHOOK:
        secret = sent.get("secret") or webhook_secrets.make()
    return Route(kind, sent["url"], secret), host


async def _audit(transaction: Transaction, caller: Caller, action: Action, channel: Channel) -> None:
    subject = ("ALERT_CHANNEL", channel.id)
    details = {"name": channel.name, "kind": channel.kind.value, "destination": channel.destination}
    home = caller.tenant.workspace_id
    await audit.record(transaction, home, Actor.of(caller), action, subject, **details)
