"""The answer to a question, counted in plain Python from the events that were sent."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

FIRST_TOUCH = ("source", "medium", "campaign", "device", "browser", "system", "country")
OF_VISITS = ("entry_page", "exit_page")
PAUSE = timedelta(minutes=30)


@dataclass
class Site:
    """A website, and the events that it was sent."""

    zone: ZoneInfo
    currency: str
    events: list[dict] = field(default_factory=list)


@dataclass(eq=False)
class Visit:
    events: list[dict]

    @property
    def start(self) -> datetime:
        return moment(self.events[0])

    @property
    def seconds(self) -> float:
        return (moment(self.events[-1]) - self.start).total_seconds()

    def pages(self) -> dict[str, str | None]:
        pages = [page_of(event) for event in self.events if event["name"] == "pageview"]
        return {"entry_page": pages[0], "exit_page": pages[-1]} if pages else dict.fromkeys(OF_VISITS)


@dataclass
class Cell:
    """What belongs to one row of an answer."""

    days: set = field(default_factory=set)
    events: list[dict] = field(default_factory=list)
    visits: set[Visit] = field(default_factory=set)


def moment(event: dict) -> datetime:
    return datetime.fromisoformat(event["timestamp"])


def page_of(event: dict) -> str | None:
    return (urlsplit(event["url"]).path or "/")[:500] if "url" in event else None


def recount(sites: dict[str, Site], question: dict) -> list[dict]:
    """Rows of an answer in no particular order, as the API writes them."""
    kept = {name: site for name, site in sites.items() if question.get("website_id") in (None, name)}
    dimensions = question.get("dimensions", [])
    used = {*dimensions, *leaves(question.get("filter"))}
    if used & {"page", "event_name"} or any(name.startswith("properties.") for name in used):
        walk = by_event
    else:
        walk = by_visit if used & set(OF_VISITS) else by_day
    cells: dict[tuple, Cell] = defaultdict(Cell)
    goal_days: set = set()
    for website_id, site in kept.items():
        goal_days |= {
            (website_id, event["visitor_id"], day_of(event, site))
            for event in site.events
            if event["name"] == question.get("goal")
        }
        for traits, day, visitor, events, visits in walk(site):
            inside = question["start_date"] <= day.isoformat() <= question["end_date"]
            if inside and holds(question.get("filter"), traits):
                key = tuple(value_of(name, traits, day, question) for name in dimensions)
                if events or walk is not by_day:
                    cells[key].days.add((website_id, visitor, day))
                cells[key].events += [event | {"currency": site.currency} for event in events]
                cells[key].visits |= visits
    if not dimensions:
        cells = {(): cells.get((), Cell())}
    default = {site.currency for site in kept.values()}
    return [
        {
            "dimensions": dict(zip(dimensions, key, strict=True)),
            "metrics": metrics_of(cell, goal_days, question, default),
        }
        for key, cell in cells.items()
    ]


def visits_of(site: Site) -> Iterator[tuple[str, list[Visit]]]:
    people = defaultdict(list)
    for event in sorted(site.events, key=lambda event: (moment(event), event["id"])):
        visits = people[event["visitor_id"]]
        if not visits or moment(event) - moment(visits[-1].events[-1]) > PAUSE:
            visits.append(Visit([]))
        visits[-1].events.append(event)
    yield from people.items()


def day_of(event: dict, site: Site) -> date:
    return moment(event).astimezone(site.zone).date()


def touches(visits: list[Visit], site: Site) -> dict[date, dict]:
    """The first touch of each day of a visitor."""
    found: dict[date, dict] = {}
    for visit in visits:
        for event in visit.events:
            found.setdefault(day_of(event, site), {name: event.get(name) or None for name in FIRST_TOUCH})
    return found


def by_day(site: Site) -> Iterator[tuple]:
    for visitor, visits in visits_of(site):
        first = touches(visits, site)
        for visit in visits:
            start = day_of(visit.events[0], site)
            hour = visit.start.astimezone(site.zone).hour
            yield first[start] | {"hour": hour}, start, visitor, [], {visit}
            for event in visit.events:
                day = day_of(event, site)
                hour = moment(event).astimezone(site.zone).hour
                yield first[day] | {"hour": hour}, day, visitor, [event], set()


def by_visit(site: Site) -> Iterator[tuple]:
    for visitor, visits in visits_of(site):
        first = touches(visits, site)
        for visit in visits:
            start = day_of(visit.events[0], site)
            hour = visit.start.astimezone(site.zone).hour
            yield first[start] | visit.pages() | {"hour": hour}, start, visitor, visit.events, {visit}


def by_event(site: Site) -> Iterator[tuple]:
    for visitor, visits in visits_of(site):
        first = touches(visits, site)
        for visit in visits:
            for event in visit.events:
                day = day_of(event, site)
                traits = first[day] | visit.pages()
                traits |= {"page": page_of(event), "event_name": event["name"]}
                traits["hour"] = moment(event).astimezone(site.zone).hour
                for name, value in event.get("properties", {}).items():
                    traits[f"properties.{name}"] = text_of(value)
                yield traits, day, visitor, [event], {visit}


def text_of(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value not in (None, "") else None


def value_of(name: str, traits: dict, day: date, question: dict) -> str | None:
    if name != "time":
        return traits.get(name)
    match question.get("interval", "DAY"):
        case "HOUR":
            return f"{day.isoformat()}T{traits['hour']:02}:00"
        case "WEEK":
            return max((day - timedelta(days=day.weekday())).isoformat(), question["start_date"])
        case "MONTH":
            return max(day.replace(day=1).isoformat(), question["start_date"])
        case _:
            return day.isoformat()


def leaves(root: dict | None) -> Iterator[str]:
    if root is None:
        return
    if "dimension" in root:
        yield root["dimension"]
    for each in root.get("filters", [root["filter"]] if "filter" in root else []):
        yield from leaves(each)


def holds(root: dict | None, traits: dict) -> bool:
    if root is None:
        return True
    tests: dict[str, Callable[[], bool]] = {
        "AND": lambda: all(holds(each, traits) for each in root["filters"]),
        "OR": lambda: any(holds(each, traits) for each in root["filters"]),
        "NOT": lambda: not holds(root["filter"], traits),
        "IS": lambda: traits.get(root["dimension"]) == root["value"],
        "IS_NOT": lambda: traits.get(root["dimension"]) != root["value"],
        "CONTAINS": lambda: root["value"] in (traits.get(root["dimension"]) or ""),
        "IN": lambda: traits.get(root["dimension"]) in root["values"],
    }
    return tests[root["operator"]]()


def metrics_of(cell: Cell, goal_days: set, question: dict, default: set[str]) -> dict:
    visitors = {day[:2] for day in cell.days}
    converted = {day[:2] for day in cell.days & goal_days}
    views = sum(event["name"] == "pageview" for event in cell.events)
    earned: dict[str, int] = defaultdict(int)
    for event in cell.events:
        if "revenue" in event:
            earned[event["currency"]] += event["revenue"]["amount_minor"]
    money = [{"amount_minor": amount, "currency": currency} for currency, amount in sorted(earned.items())]
    only = money[0] if len(money) == 1 else None
    if not money:
        only = {"amount_minor": 0, "currency": min(default) if len(default) == 1 else "USD"}
    per_visitor = None
    if only and visitors:
        rounded = (2 * only["amount_minor"] + len(visitors)) // (2 * len(visitors))
        per_visitor = only | {"amount_minor": rounded}
    visits = len(cell.visits)
    everything = {
        "visitors": len(visitors),
        "visits": visits,
        "pageviews": views,
        "events": len(cell.events),
        "views_per_visit": views / visits if visits else None,
        "bounce_rate": sum(len(visit.events) == 1 for visit in cell.visits) / visits if visits else None,
        "visit_duration": sum(visit.seconds for visit in cell.visits) / visits if visits else None,
        "revenue": only,
        "revenue_per_visitor": per_visitor,
        "conversion_rate": len(converted) / len(visitors) if visitors else None,
    }
    asked = {name: everything[name] for name in question["metrics"]}
    return asked | ({"revenue_by_currency": money} if "revenue" in asked else {})
