"""Runs: asked for, due, looked at, downloaded."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from cloudmetrics.accounts.test_clocks import service as test_clocks
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.jobs import defer
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.signing import Keyring
from cloudmetrics.reports.definitions import service as definitions
from cloudmetrics.reports.definitions import store as reports
from cloudmetrics.reports.definitions.models import Report
from cloudmetrics.reports.periods import days_of
from cloudmetrics.reports.runs import formats, letters, store
from cloudmetrics.reports.runs.models import Cause, File, NoSuchSection, Run, RunInProgress, RunNotDone
from cloudmetrics.reports.schedules import last_until

# Where links lead, and what signs them.
LINKS = "/report-links/"
LINK = "report link"
LINK_LIFE = timedelta(days=30)
# How many are started at a time; the others follow at once.
DUE_AT_ONCE = 500


async def run_now(caller: Caller, report_id: UUID) -> Run:
    """Begins a run, which goes on in the background. Raises NotFound, RunInProgress."""
    async with caller.tenant.transaction() as transaction:
        report = definitions.found(await reports.lock(transaction, caller.tenant, report_id))
        if await store.is_in_progress(transaction, caller.tenant, report_id):
            raise RunInProgress
        return await _begin(transaction, caller.tenant, report, "REQUEST", clock.now_of(caller.tenant))


async def start_due(database: Database) -> int:
    """Begins a run of each report that is due, and plans the next; how many there were.

    A report that was due several times while nobody looked runs once, for the last of them.
    """
    due = await reports.due(database, clock.now(), DUE_AT_ONCE)
    for workspace_id, report_id in due:
        tenant = await test_clocks.tenant_of(database, workspace_id)
        async with tenant.transaction() as transaction:
            await _start(transaction, tenant, report_id)
    return len(due)


async def _start(transaction: Transaction, tenant: Tenant, report_id: UUID) -> None:
    """Begins the run and plans the next in one transaction; of several who try, one does."""
    report, now = await reports.lock(transaction, tenant, report_id), clock.now_of(tenant)
    if report is None or report.cron is None or report.next_run_at is None or report.next_run_at > now:
        return
    last = max(report.next_run_at, last_until(report.cron, report.timezone, now))
    await _begin(transaction, tenant, report, "SCHEDULE", last)
    await reports.plan(transaction, tenant, report_id, definitions.next_run(report, now))


async def _begin(
    transaction: Transaction, tenant: Tenant, report: Report, cause: Cause, moment: datetime
) -> Run:
    """A run about the days that the report is about at a moment."""
    run = Run(
        new_id(),
        report.id,
        cause,
        "QUEUED",
        report.name,
        report.sections,
        report.timezone,
        report.delivery,
        days_of(report.period, moment.astimezone(ZoneInfo(report.timezone)).date()),
        moment if cause == "SCHEDULE" else None,
        0,
        None,
        None,
        clock.now_of(tenant),
        None,
        None,
    )
    await store.create(transaction, tenant, run)
    await defer(transaction, "reports.run", workspace_id=tenant.workspace_id, run_id=run.id)
    return run


async def list_page(caller: Caller, report_id: UUID, query: Mapping[str, Any]) -> Page[Run]:
    """Runs of a report, newest first unless the query says otherwise.

    Raises NotFound, InvalidCursor, InvalidMoment.
    """
    await definitions.get(caller, report_id)
    asked = store.RUNS.ask(caller, query, report_id=report_id)
    return asked.page(await store.listed(caller.tenant, report_id, asked))


async def get(caller: Caller, report_id: UUID, run_id: UUID) -> Run:
    """Raises NotFound."""
    run = await store.get(caller.tenant, run_id)
    if run is None or run.report_id != report_id:
        raise NotFound("run of this report")
    return run


async def download(caller: Caller, report_id: UUID, run_id: UUID, form: str, section: int) -> File:
    """The results as PDF, JSON, or CSV of one section, the first of which is 1.

    Raises NotFound, RunNotDone, NoSuchSection.
    """
    run = await get(caller, report_id, run_id)
    if run.status != "SUCCEEDED":
        raise RunNotDone(run.status)
    content, media_type = await _content(caller.tenant, run, form, section)
    # A run that is done stays as it is, but for the mails about it.
    contents = orjson.dumps([run.to_json(), form, section])
    return File(letters.file_name(run, form.lower()), contents, media_type, content)


async def _content(
    tenant: Tenant, run: Run, form: str, section: int
) -> tuple[bytes | AsyncIterator[bytes], str]:
    if form == "PDF":
        return await pdf_of(tenant, run), "application/pdf"
    if form == "JSON":
        pages = [store.read_rows(tenant, run.id, number) for number in range(len(run.sections))]
        return formats.json_of(run, pages), "application/json"
    if section > len(run.sections):
        raise NoSuchSection(len(run.sections))
    rows = store.read_rows(tenant, run.id, section - 1)
    return formats.csv_of(run.sections[section - 1]["question"], rows), "text/csv"


async def pdf_of(tenant: Tenant, run: Run) -> bytes:
    """Raises NotFound where the run was deleted meanwhile."""
    pdf = await store.read_pdf(tenant, run.id)
    if pdf is None:
        raise NotFound("run of this report")
    return pdf


def link_to(keyring: Keyring, base_url: str, tenant: Tenant, run: Run) -> str:
    """An address that shows the PDF to whoever has it, for LINK_LIFE."""
    expires = int((clock.now() + LINK_LIFE).timestamp())
    message = tenant.workspace_id.bytes + run.id.bytes + expires.to_bytes(6, "big")
    token = urlsafe_b64encode(keyring.sign(LINK, message)).decode().rstrip("=")
    return f"{base_url}{LINKS}{token}"


async def open_link(database: Database, keyring: Keyring, token: str) -> tuple[Run, bytes]:
    """The run and the PDF that a link leads to. Raises NotFound, the same for whatever is wrong with it."""
    try:
        message = keyring.verify(LINK, b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True))
    except ValueError:
        raise NotFound("report") from None
    if int.from_bytes(message[32:], "big") <= clock.now().timestamp():
        raise NotFound("report")
    tenant = Tenant(database, UUID(bytes=message[:16]))
    run = await store.get(tenant, UUID(bytes=message[16:32]))
    if run is None:
        raise NotFound("report")
    return run, await pdf_of(tenant, run)
