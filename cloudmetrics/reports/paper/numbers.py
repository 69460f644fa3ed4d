"""Numbers and texts as people read them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# ISO 4217: currencies whose minor unit is not a hundredth.
WHOLE = ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"]
WHOLE += ["XAF", "XOF", "XPF"]
THOUSANDTHS = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
EXPONENTS = dict.fromkeys(WHOLE, 0) | dict.fromkeys(THOUSANDTHS, 3)
LABELS = {
    "visitors": "Visitors",
    "visits": "Visits",
    "pageviews": "Page views",
    "events": "Events",
    "views_per_visit": "Views per visit",
    "bounce_rate": "Bounce rate",
    "visit_duration": "Visit duration",
    "revenue": "Revenue",
    "revenue_per_visitor": "Revenue per visitor",
    "conversion_rate": "Conversion rate",
}
RATES = ("bounce_rate", "conversion_rate")
NONE = "(none)"
NOTHING = "–"
LONGEST = 160
# After these a long word may go on in the next line; else after so many letters.
BREAKS = re.compile(r"([/?&=_.,:;@#%+-]+|\w{18})(?=.)")


def label_of(name: str) -> str:
    """A metric or a dimension as the head of a column."""
    return LABELS.get(name) or breakable(name.replace("_", " ").capitalize())


def shown(metric: str, metrics: Mapping[str, Any]) -> str:
    """The value of a metric in a row of an answer."""
    value = metrics[metric]
    if metric == "revenue" and value is None and metrics["revenue_by_currency"]:
        return ", ".join(money(each) for each in metrics["revenue_by_currency"][:3])
    if value is None:
        return NOTHING
    if isinstance(value, dict):
        return money(value)
    if metric in RATES:
        return f"{100 * value:.1f} %"
    if metric == "visit_duration":
        return f"{int(value) // 60}:{int(value) % 60:02}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def height_of(metric: str, metrics: Mapping[str, Any]) -> float:
    """How high the value of a metric is drawn in a chart."""
    value = metrics[metric]
    if isinstance(value, dict):
        value = value["amount_minor"] / 10 ** EXPONENTS.get(value["currency"], 2)
    return float(value or 0)


def money(value: Mapping[str, Any]) -> str:
    digits = EXPONENTS.get(value["currency"], 2)
    units, rest = divmod(abs(value["amount_minor"]), 10**digits)
    sign = "-" if value["amount_minor"] < 0 else ""
    fraction = f".{rest:0{digits}}" if digits else ""
    return f"{sign}{units:,}{fraction} {value['currency']}"


def breakable(text: str) -> str:
    """A text that fits into narrow columns, without what would not be seen."""
    return BREAKS.sub("\\1\u200b", shortened(text, LONGEST))


def shortened(text: str, most: int) -> str:
    """A text of one line, without its middle where it is too long: both ends tell URLs apart."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    half = most // 2
    return text if len(text) <= most else f"{text[: half - 1]}…{text[-half:]}"


def is_right_to_left(text: str) -> bool:
    """Whether its first letter with a direction goes from right to left."""
    directions = (unicodedata.bidirectional(letter) for letter in text)
    return next((each in ("R", "AL") for each in directions if each in ("L", "R", "AL")), False)
