"""What new events make of visits: they begin, lengthen and join them, but never part them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from cloudmetrics.analytics.rollups.models import PAGEVIEW, Added, State, Visit

PAUSE = timedelta(minutes=30)


class Outline(NamedTuple):
    """What the numbers of a day know of a visit."""

    started_at: datetime
    first_id: str
    ended_at: datetime
    events: int


class Joined(NamedTuple):
    """A visit to be counted, and those that are part of it now, as they were counted before."""

    visit: Visit
    replaced: list[Outline]
    is_changed: bool = True


def begun_visits(state: State) -> Iterator[Joined]:
    """The visits that begin with one of the events. They stay as they are, and were not counted before."""
    touches = {event.touch for event in state.events.values()}
    for visit in state.visits.values():
        if (visit.started_at, visit.first_id) in touches:
            yield Joined(visit, [], is_changed=False)


def join_visits(state: State) -> Iterator[Joined]:
    """The visits that change. Those of the state are joined in place."""
    parts: dict[tuple[str, str], list[tuple[datetime, str, bool, Visit]]] = defaultdict(list)
    events = {event_id: event for (event_id, _), event in state.events.items()}
    for event in events.values():
        website_id, _, visitor_id, _ = event.key
        parts[website_id, visitor_id].append((*event.touch, True, _visit_of(event)))
    for (website_id, visitor_id, started_at), visit in state.visits.items():
        if (website_id, visitor_id) in parts:
            parts[website_id, visitor_id].append((started_at, visit.first_id, False, visit))
    for visitor_parts in parts.values():
        visitor_parts.sort()
        yield from _join(visitor_parts)


def _join(parts: list[tuple[datetime, str, bool, Visit]]) -> Iterator[Joined]:
    """Walks through the parts of one visitor in their order."""
    whole, changed = parts[0][3], False
    replaced: list[Outline] = []
    for started_at, first_id, is_new, part in parts:
        outline = Outline(started_at, first_id, part.ended_at, part.events)
        if started_at - whole.ended_at > PAUSE:
            if changed:
                yield Joined(whole, replaced)
            whole, replaced, changed = part, [], False
        elif part is not whole:
            _append(whole, part)
        changed = changed or is_new
        if not is_new:
            replaced.append(outline)
    if changed:
        yield Joined(whole, replaced)


def _append(whole: Visit, part: Visit) -> None:
    """Joins a part that does not start before the whole."""
    whole.ended_at = max(whole.ended_at, part.ended_at)
    whole.events += part.events
    whole.pageviews += part.pageviews
    whole.sales += part.sales
    whole.revenue += part.revenue
    if part.entry_at is None or part.exit_at is None:
        return
    # Although it starts later, its first page view may come before that of the whole.
    if whole.entry_at is None or (part.entry_at, part.entry_id) < (whole.entry_at, whole.entry_id):
        whole.entry_at, whole.entry_id, whole.entry_page = part.entry_at, part.entry_id, part.entry_page
    if whole.exit_at is None or (part.exit_at, part.exit_id) > (whole.exit_at, whole.exit_id):
        whole.exit_at, whole.exit_id, whole.exit_page = part.exit_at, part.exit_id, part.exit_page


def _visit_of(event: Added) -> Visit:
    website_id, _, visitor_id, _ = event.key
    at, event_id = event.touch
    is_view = event.name == PAGEVIEW
    view = (at, event_id, event.page) if is_view else (None, None, None)
    sums = (1, int(is_view), int(event.revenue is not None), event.revenue or 0)
    return Visit(website_id, visitor_id, at, at, event_id, *sums, *view, *view)
