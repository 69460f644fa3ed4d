"""What can be done with the widgets of a dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.analytics.questions.models import Fault, QuestionUnsound
from cloudmetrics.boards.dashboards import service as dashboards
from cloudmetrics.boards.dashboards import store as dashboard_store
from cloudmetrics.boards.widgets import checking, store
from cloudmetrics.boards.widgets.grid import COLUMNS, Box, first_free, overlapping
from cloudmetrics.boards.widgets.models import (
    MOST_WIDGETS,
    SIZES,
    Draft,
    PlaceTaken,
    TooManyWidgets,
    Widget,
)
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page


async def list_page(caller: Caller, dashboard_id: UUID, query: Mapping[str, Any]) -> Page[Widget]:
    """The widgets of a dashboard, oldest first unless the query says otherwise.

    Raises NotFound, InvalidCursor, InvalidMoment.
    """
    await dashboards.get(caller, dashboard_id)
    asked = store.WIDGETS.ask(caller, query, dashboard=dashboard_id)
    return asked.page(await store.listed(caller.tenant, dashboard_id, asked))


async def of_dashboards(caller: Caller, dashboard_ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The widgets of each dashboard that has any, by rows, and from left to right."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    for widget in await store.of_dashboards(caller.tenant, dashboard_ids):
        found.setdefault(widget.dashboard_id, []).append(widget.to_json())
    return found


async def get(caller: Caller, dashboard_id: UUID, widget_id: UUID) -> Widget:
    """Raises NotFound."""
    await dashboards.get(caller, dashboard_id)
    return _one(await store.all_of(caller.tenant, dashboard_id), widget_id)


async def create(caller: Caller, dashboard_id: UUID, draft: Draft) -> Widget:
    """Puts a widget where it wants to be, or at the first place that is free.

    Raises NotFound, QuestionUnsound, ScopeNotHeld, PlaceTaken, TooManyWidgets.
    """
    dashboard = await dashboards.get(caller, dashboard_id)
    await checking.require_sound(caller, draft, dashboard.settings)
    workspace_id = caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        await dashboard_store.lock(transaction, caller, dashboard_id)
        others = await store.all_in(transaction, workspace_id, dashboard_id)
        if len(others) >= MOST_WIDGETS:
            raise TooManyWidgets
        widget = placed(dashboard_id, draft, others, clock.now_of(caller.tenant))
        await store.insert(transaction, workspace_id, widget)
        await dashboard_store.touch(transaction, caller, dashboard_id, widget.created_at)
    return widget


def placed(dashboard_id: UUID, draft: Draft, others: Sequence[Widget], now: datetime) -> Widget:
    """A new widget beside others. Raises PlaceTaken."""
    box = draft.box or first_free([other.box for other in others], *SIZES[draft.kind])
    _require_free(box, others)
    return Widget(new_id(), dashboard_id, draft.kind, draft.title, box, draft.content, now, now)


async def update(caller: Caller, dashboard_id: UUID, widget_id: UUID, draft: Draft) -> Widget:
    """Replaces a widget, whose place stays where the draft names none.

    Raises NotFound, QuestionUnsound, ScopeNotHeld, PlaceTaken.
    """
    dashboard = await dashboards.get(caller, dashboard_id)
    await get(caller, dashboard_id, widget_id)
    await checking.require_sound(caller, draft, dashboard.settings)
    workspace_id = caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        await dashboard_store.lock(transaction, caller, dashboard_id)
        others = await store.all_in(transaction, workspace_id, dashboard_id)
        before = _one(others, widget_id)
        box, now = draft.box or before.box, clock.now_of(caller.tenant)
        _require_free(box, [other for other in others if other.id != widget_id])
        widget = replace(
            before, kind=draft.kind, title=draft.title, content=draft.content, box=box, updated_at=now
        )
        stored = await store.update(transaction, workspace_id, widget)
        await dashboard_store.touch(transaction, caller, dashboard_id, now)
    return stored


async def delete(caller: Caller, dashboard_id: UUID, widget_id: UUID) -> None:
    """Raises NotFound."""
    workspace_id = caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        await dashboard_store.lock(transaction, caller, dashboard_id)
        _one(await store.all_in(transaction, workspace_id, dashboard_id), widget_id)
        await store.delete(transaction, workspace_id, widget_id)
        await dashboard_store.touch(transaction, caller, dashboard_id, clock.now_of(caller.tenant))


async def arrange(caller: Caller, dashboard_id: UUID, boxes: Sequence[tuple[UUID, Box]]) -> None:
    """Moves widgets all at once, so that two can change places; those not named stay.

    `boxes` are in the order of the body, for the pointers of what is wrong with them.
    Raises NotFound, QuestionUnsound.
    """
    workspace_id = caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        await dashboard_store.lock(transaction, caller, dashboard_id)
        present = {each.id: each for each in await store.all_in(transaction, workspace_id, dashboard_id)}
        if faults := _faults_of_layout(present, boxes):
            raise QuestionUnsound(faults)
        now = clock.now_of(caller.tenant)
        for widget_id, box in boxes:
            if present[widget_id].box != box:
                present[widget_id] = replace(present[widget_id], box=box, updated_at=now)
                await store.update(transaction, workspace_id, present[widget_id])
        await dashboard_store.touch(transaction, caller, dashboard_id, now)


def _faults_of_layout(present: Mapping[UUID, Widget], boxes: Sequence[tuple[UUID, Box]]) -> list[Fault]:
    places = {widget_id: widget.box for widget_id, widget in present.items()}
    numbers: dict[UUID, int] = {}
    faults = []
    for number, (widget_id, box) in enumerate(boxes):
        pointer = f"/widgets/{number}"
        if widget_id not in present:
            faults.append(
                Fault("UNKNOWN_WIDGET", "The dashboard has no such widget.", f"{pointer}/widget_id")
            )
        elif widget_id in numbers:
            faults.append(Fault("WIDGET_TWICE", "The widget is moved twice.", f"{pointer}/widget_id"))
        elif not box.fits:
            message = f"The grid has {COLUMNS} columns; this ends in column {box.x + box.width}."
            faults.append(Fault("OUTSIDE_GRID", message, f"{pointer}/layout/width"))
        else:
            places[widget_id] = box
            numbers[widget_id] = number
    for pair in overlapping(places):
        moved = max(numbers.get(each, -1) for each in pair)
        if moved >= 0:
            one, other = (present[each].title for each in pair)
            faults.append(Fault("OVERLAP", f"{one} and {other} overlap.", f"/widgets/{moved}/layout"))
    return faults


def _require_free(box: Box, others: Sequence[Widget]) -> None:
    if taken := [other.title for other in others if other.box.overlaps(box)]:
        raise PlaceTaken(taken)


def _one(widgets: Sequence[Widget], widget_id: UUID) -> Widget:
    for widget in widgets:
        if widget.id == widget_id:
            return widget
    raise NotFound("widget")
