"""From exceptions to problem documents (RFC 9457): the one table.

The contract engine's own errors carry their code with them. Titles, statuses
and the pages that `type` leads to come from the registry, spec/errors.yaml.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from cloudmetrics.accounts.api_keys.models import ExpiryPassed, KeyNotActive, ScopeNotHeld
from cloudmetrics.accounts.invitations.models import AlreadyInvited, WrongInvitee
from cloudmetrics.accounts.networks import InvalidNetwork
from cloudmetrics.accounts.oauth_clients.models import ClientHasNoSecret, InvalidClient
from cloudmetrics.accounts.people.models import InvalidEmail, InvalidToken
from cloudmetrics.accounts.scopes import ScopesUnclear, UnknownScope
from cloudmetrics.accounts.team.models import AlreadyMember, LastOwner
from cloudmetrics.accounts.test_clocks.models import MomentPassed, MomentTooFar, SandboxRequired
from cloudmetrics.accounts.workspaces.models import (
    LiveCredentialRequired,
    LockedOut,
    OwnerRequired,
    PersonRequired,
    TooManyWorkspaces,
)
from cloudmetrics.alerting.channels.models import ChannelInUse, TooManyChannels, UnfitDestination
from cloudmetrics.alerting.deliveries.models import DeliveryNotFailed
from cloudmetrics.alerting.preview.models import PreviewOutOfRange
from cloudmetrics.alerting.rules.models import MuteInPast, NotFiring, TooManyAlerts
from cloudmetrics.analytics.event_log.models import MomentOutOfRange, PeriodInverted
from cloudmetrics.analytics.goals.conditions import CurrencyMismatch
from cloudmetrics.analytics.metrics.models import (
    DateOutOfRange,
    NothingBefore,
    RangeInverted,
    RangeTooLong,
)
from cloudmetrics.analytics.questions.models import QuestionUnsound
from cloudmetrics.analytics.websites.models import CurrencyInUse, DomainTaken
from cloudmetrics.boards.dashboards.models import NameTaken
from cloudmetrics.boards.widgets.models import PlaceTaken, TooManyWidgets
from cloudmetrics.contract import ContractError, InvalidRequest, Request, Response, Violation
from cloudmetrics.costs.allocations.models import TagAllocated
from cloudmetrics.costs.focus.models import FileUnfit
from cloudmetrics.costs.imports.models import TooManyImports
from cloudmetrics.costs.reports.models import UnclearTag, UnknownDimension
from cloudmetrics.gateway.exchanges.models import RETRY_SECONDS as RUNNING_SECONDS
from cloudmetrics.gateway.exchanges.models import (
    BatchUndone,
    KeyInUse,
    KeyReused,
    NotInBatch,
    PreconditionFailed,
)
from cloudmetrics.platform.clock import InvalidMoment
from cloudmetrics.platform.collections import MissingScope
from cloudmetrics.platform.errors import (
    InvalidCursor,
    LimitReached,
    NotFound,
    OutOfQuota,
    QueryTooSlow,
    TooManyRequests,
    Unavailable,
)
from cloudmetrics.platform.telemetry import current_trace
from cloudmetrics.platform.timezones import UnknownTimezone
from cloudmetrics.reports.definitions.models import InvalidRecipient, InvalidSchedule, SectionsUnclear
from cloudmetrics.reports.runs.models import NoSuchSection, RunInProgress, RunNotDone

logger = logging.getLogger(__name__)

ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = "2"
PLAIN_HTTP = "TLS_REQUIRED"
OTHER_VERSION = "VERSION_NOT_OFFERED"

CODES: dict[type[Exception], str] = {
    NotFound: "NOT_FOUND",
    InvalidCursor: "INVALID_CURSOR",
    DomainTaken: "DOMAIN_TAKEN",
    CurrencyInUse: "CURRENCY_IN_USE",
    NameTaken: "NAME_TAKEN",
    PlaceTaken: "PLACE_TAKEN",
    TooManyWidgets: "WIDGET_LIMIT_REACHED",
    ClientHasNoSecret: "CLIENT_HAS_NO_SECRET",
    ScopeNotHeld: "SCOPE_NOT_HELD",
    MissingScope: "INSUFFICIENT_SCOPE",
    PersonRequired: "PERSON_REQUIRED",
    OwnerRequired: "OWNER_REQUIRED",
    LiveCredentialRequired: "LIVE_CREDENTIAL_REQUIRED",
    SandboxRequired: "SANDBOX_REQUIRED",
    WrongInvitee: "WRONG_INVITEE",
    KeyNotActive: "KEY_NOT_ACTIVE",
    LastOwner: "LAST_OWNER",
    AlreadyMember: "ALREADY_MEMBER",
    AlreadyInvited: "ALREADY_INVITED",
    LockedOut: "WOULD_LOCK_OUT",
    TooManyWorkspaces: "WORKSPACE_LIMIT_REACHED",
    TooManyAlerts: "ALERT_LIMIT_REACHED",
    TooManyChannels: "ALERT_LIMIT_REACHED",
    ChannelInUse: "CHANNEL_IN_USE",
    NotFiring: "NOT_FIRING",
    DeliveryNotFailed: "DELIVERY_NOT_FAILED",
    TagAllocated: "TAG_ALLOCATED",
    TooManyImports: "TOO_MANY_IMPORTS",
    RunInProgress: "REPORT_RUNNING",
    RunNotDone: "REPORT_NOT_DONE",
    TooManyRequests: "RATE_LIMITED",
    OutOfQuota: "EVENT_QUOTA_EXCEEDED",
    NotInBatch: "NOT_IN_BATCH",
    BatchUndone: "BATCH_UNDONE",
    KeyInUse: "IDEMPOTENCY_KEY_IN_USE",
    KeyReused: "IDEMPOTENCY_KEY_REUSED",
    PreconditionFailed: "PRECONDITION_FAILED",
    QueryTooSlow: "QUERY_TOO_SLOW",
    Unavailable: "SERVICE_UNAVAILABLE",
    Exception: "INTERNAL_ERROR",
}

# Violations that only the service can see; they are told like those of the contract.
VIOLATIONS: dict[type[Exception], Callable[[Any], Violation]] = {
    UnknownTimezone: lambda error: Violation("UNKNOWN_TIMEZONE", str(error), "/timezone", field="timezone"),
    DateOutOfRange: lambda error: _in_query("DATE_OUT_OF_RANGE", error, error.parameter),
    RangeInverted: lambda error: _in_query("RANGE_INVERTED", error, "end_date"),
    RangeTooLong: lambda error: _in_query("RANGE_TOO_LONG", error, "end_date"),
    NothingBefore: lambda error: _in_query("DATE_OUT_OF_RANGE", error, "compare"),
    CurrencyMismatch: lambda error: Violation(
        "CURRENCY_MISMATCH", str(error), error.pointer, field="currency"
    ),
    InvalidClient: lambda error: Violation("INVALID_CLIENT", str(error), error.pointer, field=error.field),
    UnknownScope: lambda error: _in_body("UNKNOWN_SCOPE", error, "/scopes"),
    ScopesUnclear: lambda error: _in_body("SCOPES_UNCLEAR", error, "/scopes"),
    ExpiryPassed: lambda error: _in_body("EXPIRY_PASSED", error, "/expires_at"),
    InvalidMoment: lambda error: _in_query("DATE_OUT_OF_RANGE", error, error.field),
    InvalidNetwork: lambda error: _in_body("INVALID_NETWORK", error, f"/allowed_networks/{error.index}"),
    InvalidEmail: lambda error: _in_body("INVALID_EMAIL", error, "/email"),
    InvalidToken: lambda error: _in_body("INVALID_TOKEN", error, "/token"),
    UnfitDestination: lambda error: _in_body("UNFIT_DESTINATION", error, "/url"),
    MuteInPast: lambda error: _in_body("DATE_OUT_OF_RANGE", error, "/until"),
    PreviewOutOfRange: lambda error: _in_body("DATE_OUT_OF_RANGE", error, error.pointer),
    InvalidSchedule: lambda error: Violation(
        error.code, str(error), f"/schedule/{error.field}", field=error.field
    ),
    InvalidRecipient: lambda error: Violation(
        "INVALID_EMAIL", str(error), f"/recipients/{error.index}", field="recipients"
    ),
    SectionsUnclear: lambda error: _in_body("SECTIONS_UNCLEAR", error, "/sections"),
    NoSuchSection: lambda error: _in_query("NO_SUCH_SECTION", error, "section"),
    MomentPassed: lambda error: _in_body("MOMENT_PASSED", error, "/to"),
    MomentTooFar: lambda error: _in_body("MOMENT_TOO_FAR", error, f"/{error.field}"),
    MomentOutOfRange: lambda error: _in_query("DATE_OUT_OF_RANGE", error, error.parameter),
    PeriodInverted: lambda error: _in_query("RANGE_INVERTED", error, "to"),
    FileUnfit: lambda error: Violation(error.code, str(error), "", field="body"),
    UnknownDimension: lambda error: _in_query("UNKNOWN_DIMENSION", error, "dimension"),
    UnclearTag: lambda error: _in_query("UNCLEAR_TAG", error, "tag"),
}


class RegistryIncomplete(Exception):
    """The error registry and the code do not agree."""


class Problems:
    """Writes problem documents. `registry` is the content of spec/errors.yaml.

    Raises RegistryIncomplete where a code has no entry, or another status there.
    """

    def __init__(self, registry: Sequence[Mapping[str, Any]], base_url: str) -> None:
        self._entries = {entry["code"]: entry for entry in registry}
        self._pages = f"{base_url}/docs/errors/"
        # RFC 9728: where a client learns who gives out tokens.
        self._bearer = f'Bearer resource_metadata="{base_url}/.well-known/oauth-protected-resource"'
        for code in (*CODES.values(), PLAIN_HTTP, OTHER_VERSION):
            if code not in self._entries:
                raise RegistryIncomplete(f"spec/errors.yaml has no entry {code}.")
        for kind in _subclasses(ContractError):
            if self._entries.get(kind.code, {}).get("status") != kind.status:
                raise RegistryIncomplete(
                    f"spec/errors.yaml has no entry {kind.code} of status {kind.status}."
                )

    def handlers(self) -> dict[type[Exception], ErrorHandler]:
        """For each kind of exception, what writes its response."""
        return {
            ContractError: self.of_contract,
            **dict.fromkeys(VIOLATIONS, self.of_violation),
            **dict.fromkeys(CODES, self.of_table),
            ScopeNotHeld: self.of_lack,
            KeyInUse: self.of_running,
            BatchUndone: self.of_batch,
            PreconditionFailed: self.of_condition,
            MissingScope: self.of_lack,
            TooManyRequests: self.of_limit,
            OutOfQuota: self.of_limit,
            QuestionUnsound: self.of_question,
            Unavailable: self.of_absence,
            Exception: self.of_surprise,
        }

    async def describe(self, request: Request, error: Exception) -> dict[str, Any]:
        """The problem document of an error that spoils only a part of an answer."""
        handlers = self.handlers()
        handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
        document: dict[str, Any] = orjson.loads((await handler(request, error)).body)  # type: ignore[arg-type]
        return document

    async def of_contract(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ContractError)
        extra: dict[str, Any] = {}
        if error.details:
            extra["details"] = error.details
        if error.violations:
            extra["errors"] = [violation.to_json() for violation in error.violations]
        headers = error.headers
        if (challenge := headers.get("www-authenticate")) is not None:
            headers = headers | {"www-authenticate": challenge.replace("Bearer", self._bearer)}
        return self._write(request, error.code, error.detail, headers, extra)

    async def of_violation(self, request: Request, error: Exception) -> Response:
        violation = _placed(request, VIOLATIONS[type(error)](error))
        return await self.of_contract(request, InvalidRequest(violation.message, violations=[violation]))

    async def of_question(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, QuestionUnsound)
        violations = [
            Violation(fault.code, fault.message, fault.pointer, field=_named(fault.pointer))
            for fault in error.faults
        ]
        return await self.of_contract(request, InvalidRequest(str(error), violations=violations))

    async def of_table(self, request: Request, error: Exception) -> Response:
        return self._write(request, CODES[type(error)], str(error))

    async def of_lack(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ScopeNotHeld | MissingScope)
        details = {"details": {"missing_scopes": sorted(error.missing)}}
        return self._write(request, CODES[type(error)], str(error), extra=details)

    async def of_running(self, request: Request, error: Exception) -> Response:
        return self._write(request, CODES[KeyInUse], str(error), {"retry-after": str(RUNNING_SECONDS)})

    async def of_batch(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, BatchUndone)
        return self._write(request, CODES[BatchUndone], str(error), extra={"details": error.details})

    async def of_condition(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, PreconditionFailed)
        return self._write(request, CODES[PreconditionFailed], str(error), {"etag": error.etag})

    async def of_limit(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, LimitReached)
        headers = {"retry-after": str(error.seconds)}
        return self._write(request, CODES[type(error)], str(error), headers, {"details": error.details})

    async def of_plain_http(self, request: Request, detail: str) -> Response:
        return self._write(request, PLAIN_HTTP, detail)

    async def of_version(self, request: Request, offered: str) -> Response:
        detail = f"Version {offered} answers here, and serves whoever was written for it or an earlier one"
        detail += f" of {offered.partition('.')[0]}.x."
        details = {"details": {"offered": [offered]}}
        return self._write(request, OTHER_VERSION, detail, {"cache-control": "no-store"}, details)

    async def of_absence(self, request: Request, error: Exception) -> Response:
        return self._write(request, CODES[Unavailable], str(error), {"retry-after": RETRY_SECONDS})

    async def of_surprise(self, request: Request, error: Exception) -> Response:
        logger.error("unhandled exception", exc_info=error)
        return self._write(request, CODES[Exception], "The server failed. It is not your request's fault.")

    def _write(
        self,
        request: Request,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Response:
        entry = self._entries[code]
        trace = current_trace.get()
        body = {
            "type": self._pages + code.lower().replace("_", "-"),
            "title": entry["title"],
            "status": entry["status"],
            "detail": detail,
            "instance": quote(request.path, safe="/:@!$&'()*+,;=~", errors="replace"),
            "code": code,
            "trace_id": trace.trace_id if trace else "0" * 32,
            **(extra or {}),
        }
        return Response(orjson.dumps(body), entry["status"], dict(headers or {}), PROBLEM_JSON)


def _placed(request: Request, violation: Violation) -> Violation:
    """What a question in the URL calls a parameter, a question in a body calls a field."""
    if violation.parameter is None or request.method == "GET":
        return violation
    return replace(violation, parameter=None, pointer=f"/{violation.parameter}")


def _named(pointer: str) -> str:
    """The innermost name in a pointer: `metrics` of /metrics/3."""
    return next((token for token in reversed(pointer.split("/")) if not token.isdecimal()), "")


def _in_query(code: str, error: Exception, parameter: str) -> Violation:
    return Violation(code, str(error), parameter=parameter, field=parameter)


def _in_body(code: str, error: Exception, pointer: str) -> Violation:
    return Violation(code, str(error), pointer, field=pointer.split("/")[1])


def _subclasses(kind: type[ContractError]) -> Iterator[type[ContractError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
