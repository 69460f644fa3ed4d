"""Taking events in: each is judged, the good ones are stored together, all get receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.events import store
from cloudmetrics.analytics.events.models import Event, Receipt, Receipts, Refusal, Rejection, Status
from cloudmetrics.analytics.events.timestamps import parse_timestamp
from cloudmetrics.analytics.rollups import store as rollups
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event as far as it can be judged without its website."""

    event_id: str
    website_id: UUID
    currency: str | None
    verdict: Verdict


async def create(caller: Caller, sent: Sequence[Mapping[str, Any]]) -> Receipts:
    """Stores a batch, as the contract describes it, and returns after the commit.

    An event whose id is known is a duplicate, whatever else it says; so is one
    whose id was accepted earlier in the batch. Everything new and sound is
    stored and counted in one transaction, or nothing is, where this raises.
    """
    now = clock.now()
    # Read here and not in the transaction, so that PostgreSQL stores one group while the next is read.
    website_ids = {text: UUID(text) for text in {event["website_id"] for event in sent}}
    batch = [read(event, website_ids[event["website_id"]], now) for event in sent]
    return await _writer.submit(caller.tenant, batch)


def read(sent: Mapping[str, Any], website_id: UUID, now: datetime) -> Candidate:
    """An event that fits the contract, and what can be said of it at the moment `now`."""
    revenue = sent.get("revenue")
    currency = revenue["currency"] if revenue is not None else None
    occurred_at = parse_timestamp(sent["timestamp"])
    if occurred_at is None:
        return Candidate(sent["id"], website_id, currency, OUT_OF_RANGE)
    if occurred_at > now + TOLERANCE:
        return Candidate(sent["id"], website_id, currency, IN_FUTURE)
    event = Event(
        event_id=sent["id"],
        website_id=website_id,
        visitor_id=sent["visitor_id"],
        name=sent["name"],
        occurred_at=occurred_at,
        url=sent.get("url"),
        referrer=sent.get("referrer"),
        source=sent.get("source"),
        device=sent.get("device"),
        country=sent.get("country"),
        revenue_minor=int(revenue["amount_minor"]) if revenue is not None else None,
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


async def _store(tenant: Tenant, batches: list[list[Candidate]]) -> list[Receipts]:
    """Stores batches together, with the receipts that they would get one after the other."""
    receipts = iter(await _store_all(tenant, [candidate for batch in batches for candidate in batch]))
    return [Receipts(list(islice(receipts, len(batch)))) for batch in batches]


async def _store_all(tenant: Tenant, candidates: Sequence[Candidate]) -> list[Receipt]:
    async with tenant.transaction() as transaction:
        website_ids = {candidate.website_id for candidate in candidates}
        websites = await store.lock_websites(transaction, tenant, website_ids)
        currencies = {website_id: website["currency"] for website_id, website in websites.items()}
        verdicts = [judge(candidate, currencies) for candidate in candidates]
        # The first sound event of an id is the one that counts.
        sound: dict[str, Event] = {}
        for verdict in verdicts:
            if isinstance(verdict, Event):
                sound.setdefault(verdict.event_id, verdict)
        accepted: set[str] = set()
        if sound:
            accepted = await store.insert(transaction, tenant, list(sound.values()), clock.now())
        refused = [
            candidate.event_id
            for candidate, verdict in zip(candidates, verdicts, strict=True)
            if isinstance(verdict, Refusal)
        ]
        known = await store.known(transaction, tenant, refused) if refused else set()
        for website_id in {sound[event_id].website_id for event_id in accepted}:
            website = websites[website_id]
            await rollups.rebuild(transaction, tenant, website_id, website["edition"], website["timezone"])
    return _receipts(candidates, verdicts, accepted, known)


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
