"""Sends events to `POST /v1/events`: in batches, a few in flight, patient with a server that restarts."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

import httpx
import orjson

BATCH_SIZE = 1_000
IN_FLIGHT = 4
RETRIED = {429, 502, 503, 504}
FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0

Event = dict[str, Any]


class SendFailed(Exception):
    """The events could not be sent; the message is one sentence for people."""


@dataclass
class Tally:
    """What the server's receipts say. `codes` counts the rejected events by their code.

    A batch whose answer was lost is sent again, so that events which the lost
    try had stored count as duplicates here.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_answer(cls, answer: dict[str, Any]) -> Self:
        data = answer["data"]
        rejections = (receipt["code"] for receipt in data["receipts"] if receipt["status"] == "REJECTED")
        return cls(data["accepted"], data["duplicates"], data["rejected"], Counter(rejections))

    @property
    def events(self) -> int:
        return self.accepted + self.duplicates + self.rejected

    def add(self, other: "Tally") -> None:
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.rejected += other.rejected
        self.codes += other.codes


def encode_batches(events: Iterable[Event], size: int = BATCH_SIZE) -> Iterator[bytes]:
    """The events as request bodies of at most `size` events each."""
    rest = iter(events)
    while batch := list(islice(rest, size)):
        yield orjson.dumps({"events": batch})


def send_batches(
    batches: Iterable[bytes], base_url: str, key: str, *, in_flight: int = IN_FLIGHT, patience: float = 30.0
) -> Iterator[Tally]:
    """Posts the bodies and yields what became of each, in the order of the answers.

    A lost connection, an overloaded or a starting server is tried again for
    `patience` seconds. Raises SendFailed for whatever else is not a 200.
    """
    stopped = threading.Event()
    with open_client(base_url, key) as client, ThreadPoolExecutor(in_flight) as pool:
        pending: set[Future[Tally]] = set()
        try:
            for body in batches:
                if len(pending) >= in_flight:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for answered in done:
                        yield answered.result()
                pending.add(pool.submit(_post, client, body, patience, stopped))
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


def _post(client: httpx.Client, body: bytes, patience: float, stopped: threading.Event) -> Tally:
    deadline = time.monotonic() + patience
    delay = FIRST_DELAY
    while True:
        pause = delay
        try:
            response = client.post("v1/events", content=body)
        except httpx.TransportError as error:
            problem = unreachable(client, error)
        else:
            if response.status_code == 200:
                return _tally(response)
            problem = explain(response)
            if response.status_code not in RETRIED:
                raise SendFailed(problem)
            pause = max(pause, _retry_after(response))
        if time.monotonic() + pause > deadline or stopped.wait(pause):
            raise SendFailed(problem)
        delay = min(2 * delay, LONGEST_DELAY)


def _tally(response: httpx.Response) -> Tally:
    try:
        return Tally.of_answer(orjson.loads(response.content))
    except (orjson.JSONDecodeError, LookupError, TypeError) as error:
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
