"""Loads the demo traffic into a website, over HTTP like any other client."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudmetrics.demo.traffic import events
from cloudmetrics.importing.sending import SendFailed, Tally, encode_batches, send_batches

# Called after each answered batch with the events sent so far, and all there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LoadResult:
    """How many events were stored now, and how many were there already."""

    accepted: int
    duplicates: int


def load(
    base_url: str,
    key: str,
    website_id: str,
    *,
    days: int = 30,
    until: datetime | None = None,
    seed: int = 1,
    currency: str = "USD",
    domain: str = "demo.example",
    progress: Progress = lambda sent, total: None,
) -> LoadResult:
    """Sends the traffic of the last `days` days up to `until` (now, if not given).

    Safe to repeat and to resume: what is stored already counts as a duplicate.
    `key` needs `events:write`. Raises SendFailed, with one sentence that says why.
    """
    until = until or datetime.now(UTC)
    traffic = list(events(website_id, days=days, until=until, seed=seed, currency=currency, domain=domain))
    sent = Tally()
    progress(0, len(traffic))
    for tally in send_batches(encode_batches(enumerate(traffic, 1)), base_url, key):
        sent.add(tally)
        if sent.rejected:
            code, count = sent.codes.most_common(1)[0]
            raise SendFailed(f"The server rejected {count:,} demo events with {code}.")
        progress(sent.events, len(traffic))
    return LoadResult(sent.accepted, sent.duplicates)
