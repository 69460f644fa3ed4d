"""Errors as RFC 9457 problem documents, for whoever has no table of their own."""

from __future__ import annotations

import logging
from typing import Any

import orjson

from cloudmetrics.contract.errors import ContractError
from cloudmetrics.contract.http import Request, Response

logger = logging.getLogger("cloudmetrics.contract")

PROBLEM_JSON = "application/problem+json"


async def problem(request: Request, error: Exception) -> Response:
    """A ContractError as a problem document."""
    assert isinstance(error, ContractError)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request.path,
        "code": error.code,
    }
    if error.details:
        body["details"] = error.details
    if error.violations:
        body["errors"] = [violation.to_json() for violation in error.violations]
    return Response(orjson.dumps(body), error.status, dict(error.headers), PROBLEM_JSON)


async def unexpected(request: Request, error: Exception) -> Response:
    """Any other exception: logged in full, told in one sentence."""
    logger.error("unhandled exception", exc_info=error)
    body = {
        "type": "about:blank",
        "title": "Internal server error",
        "status": 500,
        "detail": "The server failed. It is not your request's fault.",
        "instance": request.path,
        "code": "INTERNAL_ERROR",
    }
    return Response(orjson.dumps(body), 500, {}, PROBLEM_JSON)
