"""When a schedule is due: a cron expression on the clocks of a time zone.

Where clocks are set forward, a time that does not exist is due at the first moment
after the gap, once, however many such times there are. Where they are set back, a time
that comes twice is due when it comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, CroniterError, croniter

NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun"
FIELD = rf"(?:[0-9*/,-]|{NAMES})+"
FORM = re.compile(rf"{FIELD}(?: {FIELD}){{4}}", re.IGNORECASE)
CLOSEST = timedelta(minutes=15)
# Clocks are set back by less than this, so a time before it is past for good.
SET_BACK = timedelta(hours=25)
MINUTE = timedelta(minutes=1)
CHECKED = 100


class InvalidCron(Exception):
    """A cron expression that cannot be read, never comes true, or too often."""


def require_cron(cron: str) -> None:
    """Raises InvalidCron."""
    if FORM.fullmatch(cron) is None:
        raise InvalidCron("Write five fields: minute, hour, day of month, month, day of week; `0 8 * * 1`.")
    try:
        times = list(islice(_local_times(cron, datetime(2026, 1, 1)), CHECKED))
    except CroniterBadDateError:
        raise InvalidCron("No such day ever comes.") from None
    except (CroniterError, ValueError):
        raise InvalidCron("A field has a value that it cannot have.") from None
    if any(later - earlier < CLOSEST for earlier, later in pairwise(times)):
        raise InvalidCron(f"A report runs at most every {CLOSEST // MINUTE} minutes.")


def next_after(cron: str, timezone: str, moment: datetime) -> datetime:
    """The first time at which it is due after a moment, in UTC."""
    zone = ZoneInfo(timezone)
    local = moment.astimezone(zone).replace(tzinfo=None)
    return next(due for time in _local_times(cron, local) if (due := _moment_of(time, zone)) > moment)


def last_until(cron: str, timezone: str, moment: datetime) -> datetime:
    """The last time at which it was due until a moment, that included, in UTC."""
    zone = ZoneInfo(timezone)
    local = moment.astimezone(zone).replace(tzinfo=None) + SET_BACK
    times = croniter(cron, local, ret_type=datetime).all_prev()
    return next(due for time in times if (due := _moment_of(time, zone)) <= moment)


def _local_times(cron: str, after: datetime) -> Iterator[datetime]:
    """What the clocks on the wall show whenever it is due."""
    times: Iterator[datetime] = croniter(cron, after, ret_type=datetime).all_next()
    return times


def _moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """When clocks first show a time, or, if they never do, the end of the gap that it lies in."""
    while not _exists(local, zone):
        local = local.replace(second=0) + MINUTE
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    there = local.replace(tzinfo=zone)
    return there.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
