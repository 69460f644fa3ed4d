"""Delivers messages, again and again for more than a day until somebody takes them.

A worker that dies after a message was taken, and before that is written down, sends it
once more, with the same id: receivers that remember ids see it once.
"""

from __future__ import annotations

from uuid import UUID

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.alerting.channels import service as channels
from cloudmetrics.alerting.channels.models import Kind, Route
from cloudmetrics.alerting.deliveries import messages, store
from cloudmetrics.alerting.deliveries.models import Delivery, Status
from cloudmetrics.alerting.deliveries.service import JOB
from cloudmetrics.platform import clock
from cloudmetrics.platform import mail as post_office
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import Unavailable
from cloudmetrics.platform.jobs import GiveUp, JobContext, Retry, job
from cloudmetrics.platform.outbound import AddressRefused, Outbound, SendingFailed, UnfitUrl

# Pauses of 10 s, growing to 6 h: 27 hours in all.
PATIENCE = Retry(attempts=12, first=10, longest=6 * 3600)
GONE = 410


class Refused(Exception):
    """The receiver answered, and did not take the message."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The receiver answered {status}.")
        self.status = status


@job(JOB, retry=PATIENCE)
async def deliver(context: JobContext, *, workspace_id: UUID, delivery_id: str) -> None:
    tenant = await test_clocks.tenant_of(context.database, workspace_id)
    delivery = await store.get(tenant, UUID(delivery_id))
    if delivery is None or delivery.status is not Status.PENDING:
        return
    try:
        status = await _attempt(context, tenant, delivery)
    except Unavailable:
        raise
    except Exception as error:
        await _note_failure(tenant, delivery, error, last=context.attempt >= PATIENCE.attempts)
        raise
    await store.note_attempt(
        tenant, delivery.id, Status.DELIVERED, clock.now_of(tenant), response_status=status
    )


async def _attempt(context: JobContext, tenant: Tenant, delivery: Delivery) -> int | None:
    """Sends a message; the status of the answer, where there is one. Raises GiveUp where it is hopeless."""
    route = await channels.route(tenant, context.keyring, delivery.channel_id)
    if route is None:
        raise GiveUp("The channel was deleted.")
    if route.kind is Kind.EMAIL:
        letter = messages.mail(route.address, delivery.message)
        await post_office.deliver(context.settings, letter, str(delivery.id))
        return None
    return await _post(Outbound(context.settings.webhook_networks), route, delivery)


async def _post(outbound: Outbound, route: Route, delivery: Delivery) -> int:
    if route.kind is Kind.SLACK:
        body, headers = messages.slack_body(delivery.message), messages.SLACK_HEADERS
    else:
        # By the real time, whatever a sandbox's clock shows, since receivers compare it with theirs.
        body = messages.webhook_body(delivery.id, delivery.message)
        headers = messages.webhook_headers(delivery.id, body, route.secret or "", clock.now())
    try:
        status = await outbound.post(route.address, headers, body)
    except (AddressRefused, UnfitUrl) as error:
        raise GiveUp(str(error)) from error
    if status == GONE:
        raise GiveUp(f"The receiver answered {GONE}: nobody is there any more.")
    if not 200 <= status < 300:
        raise Refused(status)
    return status


async def _note_failure(tenant: Tenant, delivery: Delivery, error: Exception, *, last: bool) -> None:
    last = last or isinstance(error, GiveUp)
    known = isinstance(error, GiveUp | Refused | SendingFailed)
    await store.note_attempt(
        tenant,
        delivery.id,
        Status.FAILED if last else Status.PENDING,
        clock.now_of(tenant),
        response_status=error.status if isinstance(error, Refused) else None,
        error=str(error) if known else "The message could not be handed over.",
    )
