"""How a call goes, without doing any of it: what is sent, when it is sent again, what an answer means.

A flow is a generator. It yields steps (`Authorize`, `Send`, `Pause`) and is told how each went, so that
one flow serves a client that waits and one that is awaited.
"""

from __future__ import annotations

import json
import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import errors
from .calls import Call

if TYPE_CHECKING:
    from .credentials import Credential

LONGEST_PAUSE = 8.0
# Longer than this nobody waits unasked: the error says how long it would have been.
LONGEST_RETRY_AFTER = 60.0
PASSING = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class Authorize:
    """Gives the headers that carry the credential: other ones than `refused`, if there are any."""

    refused: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Gives an Answer, or raises ConnectionFailed. `stream` leaves the body of a good answer unread."""

    method: str
    target: str
    headers: dict[str, str]
    content: bytes | None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Waits so many seconds."""

    seconds: float


@dataclass(slots=True)
class Answer:
    """What came back. `stream` is the open answer where its body was left unread."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    stream: Any = None
    data: Any = field(default=None)

    @property
    def trace_id(self) -> str | None:
        return errors.trace_id(self.headers)

    def json(self) -> dict[str, Any]:
        """The body. Raises InvalidAnswer where it is no object."""
        try:
            body = json.loads(self.content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise self.invalid("no JSON object")
        return body

    def invalid(self, what: str) -> errors.InvalidAnswer:
        media_type = self.headers.get("content-type", "no type")
        return errors.InvalidAnswer(
            f"the answer {self.status} ({media_type}) is {what}", status=self.status, trace_id=self.trace_id
        )


Step = Authorize | Send | Pause
Flow = Generator[Step, Any, Answer]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is repeated, and up to how many seconds it waits before the first time."""

    max_retries: int = 2
    delay: float = 0.5

    def pause(self, retry: int) -> float:
        """Full jitter: anything up to a bound that doubles, so that clients do not come back all at once."""
        return random.uniform(0.0, min(LONGEST_PAUSE, self.delay * 2.0**retry))  # noqa: S311 - no secret.


def calling(call: Call, patience: Patience, headers: Mapping[str, str], *, stream: bool = False) -> Flow:
    """From a call to a good answer. Raises APIError, ConnectionFailed."""
    own = {**headers, **call.own_headers()}
    target, content = call.target(), call.body()
    credential = yield Authorize()
    retry, refused = 0, False
    while True:
        try:
            answer: Answer = yield Send(call.method, target, {**own, **credential}, content, stream)
        except errors.ConnectionFailed as error:
            if retry >= patience.max_retries or not (call.may_repeat or not error.sent):
                raise
            pause = patience.pause(retry)
        else:
            if answer.status < 300:
                return answer
            no = errors.from_answer(answer.status, answer.headers, answer.content)
            if answer.status == 401 and not refused:
                # A token may have ended early. Another one, if there is another one, is tried once.
                refused, last = True, credential
                credential = yield Authorize(refused=last)
                if credential != last:
                    continue
            if retry >= patience.max_retries or not passes(call, no):
                raise no
            pause = patience.pause(retry) if no.retry_after is None else no.retry_after
        retry += 1
        yield Pause(pause)


def passes(call: Call, error: errors.APIError) -> bool:
    """Whether the same call may do better later, and may be sent again."""
    if error.retry_after is not None and error.retry_after > LONGEST_RETRY_AFTER:
        return False
    if error.status in PASSING:
        # These were not carried out, so even a call that must not run twice may be sent again.
        return True
    if error.status == 409:
        # The same call, with the same key, is still running.
        return call.keyed and error.retry_after is not None
    return error.status >= 500 and call.may_repeat


def authorizing(credential: Credential, patience: Patience) -> Flow:
    """Gets a credential what it has to show: the answer's `data` are its headers.

    Raises TokenRefused, APIError, ConnectionFailed, InvalidAnswer.
    """
    retry = 0
    while True:
        try:
            answer: Answer = yield credential.request()
            answer.data = credential.take(answer)
            return answer
        except (errors.ConnectionFailed, errors.ServerError, errors.TooManyRequests) as error:
            after = error.retry_after if isinstance(error, errors.APIError) else None
            if retry >= patience.max_retries or (after or 0.0) > LONGEST_RETRY_AFTER:
                raise
            pause = patience.pause(retry) if after is None else after
        retry += 1
        yield Pause(pause)
