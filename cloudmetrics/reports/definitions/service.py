"""What can be done with definitions of reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.accounts.workspaces import service as workspaces
from cloudmetrics.analytics.questions import service as questions
from cloudmetrics.analytics.questions.models import Fault, QuestionUnsound
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.mail import InvalidMail, Mail
from cloudmetrics.platform.paging import Page
from cloudmetrics.platform.timezones import UnknownTimezone, require_timezone
from cloudmetrics.reports.definitions import store
from cloudmetrics.reports.definitions.models import (
    InvalidRecipient,
    InvalidSchedule,
    Report,
    Section,
    Wish,
)
from cloudmetrics.reports.periods import days_of
from cloudmetrics.reports.schedules import InvalidCron, next_after, require_cron


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Report]:
    """The reports that a query asks for, oldest first unless it says otherwise.

    Raises InvalidCursor, InvalidMoment.
    """
    asked = store.REPORTS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def get(caller: Caller, report_id: UUID) -> Report:
    """Raises NotFound."""
    return found(await store.get(caller.tenant, report_id))


async def create(caller: Caller, wish: Wish) -> Report:
    """Raises InvalidSchedule, InvalidRecipient, QuestionUnsound; NotFound for an unknown website or goal."""
    timezone = await _checked(caller, wish)
    now = clock.now_of(caller.tenant)
    report = _as_wished(new_id(), wish, timezone, now, now)
    async with caller.tenant.transaction() as transaction:
        await store.create(transaction, caller.tenant, report)
        await _record(transaction, caller, Action.REPORT_CREATED, report)
    return report


async def update(caller: Caller, report_id: UUID, wish: Wish) -> Report:
    """Replaces all of it. Raises what `create` raises, and NotFound."""
    await get(caller, report_id)
    timezone = await _checked(caller, wish)
    async with caller.tenant.transaction() as transaction:
        old = found(await store.lock(transaction, caller.tenant, report_id))
        report = _as_wished(old.id, wish, timezone, old.created_at, clock.now_of(caller.tenant))
        await store.update(transaction, caller.tenant, report)
        await _record(transaction, caller, Action.REPORT_UPDATED, report)
    return report


async def delete(caller: Caller, report_id: UUID) -> None:
    """Its runs and what they found go with it. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        report = found(await store.lock(transaction, caller.tenant, report_id))
        await store.delete(transaction, caller.tenant, report_id)
        await _record(transaction, caller, Action.REPORT_DELETED, report)


async def plan_anew(tenant: Tenant) -> None:
    """After the workspace's clock went back: nothing is planned for later than it would be now."""
    for report_id in await store.planned(tenant):
        async with tenant.transaction() as transaction:
            report = await store.lock(transaction, tenant, report_id)
            if report is None or report.next_run_at is None:
                continue
            following = next_run(report, clock.now_of(tenant))
            if following is not None and following < report.next_run_at:
                await store.plan(transaction, tenant, report_id, following)


def next_run(report: Report, after: datetime) -> datetime | None:
    """When it is due next after a moment, if ever."""
    if report.cron is None or report.status == "PAUSED":
        return None
    return next_after(report.cron, report.timezone, after)


def found(report: Report | None) -> Report:
    if report is None:
        raise NotFound("report")
    return report


def question_of(section: Section, start: str, end: str) -> dict[str, object]:
    """The question of a section, about some days, as it would be sent to query-metrics."""
    return {**section["question"], "start_date": start, "end_date": end, "dry_run": False}


def _as_wished(report_id: UUID, wish: Wish, timezone: str, created_at: datetime, now: datetime) -> Report:
    report = Report(
        report_id,
        wish.name,
        wish.period,
        wish.sections,
        wish.status,
        wish.cron,
        timezone,
        list(dict.fromkeys(wish.recipients)),
        wish.delivery,
        None,
        created_at,
        now,
    )
    return replace(report, next_run_at=next_run(report, now))


async def _checked(caller: Caller, wish: Wish) -> str:
    """The time zone of a report that makes sense."""
    timezone = wish.timezone or (await workspaces.of(caller.tenant)).timezone
    _require_schedule(wish.cron, timezone)
    _require_recipients(wish.recipients)
    days = days_of(wish.period, clock.today_of(caller.tenant, timezone))
    faults: list[Fault] = []
    for number, section in enumerate(wish.sections):
        question = question_of(section, days.start.isoformat(), days.end.isoformat())
        try:
            await questions.check(caller, question)
        except QuestionUnsound as unsound:
            within = f"/sections/{number}/question"
            faults += [replace(fault, pointer=f"{within}{fault.pointer}") for fault in unsound.faults]
    if faults:
        raise QuestionUnsound(faults)
    return timezone


def _require_schedule(cron: str | None, timezone: str) -> None:
    try:
        if cron is not None:
            require_cron(cron)
        require_timezone(timezone)
    except InvalidCron as error:
        raise InvalidSchedule(str(error), "INVALID_CRON", "cron") from None
    except UnknownTimezone as error:
        raise InvalidSchedule(str(error), "UNKNOWN_TIMEZONE", "timezone") from None


def _require_recipients(recipients: Sequence[str]) -> None:
    for index, recipient in enumerate(recipients):
        try:
            Mail(recipient, "A report", "")
        except InvalidMail:
            raise InvalidRecipient(index) from None


async def _record(transaction: Transaction, caller: Caller, action: Action, report: Report) -> None:
    await audit.record(
        transaction,
        caller.tenant.workspace_id,
        Actor.of(caller),
        action,
        ("REPORT", report.id),
        name=report.name,
        recipients=list(report.recipients),
    )
