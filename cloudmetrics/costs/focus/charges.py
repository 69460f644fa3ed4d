"""From records to charges.

Most rows of a bill repeat what another one said, but for its time and its amounts. What a
combination of texts means is found out once, and remembered for as long as there is room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson

from cloudmetrics.costs.dimensions import LONGEST_TAG, OF_SERIES
from cloudmetrics.costs.focus.header import Header
from cloudmetrics.costs.focus.models import BadRow, Charge, Costs, FileUnfit, Series, Slice, Unfit
from cloudmetrics.costs.focus.records import Records
from cloudmetrics.costs.focus.unpacking import lines_of

ABSENT = frozenset({"", "NULL"})
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
# FOCUS allows the exponent.
NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[Ee][+-]?\d{1,2})?", re.ASCII)
MOST_DIGITS = 30
MOST_DECIMALS = 40
NOTHING = Decimal(0)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
CHARGE_CATEGORIES = frozenset({"Usage", "Purchase", "Tax", "Credit", "Adjustment"})
LONGEST_NAME = 200
LONGEST_TEXT = 500
LONGEST_RESOURCE = 2_048
MOST_TAGS = 100
MOST_REMEMBERED = 20_000
MOST_CHARACTERS = 2**23
MOST_ROWS = 10_000_000


class FocusFile:
    """A file as it is read, in one go. Its header is read at once; raises FileUnfit.

    `version` is the FOCUS version that the header shows.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._records = iter(Records(lines_of(pieces)))
        names = next(self._records, None)
        if names is None:
            raise FileUnfit("NOT_FOCUS", "The file is empty.")
        if isinstance(names, BadRow):
            raise FileUnfit("NOT_FOCUS", f"The header cannot be read: {names.message}")
        header = Header.of(names[1])
        self.version = header.version
        self._places = header.places
        self._series: dict[tuple[str, ...], Series | Unfit] = {}
        self._characters = 0
        self._days: dict[str, date | None] = {}
        # Everything but amounts and times, in an order that is the same for each row.
        told = {column for columns in OF_SERIES.values() for column in columns}
        told |= {"ProviderName", "BillingAccountId", "BillingPeriodStart", "BillingCurrency", "Tags"}
        self._names = sorted(told & header.places.keys())
        self._common = itemgetter(*(header.places[name] for name in self._names))
        self._amounts = [header.places[name] for name in COSTS]
        self._start = header.places["ChargePeriodStart"]

    def __iter__(self) -> Iterator[Charge | BadRow]:
        """Each row, as a charge or with what is wrong with it. Raises FileUnfit."""
        for number, record in enumerate(self._records):
            if number >= MOST_ROWS:
                raise FileUnfit("TOO_LARGE", f"The file has more than {MOST_ROWS:,} rows.")
            yield record if isinstance(record, BadRow) else self._row(*record)

    def _row(self, line: int, fields: list[str]) -> Charge | BadRow:
        try:
            key = self._common(fields)
            series = self._series.get(key) or self._remember(key)
            if isinstance(series, Unfit):
                return series.at(line)
            text = fields[self._start]
            day = self._days.get(text) or self._day(text, "ChargePeriodStart")
            return Charge(series, day, self._costs(fields))
        except Unfit as error:
            return error.at(line)

    def _costs(self, fields: list[str]) -> Costs:
        billed, *others = (fields[place] for place in self._amounts)
        if billed in ABSENT:
            raise Unfit("REQUIRED", "The row has no BilledCost.", "BilledCost")
        return Costs(
            _number(billed, "BilledCost"),
            *(
                NOTHING if text in ABSENT else _number(text, name)
                for text, name in zip(others, COSTS[1:], strict=True)
            ),
        )

    def _remember(self, key: tuple[str, ...]) -> Series | Unfit:
        if len(self._series) >= MOST_REMEMBERED or self._characters >= MOST_CHARACTERS:
            self._series.clear()
            self._characters = 0
        self._characters += sum(map(len, key))
        try:
            found: Series | Unfit = self._read_series(dict(zip(self._names, key, strict=True)))
        except Unfit as error:
            found = error
        self._series[key] = found
        return found

    def _read_series(self, texts: dict[str, str]) -> Series:
        texts = {name: "" if text in ABSENT else text for name, text in texts.items()}
        bill = Slice(
            _name(texts, "ProviderName"),
            _name(texts, "BillingAccountId"),
            self._day(texts["BillingPeriodStart"], "BillingPeriodStart"),
        )
        currency = texts["BillingCurrency"]
        if not CURRENCY.fullmatch(currency):
            message = f"{_clip(currency)} is no ISO 4217 code of three capitals."
            raise Unfit("CURRENCY", message, "BillingCurrency")
        if texts["ChargeCategory"] not in CHARGE_CATEGORIES:
            message = f"{_clip(texts['ChargeCategory'])} is none of {', '.join(sorted(CHARGE_CATEGORIES))}."
            raise Unfit("VALUE", message, "ChargeCategory")
        traits = tuple(_trait(texts, columns) for columns in OF_SERIES.values())
        tags = _tags(texts.get("Tags", ""))
        digest = _digest(bill, currency, traits, sorted(tags.items()))
        return Series(digest, bill, currency, traits, tags, sum(map(len, texts.values())))

    def _day(self, text: str, column: str) -> date:
        if text not in self._days:
            if len(self._days) >= MOST_REMEMBERED:
                self._days.clear()
            self._days[text] = _read_day(text)
        day = self._days[text]
        if day is None:
            raise Unfit("DATE", f"{_clip(text)} is no date and time of ISO 8601.", column)
        return day


