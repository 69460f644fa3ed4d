"""What the demo traffic is made of: who comes, from where, when, and what they do.

All weights are relative to their neighbours.
"""

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Choice(Generic[T]):
    """A weighted choice, made ready once."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._values = tuple(weights)
        self._sums = tuple(accumulate(weights.values()))

    def pick(self, chance: Random) -> T:
        return self._values[bisect(self._sums, chance.random() * self._sums[-1])]


@dataclass(frozen=True)
class Channel:
    """A way to the website; `landing` chooses the first page of the visits that come by it."""

    source: str | None
    referrer: str | None
    landing: Choice[str]
    query: str = ""


@dataclass(frozen=True)
class Campaign:
    """A channel that opens at `hour` UTC of every day whose number since 1970, modulo `period`, is `day`.

    `visits` is how many come in its first hour; after `half_life` hours it is half of them.
    """

    channel: Channel
    period: int
    day: int
    hour: int
    visits: float
    half_life: float


@dataclass(frozen=True)
class Country:
    """Where visitors live: their share, and the hours that their clocks are ahead of UTC."""

    code: str
    weight: float
    ahead: int


HOME_FIRST = Choice({"/": 7, "/pricing": 2, "/docs": 1})
READING_FIRST = Choice({"/blog/measure-what-matters": 4, "/blog/without-cookies": 3, "/": 3, "/docs": 2})
DOCS_FIRST = Choice({"/docs": 6, "/": 4})
OFFER_FIRST = Choice({"/offer": 7, "/pricing": 3})

# The ways that are always open.
EVERYDAY = Choice(
    {
        Channel(None, None, HOME_FIRST): 30,
        Channel("google", "https://www.google.com/", READING_FIRST): 34,
        Channel("bing", "https://www.bing.com/", READING_FIRST): 6,
        Channel("duckduckgo", "https://duckduckgo.com/", READING_FIRST): 4,
        Channel("github", "https://github.com/", DOCS_FIRST): 9,
        Channel("linkedin", "https://www.linkedin.com/", HOME_FIRST): 6,
        Channel("reddit", "https://www.reddit.com/", READING_FIRST): 6,
    }
)

CAMPAIGNS = (
    Campaign(
        Channel(
            "newsletter", None, OFFER_FIRST, "?utm_source=newsletter&utm_medium=email&utm_campaign=digest"
        ),
        period=7,
        day=5,
        hour=9,
        visits=60,
        half_life=5,
    ),
    Campaign(
        Channel(
            "google",
            "https://www.google.com/",
            OFFER_FIRST,
            "?utm_source=google&utm_medium=cpc&utm_campaign=early-bird",
        ),
        period=14,
        day=3,
        hour=7,
        visits=14,
        half_life=60,
    ),
    Campaign(
        Channel("hacker-news", "https://news.ycombinator.com/", READING_FIRST),
        period=21,
        day=11,
        hour=15,
        visits=130,
        half_life=4,
    ),
)

COUNTRIES = (
    Country("US", 34, -6),
    Country("DE", 13, 1),
    Country("GB", 11, 0),
    Country("IN", 10, 5),
    Country("FR", 7, 1),
    Country("BR", 6, -3),
    Country("CA", 6, -5),
    Country("NL", 5, 1),
    Country("JP", 4, 9),
    Country("AU", 4, 10),
)

# How lively each hour of a person's own day is, midnight first, and each weekday, Monday first.
HOURS = (8, 5, 3, 2, 2, 4, 10, 25, 55, 85, 95, 90, 75, 85, 95, 92, 85, 70, 58, 55, 60, 58, 40, 20)
WEEKDAYS = (1.0, 1.08, 1.1, 1.05, 0.92, 0.55, 0.58)

WORKDAY_DEVICES = Choice({"desktop": 58, "mobile": 36, "tablet": 6})
WEEKEND_DEVICES = Choice({"desktop": 34, "mobile": 56, "tablet": 10})

# From each step of a visit to the next. A path is a page view, a plain word an event of that name.
LEAVE = ""
STEPS = {
    "/": Choice({"/features": 30, "/pricing": 22, "/docs": 10, "/blog/measure-what-matters": 8, LEAVE: 30}),
    "/features": Choice({"/pricing": 35, "/docs": 15, "/customers": 15, LEAVE: 35}),
    "/customers": Choice({"/pricing": 40, "/features": 15, LEAVE: 45}),
    "/offer": Choice({"/pricing": 40, "/signup": 12, LEAVE: 48}),
    "/pricing": Choice({"/signup": 18, "/features": 18, "/docs": 10, LEAVE: 54}),
    "/docs": Choice({"/docs/quickstart": 40, "/docs/api": 25, "/pricing": 8, LEAVE: 27}),
    "/docs/quickstart": Choice({"/docs/api": 35, "/signup": 8, LEAVE: 57}),
    "/docs/api": Choice({"/docs/quickstart": 20, "/pricing": 10, LEAVE: 70}),
    "/blog/measure-what-matters": Choice(
        {"/blog/without-cookies": 18, "/": 20, "newsletter_signup": 4, LEAVE: 58}
    ),
    "/blog/without-cookies": Choice({"/features": 15, "/": 15, "newsletter_signup": 4, LEAVE: 66}),
    "newsletter_signup": Choice({"/": 30, LEAVE: 70}),
    "/signup": Choice({"signup": 48, "/pricing": 7, LEAVE: 45}),
    "signup": Choice({"/welcome": 1}),
    "/welcome": Choice({"/checkout": 40, "/docs/quickstart": 35, LEAVE: 25}),
    "/checkout": Choice({"checkout_started": 80, LEAVE: 20}),
    "checkout_started": Choice({"purchase": 62, "/pricing": 8, LEAVE: 30}),
    "purchase": Choice({"/thanks": 1}),
    "/thanks": Choice({"/docs/quickstart": 30, LEAVE: 70}),
}

# What is sold: a plan and its price for one seat in minor units.
PLANS = Choice({("solo", 1_900): 60, ("team", 4_900): 30, ("business", 19_900): 10})
