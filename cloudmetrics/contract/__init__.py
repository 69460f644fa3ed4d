"""The contract engine: a hand-written OpenAPI 3.1 document, compiled once, served through Connexion.

    contract = Contract.load("spec/openapi.yaml")
    app = serve(contract, handlers="handlers", authenticators={"api_key": check_key})

It knows nothing of what it serves. README.md beside this file tells the rest.
"""

import warnings

# Connexion imports Starlette's test client, which warns about a dependency of its own.
warnings.filterwarnings("ignore", message=r"Using `httpx` with `starlette\.testclient`")

from cloudmetrics.contract.deprecations import Deprecation
from cloudmetrics.contract.endpoint import Admit, Exchange
from cloudmetrics.contract.engine import Contract, serve
from cloudmetrics.contract.errors import (
    ContractError,
    ContractInvalid,
    Finding,
    Forbidden,
    InvalidRequest,
    InvalidResponse,
    MalformedBody,
    MethodNotAllowed,
    NotAcceptable,
    PayloadTooLarge,
    RequestTimeout,
    RouteNotFound,
    Unauthorized,
    UnsupportedMediaType,
    Violation,
)
from cloudmetrics.contract.handlers import TagResolver
from cloudmetrics.contract.http import ASGIApp, Grant, Receive, Request, Response, Scope, Send
from cloudmetrics.contract.mocks import MockResolver
from cloudmetrics.contract.operations import Operation
from cloudmetrics.contract.security import Authenticator

__all__ = [
    "ASGIApp",
    "Admit",
    "Authenticator",
    "Contract",
    "ContractError",
    "ContractInvalid",
    "Deprecation",
    "Exchange",
    "Finding",
    "Forbidden",
    "Grant",
    "InvalidRequest",
    "InvalidResponse",
    "MalformedBody",
    "MethodNotAllowed",
    "MockResolver",
    "NotAcceptable",
    "Operation",
    "PayloadTooLarge",
    "Receive",
    "Request",
    "RequestTimeout",
    "Response",
    "RouteNotFound",
    "Scope",
    "Send",
    "TagResolver",
    "Unauthorized",
    "UnsupportedMediaType",
    "Violation",
    "serve",
]
