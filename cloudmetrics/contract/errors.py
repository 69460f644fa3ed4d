"""What the engine raises.

ContractInvalid                 the contract or its handlers are unsound: refused at start-up
ContractError                   a request (or an answer) does not fit the contract
├── RouteNotFound               404
├── MethodNotAllowed            405, names what is allowed
├── Unauthorized                401
├── Forbidden                   403, names the missing scopes
├── InvalidRequest              400, every violation at once
├── MalformedBody               400, the body cannot be read at all
├── RequestTimeout              408, the sender was too slow
├── PayloadTooLarge             413
├── UnsupportedMediaType        415
├── NotAcceptable               406
└── InvalidResponse             500, the server broke its own contract
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

MAX_VIOLATIONS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a contract is refused: where, what, and how to mend it."""

    where: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.cure}"


def _in_file_order(finding: Finding) -> list[tuple[int, str]]:
    """`file:9:1` comes before `file:10:1`."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in finding.where.split(":")]


class ContractInvalid(Exception):
    """The contract cannot be served. `findings` holds every reason, in file order."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = sorted(dict.fromkeys(findings), key=_in_file_order)
        super().__init__("\n".join(map(str, self.findings)))


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing in a request or answer that its schema does not allow.

    `pointer` is a JSON Pointer into the body, `parameter` a parameter's name;
    exactly one of them is set. `field` is the name a person would use, `code`
    is stable and meant for programs, `message` is meant for people.
    """

    code: str
    message: str
    pointer: str | None = None
    parameter: str | None = None
    field: str = ""

    def to_json(self) -> dict[str, Any]:
        place = {"pointer": self.pointer} if self.parameter is None else {"parameter": self.parameter}
        return {**place, "field": self.field, "code": self.code, "message": self.message}


class ContractError(Exception):
    """A request or answer does not fit the contract.

    `details` is an object with what a program may want to know; `total` counts
    all violations, of which `violations` holds the first hundred.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        violations: Sequence[Violation] = (),
        total: int | None = None,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.violations = list(violations[:MAX_VIOLATIONS])
        self.total = len(violations) if total is None else total
        self.headers = dict(headers or {})
        self.details = dict(details or {})
        if self.total > len(self.violations):
            self.details["violations"] = self.total


class RouteNotFound(ContractError):
    status, code, title = 404, "ROUTE_NOT_FOUND", "No such route"


class MethodNotAllowed(ContractError):
    status, code, title = 405, "METHOD_NOT_ALLOWED", "Method not allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        allow = ", ".join(sorted(allowed))
        super().__init__(f"This URL answers {allow}.", headers={"allow": allow})


class Unauthorized(ContractError):
    status, code, title = 401, "UNAUTHORIZED", "Not authenticated"

    def __init__(self, detail: str = "Send a valid credential.") -> None:
        super().__init__(detail)


class Forbidden(ContractError):
    status, code, title = 403, "INSUFFICIENT_SCOPE", "Scope missing"

    def __init__(self, missing: Iterable[str]) -> None:
        scopes = sorted(missing)
        super().__init__(
            f"The credential lacks the scope {', '.join(scopes)}.", details={"missing_scopes": scopes}
        )


class InvalidRequest(ContractError):
    status, code, title = 400, "INVALID_REQUEST", "The request does not fit the contract"


class MalformedBody(ContractError):
    status, code, title = 400, "MALFORMED_BODY", "The body cannot be read"


class RequestTimeout(ContractError):
    status, code, title = 408, "REQUEST_TIMEOUT", "The request took too long"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The body did not arrive within {seconds:g} s.", headers={"connection": "close"})


class PayloadTooLarge(ContractError):
    status, code, title = 413, "PAYLOAD_TOO_LARGE", "The body is too large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The body may hold at most {limit:,} bytes, counted after decompression.",
            details={"max_bytes": limit},
            # What is still on its way is not read, so the connection cannot be used again.
            headers={"connection": "close"},
        )


class UnsupportedMediaType(ContractError):
    status, code, title = 415, "UNSUPPORTED_MEDIA_TYPE", "The media type is not supported"


class NotAcceptable(ContractError):
    status, code, title = 406, "NOT_ACCEPTABLE", "No acceptable media type"


class InvalidResponse(ContractError):
    status, code, title = 500, "INVALID_RESPONSE", "The server broke its own contract"
