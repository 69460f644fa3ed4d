"""What new events make of visits: they begin, lengthen and join them, but never part them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from cloudmetrics.analytics.rollups.models import PAGEVIEW, Added, State, Visit

PAUSE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Joined:
    """A visit that is new or changed, and those that it takes the place of."""

    visit: Visit
    replaced: list[Visit]


def join_visits(state: State) -> Iterator[Joined]:
    """The visits that change, from all that the events of `state` may touch."""
    parts: dict[tuple[str, str], list[tuple[Visit, bool]]] = defaultdict(list)
    for event in {event.touch.event_id: event for event in state.events}.values():
        parts[event.key.website_id, event.key.visitor_id].append((_visit_of(event), True))
    for (website_id, visitor_id, _), visit in state.visits.items():
        if (website_id, visitor_id) in parts:
            parts[website_id, visitor_id].append((visit, False))
    for visitor_parts in parts.values():
        yield from _join(visitor_parts)


def _join(parts: Iterable[tuple[Visit, bool]]) -> Iterator[Joined]:
    whole: Visit | None = None
    replaced: list[Visit] = []
    changed = False
    for part, is_new in sorted(parts, key=lambda part: part[0].start):
        if whole is not None and part.started_at - whole.ended_at <= PAUSE:
            _append(whole, part)
        else:
            if whole is not None and changed:
                yield Joined(whole, replaced)
            whole, replaced, changed = replace(part), [], False
        changed = changed or is_new
        if not is_new:
            replaced.append(part)
    if whole is not None and changed:
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
    # Where the one starts first, the other may still have the first page view.
    if whole.entry_at is None or (part.entry_at, part.entry_id) < (whole.entry_at, whole.entry_id):
        whole.entry_at, whole.entry_id, whole.entry_page = part.entry_at, part.entry_id, part.entry_page
    if whole.exit_at is None or (part.exit_at, part.exit_id) > (whole.exit_at, whole.exit_id):
        whole.exit_at, whole.exit_id, whole.exit_page = part.exit_at, part.exit_id, part.exit_page


def _visit_of(event: Added) -> Visit:
    at, event_id = event.touch
    is_view = event.name == PAGEVIEW
    view = (at, event_id, event.page) if is_view else (None, None, None)
    return Visit(
        event.key.website_id,
        event.key.visitor_id,
        at,
        at,
        event_id,
        1,
        int(is_view),
        int(event.revenue_minor is not None),
        event.revenue_minor or 0,
        *view,
        *view,
    )
