"""Makes the demo events: the same ones for the same seed, website and hour.

The visits that begin in an hour follow from nothing but the seed, the website and
the hour itself. So whoever makes events a second time, with a later `until`, makes
those of the first time again, each with the id that it had, and some more.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from random import Random
from typing import Any, NamedTuple

from cloudmetrics.demo import world

HOUR = 3_600
VISITS_AN_HOUR = 31.0
REGULARS = 1_500
SHARE_OF_REGULARS = 0.35
LONGEST_VISIT = 30
SECONDS_A_STEP = 45.0


class Visitor(NamedTuple):
    """Who visits; the same in each of their visits."""

    visitor_id: str
    country: str
    device: str


def events(
    website_id: str,
    *,
    days: int = 30,
    until: datetime,
    seed: int = 1,
    currency: str = "USD",
    domain: str = "demo.example",
) -> Iterator[dict[str, Any]]:
    """Events of the last `days` days up to `until`, as `POST /v1/events` takes them.

    At least 50,000 in 30 days, hour by hour; within an hour visit by visit.
    `currency` must be the website's own. Raises ValueError for a naive `until`.
    """
    if until.tzinfo is None:
        raise ValueError("`until` needs a time zone")
    first, last = (until - timedelta(days=days)).timestamp(), until.timestamp()
    traffic = _Traffic(website_id, seed, currency, domain)
    for hour in range(int(first) // HOUR, int(last) // HOUR + 1):
        for moment, event in traffic.hour(hour):
            if moment <= last:
                yield event


class _Traffic:
    def __init__(self, website_id: str, seed: int, currency: str, domain: str) -> None:
        self._website_id = website_id
        self._currency = currency
        self._origin = f"https://{domain}"
        self._name = f"{seed}:{website_id}"
        self._prefix = f"demo-{_digest(self._name)}"
        self._regulars: dict[int, Visitor] = {}

    def hour(self, hour: int) -> Iterator[tuple[float, dict[str, Any]]]:
        """The events of the visits that begin in an hour since 1970, each after its time in seconds."""
        chance = Random(f"{self._name}:{hour}")  # noqa: S311
        channels = [world.EVERYDAY.pick(chance) for _ in range(_about(chance, everyday_visits(hour)))]
        for campaign in world.CAMPAIGNS:
            channels += [campaign.channel] * _about(chance, campaign_visits(campaign, hour))
        for number, channel in enumerate(channels):
            yield from self._visit(chance, channel, hour, f"{hour:x}-{number}")

    def _visit(
        self, chance: Random, channel: world.Channel, hour: int, name: str
    ) -> Iterator[tuple[float, dict[str, Any]]]:
        common = {"website_id": self._website_id} | self._visitor(chance, hour, name)._asdict()
        if channel.source:
            common["source"] = channel.source
        plan = world.PLANS.pick(chance)
        step = channel.landing.pick(chance)
        url, referrer = f"{self._origin}{step}{channel.query}", channel.referrer
        moment = (hour + chance.random()) * HOUR
        for number in range(LONGEST_VISIT):
            timestamp = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
            event: dict[str, Any] = {"id": f"{self._prefix}-{name}-{number}", "timestamp": timestamp} | common
            if step.startswith("/"):
                event |= {"name": "pageview", "url": url}
                if referrer:
                    event["referrer"] = referrer
                referrer = url
            else:
                event |= {"name": step, "url": url} | self._details(chance, step, plan)
            yield moment, event

            step = world.STEPS[step].pick(chance)
            if step == world.LEAVE:
                return
            if step.startswith("/"):
                url = self._origin + step
            moment += 2.0 + chance.expovariate(1 / SECONDS_A_STEP)

    def _details(self, chance: Random, step: str, plan: tuple[str, int]) -> dict[str, Any]:
        """What the steps of the funnel tell beyond their name."""
        name, price = plan
        if step == "newsletter_signup":
            return {}
        if step != "purchase":
            return {"properties": {"plan": name}}
        seats = 1 if name == "solo" else chance.randint(2, 12)
        return {
            "properties": {"plan": name, "seats": seats},
            "revenue": {"amount_minor": price * seats, "currency": self._currency},
        }

    def _visitor(self, chance: Random, hour: int, name: str) -> Visitor:
        if chance.random() >= SHARE_OF_REGULARS:
            return self._new_visitor(chance, name, hour)
        # The square makes a few visitors come often and most of them rarely.
        number = int(REGULARS * chance.random() ** 2)
        if number not in self._regulars:
            own = Random(f"{self._name}:regular:{number}")  # noqa: S311
            self._regulars[number] = self._new_visitor(own, f"regular:{number}", own.randrange(7 * 24))
        return self._regulars[number]

    def _new_visitor(self, chance: Random, name: str, hour: int) -> Visitor:
        devices = world.WORKDAY_DEVICES if weekday(hour) < 5 else world.WEEKEND_DEVICES
        country = awake_countries(hour % 24).pick(chance)
        return Visitor(_digest(f"{self._name}:{name}"), country, devices.pick(chance))


def everyday_visits(hour: int) -> float:
    """How many visits without a campaign an hour since 1970 has on average."""
    busyness = sum(country.weight * _busyness(country, hour % 24) for country in world.COUNTRIES)
    average = sum(country.weight for country in world.COUNTRIES) * sum(world.HOURS) / 24
    return VISITS_AN_HOUR * world.WEEKDAYS[weekday(hour)] * busyness / average


def campaign_visits(campaign: world.Campaign, hour: int) -> float:
    """How many visits a campaign brings on average in an hour since 1970."""
    period = campaign.period * 24
    age = (hour - campaign.day * 24 - campaign.hour) % period
    return float(campaign.visits * 0.5 ** (age / campaign.half_life))


def weekday(hour: int) -> int:
    """Monday is 0; 1970 began on a Thursday."""
    return (hour // 24 + 3) % 7


@cache
def awake_countries(hour_of_day: int) -> world.Choice[str]:
    """Countries by how many of their people are up at an hour of the day in UTC."""
    return world.Choice(
        {country.code: country.weight * _busyness(country, hour_of_day) for country in world.COUNTRIES}
    )


def _busyness(country: world.Country, hour_of_day: int) -> int:
    return world.HOURS[(hour_of_day + country.ahead) % 24]


def _about(chance: Random, average: float) -> int:
    """A whole number that spreads around an average as independent arrivals do."""
    return max(0, round(chance.gauss(average, average**0.5)))


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
