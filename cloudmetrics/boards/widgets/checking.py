"""Whether a widget makes sense: judged when it is saved, so that nobody is surprised when it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from cloudmetrics.accounts.api_keys.models import ScopeNotHeld
from cloudmetrics.analytics.answers import service as answers
from cloudmetrics.analytics.goals import service as goals
from cloudmetrics.analytics.questions import service as questions
from cloudmetrics.analytics.questions.dimensions import TIME
from cloudmetrics.analytics.questions.models import Fault, QuestionUnsound
from cloudmetrics.analytics.saved_funnels import service as saved_funnels
from cloudmetrics.boards.dashboards.models import Settings
from cloudmetrics.boards.widgets.asking import body_of, days_of, website_of
from cloudmetrics.boards.widgets.grid import COLUMNS
from cloudmetrics.boards.widgets.models import Draft, Kind, Widget
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import NotFound

# What a program must be allowed anyway, to have it shown on a dashboard: by `dashboards:read`
# alone, others see it then.
SCOPES = {Kind.FUNNEL: "goals:read", Kind.TEXT: None}
METRICS_SCOPE = "metrics:read"
UNKNOWN_WEBSITE = "The workspace has no website with this id."


async def require_sound(caller: Caller, draft: Draft, settings: Settings) -> None:
    """For a widget as the body of a request. Raises QuestionUnsound with all reasons, ScopeNotHeld."""
    require_allowed(caller, [draft])
    if faults := await faults_of(caller, draft, settings):
        raise QuestionUnsound(faults)


def require_allowed(caller: Caller, drafts: Sequence[Draft]) -> None:
    """Raises ScopeNotHeld where the caller could not have asked the same directly."""
    needed = {SCOPES.get(draft.kind, METRICS_SCOPE) for draft in drafts}
    missing = frozenset(scope for scope in needed if scope and scope not in caller.scopes)
    # The service itself has no scopes, and may do everything.
    if caller.credential_kind is not None and missing:
        raise ScopeNotHeld(missing)


async def faults_of(caller: Caller, draft: Draft, settings: Settings) -> list[Fault]:
    """All that is wrong with a widget on a dashboard; pointers begin at the widget."""
    faults = list(_misplaced(draft))
    if draft.question is not None:
        faults += _misshapen(draft)
        faults += [_below("/query", fault) for fault in await _faults_of_question(caller, draft, settings)]
    if draft.kind is Kind.FUNNEL:
        faults += await _faults_of_funnel(caller, draft)
    return faults


def _misplaced(draft: Draft) -> Iterator[Fault]:
    if draft.box is not None and not draft.box.fits:
        message = f"The grid has {COLUMNS} columns; this ends in column {draft.box.x + draft.box.width}."
        yield Fault("OUTSIDE_GRID", message, "/layout/width")


def _misshapen(draft: Draft) -> Iterator[Fault]:
    """Where the dimensions do not suit what is drawn."""
    assert draft.question is not None
    dimensions = draft.question["dimensions"]
    wanted = {
        Kind.NUMBER: (not dimensions, "A number is of everything together: it has no dimensions."),
        Kind.TIME_SERIES: (dimensions[:1] == [TIME], "The first dimension of a time series is `time`."),
        Kind.BAR: (len(dimensions) == 1, "Bars stand side by side by exactly one dimension."),
        Kind.TABLE: (bool(dimensions), "A table has a dimension at least."),
    }
    suits, message = wanted[draft.kind]
    if not suits:
        yield Fault("UNFIT_DIMENSIONS", message, "/query/dimensions")


async def _faults_of_question(caller: Caller, draft: Draft, settings: Settings) -> list[Fault]:
    query = draft.question
    assert query is not None
    website_id = website_of(query, settings)
    try:
        state = await answers.state(caller, website_id)
    except NotFound:
        return [Fault("UNKNOWN_WEBSITE", UNKNOWN_WEBSITE, "/website_id")]
    days = days_of(query["range"], settings, clock.today_of(caller.tenant, state.timezone))
    body = body_of(query, website_id, days)
    try:
        await questions.understand(caller, body, state)
    except QuestionUnsound as error:
        faults = [_of_range(fault) for fault in error.faults]
        return faults + await _faults_of_goal(caller, body.get("goal_id"))
    except NotFound:
        return await _faults_of_goal(caller, body["goal_id"])
    return []


def _of_range(fault: Fault) -> Fault:
    """A widget has the name of a range where a question has dates."""
    return replace(fault, pointer="/range") if fault.pointer in ("/start_date", "/end_date") else fault


async def _faults_of_goal(caller: Caller, goal_id: str | None) -> list[Fault]:
    """What nobody looks at in a question that is wrong elsewhere."""
    try:
        if goal_id is not None:
            await goals.get(caller, UUID(goal_id))
    except NotFound:
        return [Fault("UNKNOWN_GOAL", "The workspace has no goal with this id.", "/goal_id")]
    return []


async def _faults_of_funnel(caller: Caller, draft: Draft) -> list[Fault]:
    try:
        await saved_funnels.get(caller, UUID(draft.content["funnel_id"]))
    except NotFound:
        return [Fault("UNKNOWN_FUNNEL", "The workspace has no funnel with this id.", "/funnel_id")]
    return []


def _below(prefix: str, fault: Fault) -> Fault:
    return replace(fault, pointer=prefix + fault.pointer)


async def require_inheritance(
    caller: Caller, present: Settings, wanted: Settings, widgets: Sequence[Widget]
) -> None:
    """Whether what widgets leave to their dashboard still suits them after a change of it.

    Raises QuestionUnsound with all reasons; each names its widget.
    """
    if (present.website_id, present.range) == (wanted.website_id, wanted.range):
        return
    faults = []
    for widget in widgets:
        if widget.draft.question is not None:
            before = await _faults_of_question(caller, widget.draft, present)
            found = await _faults_of_question(caller, widget.draft, wanted)
            faults += [_of_dashboard(fault, widget) for fault in found if fault not in before]
    if faults:
        raise QuestionUnsound(faults)


def _of_dashboard(fault: Fault, widget: Widget) -> Fault:
    pointer = "/range" if fault.pointer == "/range" else "/website_id"
    return Fault(fault.code, f"The widget {widget.title}: {fault.message}", pointer)
