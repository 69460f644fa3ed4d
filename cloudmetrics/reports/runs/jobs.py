"""The jobs of reports: one looks every other second for what is due, one runs it, one sends a mail.

Each may be killed at any point and begun anew. A run is begun and the next one planned
in one transaction; its results, and the mails about them, are there together or not at
all. A mail is the only thing that can happen twice: where the worker dies after the
server took it and before that was noted. Both have the same Message-ID then.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.accounts.test_clocks.jobs import follows_test_clock
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.analytics.questions import service as questions
from cloudmetrics.analytics.questions.models import QuestionUnsound
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.errors import NotFound, QueryTooSlow
from cloudmetrics.platform.jobs import GiveUp, JobContext, Retry, defer, job, periodic
from cloudmetrics.platform.mail import PATIENCE, deliver
from cloudmetrics.reports.definitions import service as definitions
from cloudmetrics.reports.definitions import store as reports
from cloudmetrics.reports.paper import drawing
from cloudmetrics.reports.runs import letters, service, store
from cloudmetrics.reports.runs.models import MOST_ROWS, Run

logger = logging.getLogger(__name__)

TRIES = Retry(attempts=5, first=5, longest=300)
# The workers that died over a run count as well, so that none is tried for ever.
MOST_ATTEMPTS = 10
ROWS_AT_ONCE = 1_000
# What trying again would not change.
HOPELESS = (NotFound, QuestionUnsound, QueryTooSlow, drawing.DrawingFailed)


@periodic("reports.look", cron="* * * * * */2")
async def look(context: JobContext) -> None:
    while await service.start_due(context.database) == service.DUE_AT_ONCE:
        pass


@follows_test_clock
async def follow(context: JobContext, tenant: Tenant) -> None:
    await definitions.plan_anew(tenant)
    await service.start_due(context.database)


@job("reports.run", retry=TRIES)
async def run(context: JobContext, *, workspace_id: UUID, run_id: str) -> None:
    tenant = await test_clocks.tenant_of(context.database, workspace_id)
    begun = await _begin(tenant, UUID(run_id))
    if begun is None:
        return
    try:
        counts = [await _collect(context, tenant, begun, number) for number in range(len(begun.sections))]
        pdf = await _draw(tenant, begun, counts)
    except HOPELESS as error:
        await _fail(tenant, begun, str(error))
        raise GiveUp(str(error)) from error
    except Exception:
        if begun.attempts + 1 >= TRIES.attempts:
            await _fail(tenant, begun, "The service failed, several times. Run the report again.")
        raise
    await _succeed(tenant, begun, counts, pdf)


async def _begin(tenant: Tenant, run_id: UUID) -> Run | None:
    """The run, if it is there and not done yet. One that has ended many workers is given up."""
    async with tenant.transaction() as transaction:
        found = await store.lock(transaction, tenant, run_id)
        if found is None or found.status in ("SUCCEEDED", "FAILED"):
            return None
        if found.attempts >= MOST_ATTEMPTS:
            error = "The service was stopped while the report ran, several times."
            await store.fail(transaction, tenant, found, error, clock.now_of(tenant))
            return None
        await store.begin(transaction, tenant, run_id, clock.now_of(tenant))
    return found


async def _collect(context: JobContext, tenant: Tenant, of: Run, section: int) -> int:
    """Stores the rows of a section, all of one moment; how many there are."""
    start, end = of.days.start.isoformat(), of.days.end.isoformat()
    question = definitions.question_of(of.sections[section], start, end)
    caller = Caller(tenant, context.keyring)
    most = min(int(of.sections[section]["question"]["limit"]), MOST_ROWS)
    count, part = 0, 0
    async with tenant.transaction() as transaction:
        await store.clear_section(transaction, tenant, of.id, section)
        pages = questions.rows(caller, question, transaction, most=most, at_once=ROWS_AT_ONCE)
        async for rows in pages:
            await store.add_rows(transaction, tenant, of.id, section, part, rows)
            count, part = count + len(rows), part + 1
    return count


async def _draw(tenant: Tenant, of: Run, counts: list[int]) -> bytes:
    """The report on paper, with the first rows of each section."""
    workspace = await workspaces.of(tenant)
    shown: list[list[dict[str, Any]]] = []
    for number in range(len(of.sections)):
        shown.append(await anext(store.read_rows(tenant, of.id, number), []))
    return await asyncio.to_thread(drawing.draw, workspace.name, of, shown, counts, clock.now_of(tenant))


async def _succeed(tenant: Tenant, of: Run, counts: list[int], pdf: bytes) -> None:
    """Stores the results, and has them sent to whoever is a recipient by now."""
    async with tenant.transaction() as transaction:
        report = await reports.lock(transaction, tenant, of.report_id)
        present = await store.lock(transaction, tenant, of.id)
        if report is None or present is None or present.status != "RUNNING":
            return
        await store.succeed(transaction, tenant, of, counts, pdf, clock.now_of(tenant))
        for recipient in sorted(report.recipients):
            await store.add_delivery(transaction, tenant, of.id, recipient)
            await defer(
                transaction,
                "reports.send",
                workspace_id=tenant.workspace_id,
                run_id=of.id,
                recipient=recipient,
            )


async def _fail(tenant: Tenant, of: Run, error: str) -> None:
    async with tenant.transaction() as transaction:
        present = await store.lock(transaction, tenant, of.id)
        if present is not None and present.status == "RUNNING":
            await store.fail(transaction, tenant, of, error, clock.now_of(tenant))


@job("reports.send", retry=PATIENCE)
async def send(context: JobContext, *, workspace_id: UUID, run_id: str, recipient: str) -> None:
    tenant = await test_clocks.tenant_of(context.database, workspace_id)
    attempts = await store.try_delivery(tenant, UUID(run_id), recipient)
    done = await store.get(tenant, UUID(run_id))
    if attempts is None or done is None:
        return
    try:
        await _send(context, tenant, done, recipient)
    except GiveUp:
        await store.end_delivery(tenant, done.id, recipient, "FAILED")
        raise
    except Exception:
        if attempts >= PATIENCE.attempts:
            await store.end_delivery(tenant, done.id, recipient, "FAILED")
        raise
    await store.end_delivery(tenant, done.id, recipient, "SENT", clock.now_of(tenant))


async def _send(context: JobContext, tenant: Tenant, done: Run, recipient: str) -> None:
    workspace = await workspaces.of(tenant)
    if done.delivery == "LINK":
        link = service.link_to(context.keyring, context.settings.base_url, tenant, done)
        mail, attachments = letters.with_link(recipient, workspace.name, done, link)
    else:
        pdf = await service.pdf_of(tenant, done)
        mail, attachments = letters.with_file(recipient, workspace.name, done, pdf)
    # Always the same, so that a mail that is handed over twice is shown once.
    letter_id = uuid5(NAMESPACE_OID, f"report {done.id} {recipient}")
    await deliver(context.settings, mail, str(letter_id), attachments)