def _read_day(text: str) -> date | None:
    """The day of UTC that a moment is on; without a time zone it is UTC, as FOCUS has it."""
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None


def _number(text: str, column: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        message = f"{_clip(text)} is no number with at most 30 digits before and after the point."
        raise Unfit("NUMBER", message, column)
    number = Decimal(text)
    # Only an exponent leads beyond what the digits allow.
    if "E" in text.upper() and not _fits(number):
        raise Unfit("NUMBER", f"{_clip(text)} is too large, or too fine.", column)
    return number


def _fits(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return number.adjusted() < MOST_DIGITS and isinstance(exponent, int) and exponent >= -MOST_DECIMALS


def _name(texts: dict[str, str], column: str) -> str:
    text = texts[column]
    if not text:
        raise Unfit("REQUIRED", f"The row has no {column}.", column)
    return _bounded(text, column, LONGEST_NAME)


def _trait(texts: dict[str, str], columns: Sequence[str]) -> str:
    for column in columns:
        if text := texts.get(column, ""):
            return _bounded(text, column, LONGEST_RESOURCE if column == "ResourceId" else LONGEST_TEXT)
    return ""


def _bounded(text: str, column: str, most: int) -> str:
    if len(text) > most:
        raise Unfit("TOO_LONG", f"{column} is longer than {most:,} characters.", column)
    return text


def _tags(text: str) -> dict[str, str]:
    """Keys and values of a JSON object, as they are. What is no text is written as JSON does; null is ''."""
    if not text:
        return {}
    try:
        tags: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Unfit("TAGS", "Tags are not JSON.", "Tags") from None
    if not isinstance(tags, dict) or any(isinstance(value, dict | list) for value in tags.values()):
        raise Unfit("TAGS", "Tags are not a JSON object of plain values.", "Tags")
    if len(tags) > MOST_TAGS:
        raise Unfit("TAGS", f"There are more than {MOST_TAGS} tags.", "Tags")
    plain = {key: _tag_value(value) for key, value in tags.items() if key}
    for each in (*plain, *plain.values()):
        if len(each) > LONGEST_TAG or "\0" in each:
            raise Unfit("TAGS", f"A tag is longer than {LONGEST_TAG} characters, or holds NUL.", "Tags")
    return plain


def _tag_value(value: str | float | bool | None) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def _digest(*parts: object) -> UUID:
    return UUID(bytes=blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest())


def _clip(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")
