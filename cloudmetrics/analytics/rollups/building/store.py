"""Building an edition, in PostgreSQL: step by step, each a transaction under the website's lock."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.rollups import store as rollups
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.sql import load_queries

queries = load_queries(__file__)

# Batches of the website wait while a step is at work.
EVENTS_AT_ONCE = 1000
# Per rollup, what finds the next part to be deleted, and what deletes it.
DELETING = (
    (queries.first_of_visitor_days, queries.delete_of_visitor_days),
    (queries.first_of_page_days, queries.delete_of_page_days),
    (queries.first_of_visitor_day_events, queries.delete_of_visitor_day_events),
    (queries.first_of_daily_totals, queries.delete_of_daily_totals),
    (queries.first_of_daily_cube, queries.delete_of_daily_cube),
    (queries.first_of_daily_gaps, queries.delete_of_daily_gaps),
)


async def begin(transaction: Transaction, tenant: Tenant, website_id: UUID, timezone: str) -> None:
    """Has the rollups drawn in another time zone. The caller holds the website's lock.

    What few events need is done at once, so that it stands when the transaction
    ends; of more, a job does the rest. No other edition may be under way.
    """
    at = _at(tenant, website_id)
    taken = {row["edition"] for row in await transaction.fetch(queries.present, at)}
    edition = next(number for number in count(1) if number not in taken)
    await transaction.execute(queries.begin, at | {"edition": edition, "timezone": timezone})
    unfinished = await _advance(transaction, tenant, website_id)
    # What the first step did not reach, or that there was nothing to reach, the second one shows.
    if unfinished and await _advance(transaction, tenant, website_id):
        await _defer(transaction, "rollups.build", tenant, website_id)


async def cancel(transaction: Transaction, tenant: Tenant, website_id: UUID) -> None:
    """Gives up the edition that is under way, if there is one. The caller holds the website's lock."""
    at = _at(tenant, website_id)
    given_up = await transaction.fetch_one(queries.give_up, at)
    if given_up is not None:
        await transaction.execute(queries.make_stale, at | given_up)
        await _defer(transaction, "rollups.clean", tenant, website_id)


async def take_step(tenant: Tenant, website_id: UUID) -> bool:
    """Takes the next events into the edition under way; False where there is nothing left to do."""
    async with tenant.transaction() as transaction:
        return await _advance(transaction, tenant, website_id)


async def _advance(transaction: Transaction, tenant: Tenant, website_id: UUID) -> bool:
    at = _at(tenant, website_id)
    build = await transaction.fetch_one(queries.lock, at)
    if build is None:
        return False
    events = await transaction.fetch(queries.next_events, at | {"count": EVENTS_AT_ONCE})
    if events:
        last = events[-1]
        await transaction.execute(
            queries.reach, at | {"reached_at": last["occurred_at"], "reached_id": last["event_id"]}
        )
        event_ids = [event["event_id"] for event in events]
        await rollups.draw_events(transaction, tenant, event_ids, build["edition"])
        return True
    await transaction.execute(queries.give_up, at)
    await transaction.execute(queries.switch, at | build)
    await transaction.execute(queries.make_stale, at | {"edition": build["present_edition"]})
    await _defer(transaction, "rollups.clean", tenant, website_id)
    return False


async def clean(tenant: Tenant, website_id: UUID) -> bool:
    """Deletes a part of an edition that answers nothing any more; False where there is none."""
    async with tenant.transaction() as transaction:
        stale = await transaction.fetch_one(queries.stale, _at(tenant, website_id))
        if stale is None:
            return False
        at = _at(tenant, website_id) | stale
        for finding, deleting in DELETING:
            part = await transaction.fetch_one(finding, at)
            if part is not None and None not in part.values():
                await transaction.execute(deleting, at | part)
                return True
        await transaction.execute(queries.forget_stale, at)
    return True


async def _defer(transaction: Transaction, name: str, tenant: Tenant, website_id: UUID) -> None:
    await defer(
        transaction,
        name,
        key=str(website_id),
        workspace_id=tenant.workspace_id,
        website_id=website_id,
    )


def _at(tenant: Tenant, website_id: UUID) -> dict[str, Any]:
    return {"workspace_id": tenant.workspace_id, "website_id": website_id}
