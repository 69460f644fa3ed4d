"""Taking events in: each is judged, the good ones are stored together, all get receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.answers import store as answers
from cloudmetrics.analytics.enrichment.origins import NO_CAMPAIGN, read_campaign, read_referrer
from cloudmetrics.analytics.enrichment.user_agents import Client, read_header, read_user_agent
from cloudmetrics.analytics.events import store
from cloudmetrics.analytics.events.models import Event, Receipt, Receipts, Refusal, Rejection, Status
from cloudmetrics.analytics.events.timestamps import parse_timestamp
from cloudmetrics.analytics.quota import service as quotas
from cloudmetrics.analytics.rollups import store as rollups
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import OutOfQuota
from cloudmetrics.platform.group_commit import GroupCommit

TOLERANCE = timedelta(minutes=5)
UNKNOWN_WEBSITE = Refusal(Rejection.UNKNOWN_WEBSITE, "The workspace has no such website.")
IN_FUTURE = Refusal(
    Rejection.TIMESTAMP_IN_FUTURE, "The timestamp is more than 5 minutes ahead of the server's clock."
)
OUT_OF_RANGE = Refusal(Rejection.TIMESTAMP_OUT_OF_RANGE, "The timestamp is outside of the years 1 to 9999.")

# Transactions stay short, and other writers of the same website get their turn.
MOST_AT_ONCE = 2000

Verdict = Event | Refusal
# Who stores, and how many events a month: batches of one lane are stored together.
Lane = tuple[Tenant, int | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event as far as it can be judged without its website."""

    event_id: str
    website_id: UUID
    currency: str | None
    verdict: Verdict


async def create(caller: Caller, sent: Sequence[Mapping[str, Any]], user_agent: str = "") -> Receipts:
    """Stores a batch, as the contract describes it, and returns after the commit.

    An event whose id is known is a duplicate, whatever else it says; so is one
    whose id was accepted earlier in the batch. Everything new and sound is
    stored and counted in one transaction, or nothing is, where this raises:
    OutOfQuota where there are more new events than the workspace has left.
    `user_agent` is the request's own.
    """
    now = clock.now_of(caller.tenant)
    # Read here and not in the transaction, so that PostgreSQL stores one group while the next is read.
    website_ids = {text: UUID(text) for text in {event["website_id"] for event in sent}}
    requesting = read_header(user_agent)
    batch = [read(event, website_ids[event["website_id"]], now, requesting) for event in sent]
    quota = caller.allowance.events if caller.allowance else None
    try:
        return await _writer.submit((caller.tenant, quota), batch)
    except OutOfQuota:
        if quota is not None:
            await quotas.warn_of_refusal(caller.tenant, quota)
        raise


def read(sent: Mapping[str, Any], website_id: UUID, now: datetime, requesting: Client) -> Candidate:
    """An event that fits the contract, and what can be said of it at the moment `now`."""
    revenue = sent.get("revenue")
    currency = revenue["currency"] if revenue is not None else None
    occurred_at = parse_timestamp(sent["timestamp"])
    if occurred_at is None:
        return Candidate(sent["id"], website_id, currency, OUT_OF_RANGE)
    if occurred_at > now + TOLERANCE:
        return Candidate(sent["id"], website_id, currency, IN_FUTURE)
    url, referrer, source = sent.get("url"), sent.get("referrer"), sent.get("source")
    campaign = read_campaign(url) if url else NO_CAMPAIGN
    client = read_user_agent(sent["user_agent"]) if "user_agent" in sent else requesting
    event = Event(
        event_id=sent["id"],
        website_id=website_id,
        visitor_id=sent["visitor_id"],
        name=sent["name"],
        occurred_at=occurred_at,
        url=url,
        referrer=referrer,
        source=source or campaign.source,
        referring_host=read_referrer(referrer, url or "") if referrer and not source else None,
        medium=sent.get("medium") or campaign.medium,
        campaign=sent.get("campaign") or campaign.campaign,
        device=sent.get("device") or client.device,
        browser=sent.get("browser") or client.browser,
        system=sent.get("system") or client.system,
        country=sent.get("country"),
        revenue_minor=int(revenue["amount_minor"]) if revenue is not None else None,
        currency=currency,
        properties=sent.get("properties"),
    )
    return Candidate(event.event_id, website_id, currency, event)


