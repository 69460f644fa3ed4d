"""Everything that this library raises.

CloudMetricsError
├── CredentialMissing       neither an API key nor a client id was given
├── ConnectionFailed        no answer came, or only a part of one
│   └── TimedOut            it did not come in time
├── InvalidAnswer           an answer came that is none of the API
├── SignatureInvalid        a webhook is not from whom it says, or too old
├── BufferClosed            an event came after its buffer was closed
└── APIError                the API said no; by status:
    ├── BadRequest            400   ├── PayloadTooLarge       413
    ├── Unauthorized          401   ├── UnsupportedMediaType  415
    │   └── TokenRefused            ├── UnprocessableEntity   422
    ├── Forbidden             403   ├── TooManyRequests       429
    ├── NotFound              404   ├── ServerError           5xx
    ├── RequestTimeout        408   └── NotModified           304
    ├── Conflict              409
    └── PreconditionFailed    412
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from typing import Any

from .generated.error_codes import ErrorCode


class CloudMetricsError(Exception):
    """Whatever went wrong."""


class CredentialMissing(CloudMetricsError):
    """Give `api_key=`, or set CLOUDMETRICS_API_KEY, or give `client_id=` and `client_secret=`."""


class ConnectionFailed(CloudMetricsError):
    """The server could not be reached, or the connection broke before the whole answer was there.

    `sent` is false where the request cannot have reached the server.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class TimedOut(ConnectionFailed):
    """There was no whole answer within the timeout."""


class InvalidAnswer(CloudMetricsError):
    """Something answered that does not keep to the contract, such as a proxy with a page of its own."""

    def __init__(self, message: str, *, status: int, trace_id: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.trace_id = trace_id


class SignatureInvalid(CloudMetricsError):
    """A webhook's signature is missing, wrong, or older than is tolerated. The message says which."""


class BufferClosed(CloudMetricsError):
    """The buffer was closed before this event came, so it was not taken."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing in the request that the contract does not allow; `pointer` or `parameter` says where."""

    field: str
    code: str
    message: str
    pointer: str | None = None
    parameter: str | None = None

    def __str__(self) -> str:
        return f"{self.pointer or self.parameter or self.field}: {self.message}"


class APIError(CloudMetricsError):
    """The API's own no. `code` is for programs, `detail` for people, `trace_id` for our support."""

    def __init__(self, status: int, headers: Mapping[str, str], problem: Mapping[str, Any]) -> None:
        self.status = status
        self.headers = headers
        self.problem = problem
        self.code = ErrorCode(_text(problem, "code") or f"HTTP_{status}")
        self.title = _text(problem, "title")
        self.detail = _text(problem, "detail")
        self.type = _text(problem, "type") or "about:blank"
        self.trace_id = _text(problem, "trace_id") or trace_id(headers)
        details = problem.get("details")
        self.details: Mapping[str, Any] = details if isinstance(details, dict) else {}
        self.violations = list(_violations(problem.get("errors")))
        self.retry_after = retry_after(headers)
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        parts = [f"{self.status} {self.code}"]
        if self.detail or self.title:
            parts.append(f": {self.detail or self.title}")
        parts += [f"\n  {violation}" for violation in self.violations]
        if self.trace_id:
            parts.append(f"\n  trace {self.trace_id}" if self.violations else f" (trace {self.trace_id})")
        return "".join(parts)


class NotModified(APIError):
    """304: what you have is still what there is, as `if_none_match` asked."""


class BadRequest(APIError):
    """400: the request does not fit the contract; `violations` lists all that is wrong with it."""


class Unauthorized(APIError):
    """401: the credential is missing, malformed, unknown or revoked."""


class TokenRefused(Unauthorized):
    """The authorization server gave no access token for the client's credentials."""


class Forbidden(APIError):
    """403: the credential may not do this."""


class NotFound(APIError):
    """404: there is no such thing, or not in this workspace."""


class RequestTimeout(APIError):
    """408: the request took too long to arrive."""


class Conflict(APIError):
    """409: it contradicts what is there."""


class PreconditionFailed(APIError):
    """412: what `if_match` names has changed since."""


class PayloadTooLarge(APIError):
    """413: the body is larger than the operation takes."""


class UnsupportedMediaType(APIError):
    """415: the body is of a kind that the operation does not take."""


class UnprocessableEntity(APIError):
    """422: understood, and impossible."""


class TooManyRequests(APIError):
    """429: a limit is reached; `retry_after` says for how many seconds."""


class ServerError(APIError):
    """5xx: the server's own fault."""


BY_STATUS: dict[int, type[APIError]] = {
    304: NotModified,
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: RequestTimeout,
    409: Conflict,
    412: PreconditionFailed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    422: UnprocessableEntity,
    429: TooManyRequests,
}


def from_answer(status: int, headers: Mapping[str, str], content: bytes) -> APIError:
    """The error that an answer means, whatever its body holds."""
    kind = BY_STATUS.get(status) or (ServerError if status >= 500 else APIError)
    try:
        problem = json.loads(content) if content else {}
    except ValueError:
        problem = {}
    return kind(status, headers, problem if isinstance(problem, dict) else {})


def trace_id(headers: Mapping[str, str]) -> str | None:
    """The trace that `traceparent` names, by which we find a request."""
    parts = headers.get("traceparent", "").split("-")
    return parts[1] if len(parts) == 4 else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until it makes sense to try again, from a number or a date; None where nobody says."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        # Rare, and slow to import.
        from email.utils import parsedate_to_datetime

        try:
            seconds = parsedate_to_datetime(value).timestamp() - time()
        except ValueError:
            return None
    # NaN and infinity are numbers, too.
    return max(0.0, seconds) if seconds < float("inf") else None


def _text(problem: Mapping[str, Any], name: str) -> str:
    value = problem.get(name)
    return value if isinstance(value, str) else ""


def _violations(errors: object) -> list[Violation]:
    listed = errors if isinstance(errors, list) else []
    return [
        Violation(
            _text(each, "field"),
            _text(each, "code"),
            _text(each, "message"),
            _text(each, "pointer") or None,
            _text(each, "parameter") or None,
        )
        for each in listed
        if isinstance(each, dict)
    ]
