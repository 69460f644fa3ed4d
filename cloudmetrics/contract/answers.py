"""An operation's responses: what a handler returned, checked against the contract and made bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from cloudmetrics.contract import media
from cloudmetrics.contract.errors import NotAcceptable, Violation
from cloudmetrics.contract.http import Request, Response
from cloudmetrics.contract.styles import Undecodable
from cloudmetrics.contract.violations import explain

JSON_UTF8 = "application/json; charset=utf-8"
BODILESS = frozenset({204, 205, 304})
# A moment in UTC ends in Z, whoever writes it.
WRITING = orjson.OPT_UTC_Z


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """A response header that the contract declares."""

    name: str
    required: bool
    decode: Callable[[str], Any]
    validator: Any


class Answer:
    """One declared response: its media types with their validators, and its headers."""

    def __init__(self, validators: Mapping[str, Any], headers: list[HeaderRule]) -> None:
        self.validators = dict(validators)
        self.headers = headers
        self.media_types = list(validators)
        # Nearly every answer is JSON and sound, and takes the short way.
        self.only_json = validators[media.JSON] if self.media_types == [media.JSON] else None
        self.needs_headers = any(rule.required for rule in headers)

    def violations(self, response: Response, value: Any, known: bool) -> tuple[list[Violation], int]:
        """What is wrong with a response. `known` says whether `value` is its decoded body."""
        found: list[Violation] = []
        total = 0
        kind = media.essence(response.media_type or "")
        if response.status in BODILESS:
            if response.media_type is not None or response.body != b"":
                found.append(Violation("BODY", f"A {response.status} has no body.", pointer=""))
        elif response.media_type is None:
            if self.media_types and response.body == b"":
                found.append(Violation("BODY", "A body is declared, and none was given.", pointer=""))
        elif not self.media_types:
            pass  # A response without `content` says nothing about its body.
        elif (name := media.match(kind, self.media_types)) is None:
            found.append(Violation("MEDIA_TYPE", f"{kind} is not declared for this status.", pointer=""))
        elif known and not _is_valid(self.validators[name], value):
            found, total = explain(self.validators[name], orjson.loads(_json(value)))
        found += self.wrong_headers(response.headers)
        return found, max(total, len(found))

    def wrong_headers(self, headers: Mapping[str, str]) -> list[Violation]:
        """What is wrong with the headers that the contract declares."""
        if not (headers or self.needs_headers):
            return []
        given = {name.lower(): text for name, text in headers.items()}
        return [found for rule in self.headers for found in _check_header(rule, given.get(rule.name))]


class Answers:
    """All declared responses of an operation."""

    def __init__(self, declared: Mapping[str, Answer]) -> None:
        self.declared = dict(declared)
        successes = [int(status) for status in declared if status.isdecimal() and status.startswith("2")]
        self.success = successes[0] if successes else 200
        self.by_status: dict[int, Answer | None] = {}

    def at(self, status: int) -> Answer | None:
        """The declaration for a status: its own, its class's (`4XX`) or the default."""
        if status not in self.by_status:
            names = (str(status), f"{status // 100}XX", "default")
            self.by_status[status] = next((self.declared[n] for n in names if n in self.declared), None)
        return self.by_status[status]

    def respond(self, result: Any, request: Request) -> tuple[Response, list[Violation], int]:
        """A handler's result as a response, with its violations of the contract and their number.

        Raises NotAcceptable where the client takes none of several media types.
        """
        if isinstance(result, Response):
            return result, *self.check(result)
        value, status, headers = _unpack(result, self.success)
        answer = self.at(status)
        chosen = _own_content_type(headers) if headers else None
        if chosen is not None:
            response = Response(b"", status, headers, chosen)
        elif answer is not None and answer.only_json is not None and status not in BODILESS:
            response = Response(b"", status, headers, JSON_UTF8)
            body = _written_if_valid(answer.only_json, value)
            if body is not None:
                response.body = body
                wrong = answer.wrong_headers(headers)
                return response, wrong, len(wrong)
        else:
            response = Response(b"", status, headers, _media_type(answer, value, request, status))
        if answer is None:
            found, total = [_undeclared(status)], 1
        else:
            found, total = answer.violations(response, value, known=media.is_json(response.media_type or ""))
        if status in BODILESS:
            response.media_type = None
        elif response.media_type is not None:
            response.body = _encode(value, response.media_type)
        return response, found, total

    def check(self, response: Response) -> tuple[list[Violation], int]:
        """The violations of a response that is already bytes."""
        answer = self.at(response.status)
        if answer is None:
            return [_undeclared(response.status)], 1
        value, known = None, False
        if isinstance(response.body, bytes) and response.media_type and media.is_json(response.media_type):
            try:
                value, known = orjson.loads(response.body), True
            except orjson.JSONDecodeError:
                return [Violation("BODY", "The body is not JSON.", pointer="")], 1
        return answer.violations(response, value, known)


def _own_content_type(headers: dict[str, str]) -> str | None:
    """The content type that a handler put among its headers, taken out of them."""
    name = next((name for name in headers if name.lower() == "content-type"), None)
    return headers.pop(name) if name is not None else None


def _unpack(result: Any, success: int) -> tuple[Any, int, dict[str, str]]:
    if not isinstance(result, tuple):
        return result, success, {}
    value, status, *rest = result
    return value, success if status is None else int(status), dict(rest[0]) if rest else {}


def _media_type(answer: Answer | None, value: Any, request: Request, status: int) -> str | None:
    if status in BODILESS or answer is None or not answer.media_types:
        return None if value is None else JSON_UTF8
    offered = [name for name in answer.media_types if "*" not in name] or [media.JSON]
    if len(offered) > 1:
        chosen = media.negotiate(request.headers.get("accept", ""), offered)
        if chosen is None:
            raise NotAcceptable(f"This operation answers {', '.join(offered)}.", details={"offered": offered})
    else:
        chosen = offered[0]
    return f"{chosen}; charset=utf-8" if chosen == media.JSON or chosen.startswith("text/") else chosen


def _encode(value: Any, media_type: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and not media.is_json(media_type):
        return value.encode()
    return _json(value)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=WRITING)


def _written_if_valid(validator: Any, value: Any) -> bytes | None:
    """A value as JSON; None where it breaks its schema."""
    try:
        valid = validator.is_valid(value)
    except ValueError:
        # Moments, UUIDs and the like become JSON only when they are written. orjson does that so
        # fast that reading the result again, to judge it, costs less than writing them before.
        body = _json(value)
        return body if validator.is_valid(orjson.loads(body)) else None
    return _json(value) if valid else None


def _is_valid(validator: Any, value: Any) -> bool:
    try:
        return bool(validator.is_valid(value))
    except ValueError:
        return bool(validator.is_valid(orjson.loads(_json(value))))


def _undeclared(status: int) -> Violation:
    return Violation("STATUS", f"The status {status} is not declared.", pointer="")


def _check_header(rule: HeaderRule, text: str | None) -> list[Violation]:
    if text is None:
        return (
            [Violation("REQUIRED", f"{rule.name} is required.", parameter=rule.name)] if rule.required else []
        )
    try:
        value = rule.decode(text)
    except Undecodable as error:
        return [Violation(error.code, str(error), parameter=rule.name, field=rule.name)]
    if rule.validator is None or rule.validator.is_valid(value):
        return []
    return [
        Violation(found.code, found.message, parameter=rule.name, field=rule.name)
        for found in explain(rule.validator, value)[0]
    ]