def judge(candidate: Candidate, currencies: Mapping[UUID, str]) -> Verdict:
    """An event ready to be stored, or why it cannot be.

    `currencies` holds the currency of each website that the workspace has.
    """
    currency = currencies.get(candidate.website_id)
    if currency is None:
        return UNKNOWN_WEBSITE
    if candidate.currency not in (None, currency) and isinstance(candidate.verdict, Event):
        return Refusal(Rejection.CURRENCY_MISMATCH, f"The website's currency is {currency}.")
    return candidate.verdict


async def _store(lane: Lane, batches: list[list[Candidate]]) -> list[Receipts]:
    """Stores batches together, with the receipts that they would get one after the other."""
    receipts = iter(await _store_all(*lane, [candidate for batch in batches for candidate in batch]))
    return [Receipts(list(islice(receipts, len(batch)))) for batch in batches]


async def _store_all(tenant: Tenant, quota: int | None, candidates: Sequence[Candidate]) -> list[Receipt]:
    # Whether a website exists, and earns in this currency, the database judges likewise.
    events = [candidate.verdict for candidate in candidates if isinstance(candidate.verdict, Event)]
    event_ids = list({event.event_id for event in events})
    website_ids = {candidate.website_id for candidate in candidates}
    if quota is not None and quotas.is_scarce(tenant):
        await _require(tenant, quota, event_ids)
    month = quotas.this_month(tenant)
    first = [
        store.lock_websites(tenant, website_ids),
        store.insert(tenant, events, clock.now_of(tenant)),
        rollups.reads(tenant, event_ids),
        # As if all were new; whatever is not is taken back below.
        quotas.counting(tenant, month, len(event_ids)),
    ]
    async with tenant.transaction(first) as transaction:
        websites, stored, touched, [(used,)] = transaction.first
        currencies: dict[UUID, str] = dict(websites)
        verdicts = [judge(candidate, currencies) for candidate in candidates]
        accepted = {event_id for (event_id,) in stored}
        refused = [
            candidate.event_id
            for candidate, verdict in zip(candidates, verdicts, strict=True)
            if isinstance(verdict, Refusal)
        ]
        known = await store.known(transaction, tenant, refused) if refused else set()
        if not accepted:
            await transaction.undo()
            return _receipts(candidates, verdicts, accepted, known)
        changed = {candidate.website_id for candidate in candidates if candidate.event_id in accepted}
        changes = [*rollups.writes(tenant, touched, accepted), answers.touched(tenant, changed)]
        if known_before := len(event_ids) - len(accepted):
            changes.append(quotas.counting(tenant, month, -known_before))
        quotas.check(tenant, quota, used - known_before, len(accepted))
        await quotas.warn(transaction, tenant, quota, used - known_before, len(accepted))
        await transaction.commit(changes)
    return _receipts(candidates, verdicts, accepted, known)


async def _require(tenant: Tenant, quota: int, event_ids: Sequence[str]) -> None:
    """Refuses what can't be stored before the work of storing it. Raises OutOfQuota."""
    async with tenant.transaction() as transaction:
        stored = await store.known(transaction, tenant, event_ids)
        await quotas.require(transaction, tenant, quota, len(event_ids) - len(stored))


_writer = GroupCommit(_store, weigh=len, most=MOST_AT_ONCE)


def _receipts(
    candidates: Sequence[Candidate], verdicts: Sequence[Verdict], accepted: set[str], known: set[str]
) -> list[Receipt]:
    """A receipt per event: `accepted` are the ids that were just added, `known` those stored by now."""
    receipts = []
    awaited = set(accepted)
    for candidate, verdict in zip(candidates, verdicts, strict=True):
        event_id = candidate.event_id
        if isinstance(verdict, Refusal):
            # An id that a later event of the batch brings in was not known at this point.
            is_known = event_id in known and event_id not in awaited
            status = Status.DUPLICATE if is_known else Status.REJECTED
            receipts.append(Receipt(event_id, status, None if is_known else verdict))
        elif event_id in awaited:
            awaited.discard(event_id)
            receipts.append(Receipt(event_id, Status.ACCEPTED))
        else:
            receipts.append(Receipt(event_id, Status.DUPLICATE))
    return receipts
