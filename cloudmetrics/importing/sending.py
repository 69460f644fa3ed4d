"""Sends events to `POST /v1/events`: in batches, a few in flight, patient with a server that restarts."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

BATCH_SIZE = 1_000
# The server takes bodies of 5 MiB.
BATCH_BYTES = 4 * 1024 * 1024
IN_FLIGHT = 4
RETRIED = {429, 502, 503, 504}
FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0
POINTER = re.compile(r"/events/(\d{1,4})(?:/(.+))?")

Event = dict[str, Any]
# Events as JSON, each with the number of the line that it comes from.
Batch = Sequence[tuple[int, bytes]]


class SendFailed(Exception):
    """The events could not be sent; the message is one sentence for people."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not stored, and why."""

    number: int
    reason: str


@dataclass
class Tally:
    """What became of events. `codes` counts the rejected ones by their code.

    `rejections` and `unfit` tell of each by its line: rejected for what it says,
    or not an event at all by the contract. A batch whose answer was lost is sent
    again, so that events which the lost try had stored count as duplicates here.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    rejections: list[Refused] = field(default_factory=list)
    unfit: list[Refused] = field(default_factory=list)

    def count(self, answer: dict[str, Any], batch: Batch) -> None:
        """Adds what the receipts of a batch say."""
        data = answer["data"]
        self.accepted += data["accepted"]
        self.duplicates += data["duplicates"]
        self.rejected += data["rejected"]
        for (number, _), receipt in zip(batch, data["receipts"], strict=True):
            if receipt["status"] == "REJECTED":
                self.codes[receipt["code"]] += 1
                self.rejections.append(Refused(number, receipt["code"]))

    @property
    def events(self) -> int:
        return self.accepted + self.duplicates + self.rejected + len(self.unfit)

    def add(self, other: "Tally") -> None:
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.rejected += other.rejected
        self.codes += other.codes


def encode_batches(events: Iterable[tuple[int, Event]], size: int = BATCH_SIZE) -> Iterator[Batch]:
    """Numbered events, made ready to be sent, at most `size` at once."""
    batch: list[tuple[int, bytes]] = []
    room = BATCH_BYTES
    for number, event in events:
        encoded = orjson.dumps(event)
        if batch and (len(batch) == size or len(encoded) >= room):
            yield batch
            batch, room = [], BATCH_BYTES
        batch.append((number, encoded))
        # A comma follows.
        room -= len(encoded) + 1
    if batch:
        yield batch


def send_batches(
    batches: Iterable[Batch], base_url: str, key: str, *, in_flight: int = IN_FLIGHT, patience: float = 30.0
) -> Iterator[Tally]:
    """Posts the batches and yields what became of each, in the order of the answers.

    Events that the contract does not allow are left out, and the rest of their
    batch is sent. A lost connection, an overloaded or a starting server is tried
    again for `patience` seconds. Raises SendFailed for whatever else is not a 200.
    """
    stopped = threading.Event()
    with open_client(base_url, key) as client, ThreadPoolExecutor(in_flight) as pool:
        pending: set[Future[Tally]] = set()
        try:
            for batch in batches:
                if len(pending) >= in_flight:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for answered in done:
                        yield answered.result()
                pending.add(pool.submit(_post, client, batch, patience, stopped))
            for answered in as_completed(pending):
                yield answered.result()
        finally:
            # Whoever waits for another try must not hold up an error or Ctrl-C.
            stopped.set()


def open_client(base_url: str, key: str) -> httpx.Client:
    """A client of the API with this key. Raises SendFailed for an address or a key that cannot be one."""
    if not key.isascii() or not key.isprintable() or not key:
        raise SendFailed("The API key has characters that no key has.")
    try:
        address = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise SendFailed(f"{base_url} is not an address: {error}.") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise SendFailed(f"{base_url} is not an address: it should look like http://127.0.0.1:8080.")
    # A proxy from the environment cannot reach this machine's own loopback.
    loopback = address.host in ("127.0.0.1", "::1", "localhost")
    return httpx.Client(
        base_url=address,
        headers={"API-Key": key, "Content-Type": "application/json"},
        timeout=httpx.Timeout(60.0, connect=5.0),
        trust_env=not loopback,
        # The certificate of a server on this machine is for its public name.
        verify=not loopback,
    )


def _post(client: httpx.Client, batch: Batch, patience: float, stopped: threading.Event) -> Tally:
    tally = Tally()
    deadline = time.monotonic() + patience
    delay = FIRST_DELAY
    while batch:
        pause = delay
        try:
            response = client.post("v1/events", content=_body(batch))
        except httpx.TransportError as error:
            problem = unreachable(client, error)
        else:
            if response.status_code == 200:
                _count(tally, response, batch)
                break
            if unfit := _unfit(response, len(batch)):
                tally.unfit += [Refused(batch[index][0], reason) for index, reason in unfit.items()]
                batch = [each for index, each in enumerate(batch) if index not in unfit]
                continue
            problem = explain(response)
            if response.status_code not in RETRIED:
                raise SendFailed(problem)
            pause = max(pause, _retry_after(response))
        if time.monotonic() + pause > deadline or stopped.wait(pause):
            raise SendFailed(problem)
        delay = min(2 * delay, LONGEST_DELAY)
    return tally


def _body(batch: Batch) -> bytes:
    return b'{"events":[' + b",".join([event for _, event in batch]) + b"]}"


def _unfit(response: httpx.Response, size: int) -> dict[int, str]:
    """The places of events that the contract does not allow, with the first reason for each."""
    found: dict[int, str] = {}
    if response.status_code != 400:
        return found
    try:
        for violation in orjson.loads(response.content)["errors"]:
            place = POINTER.fullmatch(violation["pointer"])
            if place and int(place[1]) < size:
                reason = f"{place[2]}: {violation['message']}" if place[2] else violation["message"]
                found.setdefault(int(place[1]), reason)
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return {}
    return found


def _count(tally: Tally, response: httpx.Response, batch: Batch) -> None:
    try:
        tally.count(orjson.loads(response.content), batch)
    except (orjson.JSONDecodeError, LookupError, TypeError, ValueError) as error:
        raise SendFailed(f"{response.url} answered 200, but not as CloudMetrics does.") from error


def _retry_after(response: httpx.Response) -> float:
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() else 0.0


def unreachable(client: httpx.Client, error: Exception) -> str:
    """One sentence on a server that gave no answer."""
    return (
        f"{str(client.base_url).rstrip('/')} gave no answer ({error or type(error).__name__}): is it running?"
    )


def explain(response: httpx.Response) -> str:
    """One sentence on an answer that is an error."""
    if response.status_code == 401:
        return "The server does not know this API key (401)."
    try:
        problem = orjson.loads(response.content)
        message = f"{problem['title']}: {problem['detail']}"
        first = next(iter(problem.get("errors") or ()), None)
        if first:
            message += f" First: {first.get('pointer') or first.get('parameter')}: {first['message']}"
    except (orjson.JSONDecodeError, LookupError, TypeError):
        message = response.reason_phrase
    return f"The server answered {response.status_code} to {response.request.url.path}: {message}"
