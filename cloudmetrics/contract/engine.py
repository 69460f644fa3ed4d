"""Load a contract, and serve it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from connexion.middleware import ConnexionMiddleware
from starlette.exceptions import HTTPException

from cloudmetrics.contract.bundle import bundle
from cloudmetrics.contract.compiler import Compiler, Parts, PartsKey, Pieces
from cloudmetrics.contract.connexion_adapter import build_app
from cloudmetrics.contract.deprecations import Deprecation, deprecations
from cloudmetrics.contract.dispatch import ErrorHandler
from cloudmetrics.contract.documents import Documents, Unresolvable
from cloudmetrics.contract.endpoint import Admit, Around, Endpoint
from cloudmetrics.contract.errors import ContractError, ContractInvalid, Finding
from cloudmetrics.contract.examples import check_examples
from cloudmetrics.contract.handlers import TagResolver
from cloudmetrics.contract.http import ASGIApp, Receive, Scope, Send
from cloudmetrics.contract.kept import Kept
from cloudmetrics.contract.links import check_links
from cloudmetrics.contract.operations import Operation, base_paths, read_operations
from cloudmetrics.contract.problems import problem, unexpected
from cloudmetrics.contract.routing import Router
from cloudmetrics.contract.schemas import SchemaInvalid, Schemas
from cloudmetrics.contract.security import Authenticator
from cloudmetrics.contract.soundness import check_soundness
from cloudmetrics.contract.sources import Sources


class Contract:
    """A sound OpenAPI 3.1 contract: its files read, its references resolved, its examples checked."""

    def __init__(self, documents: Documents, schemas: Schemas, operations: Sequence[Operation]) -> None:
        self.documents = documents
        self.schemas = schemas
        self.operations = tuple(operations)
        # Filled when the contract is first served.
        self.compiled: dict[PartsKey, Parts] = {}
        self.pieces = Pieces()

    @classmethod
    def load(
        cls,
        path: Path | str,
        *,
        remotes: Mapping[str, Any] | None = None,
        examples: bool = True,
        since: Contract | None = None,
    ) -> Contract:
        """Read a contract from its root file.

        `remotes` are schemas that the contract refers to by another address than
        a file's. `examples` says whether examples and defaults must keep their
        schemas. `since` is the contract as it was loaded before: files that did not
        change are not read again, and nothing that they alone decide is judged or
        compiled again. Raises ContractInvalid with every reason to refuse the contract.
        """
        before = since.documents if since else None
        if since and before and before.root_path == Path(path).resolve() and before.current:
            return since
        try:
            documents = Documents(Path(path), remotes, before)
        except Unresolvable as error:
            finding = Finding(str(path), str(error), "give the path of the contract's root file")
            raise ContractInvalid([finding]) from None
        kept = Kept(documents, before)
        _check_version(documents)
        check_soundness(documents, kept)
        if any(finding not in documents.unresolved for finding in documents.findings):
            # What is not well-formed cannot be read any further.
            raise ContractInvalid(documents.findings)
        operations = read_operations(documents)
        _check_routes(documents, operations)
        check_links(documents, operations)
        try:
            schemas = Schemas(documents)
        except SchemaInvalid as error:
            documents.find(documents.root, str(error), "mend the schema")
            raise ContractInvalid(documents.findings) from None
        if since:
            schemas.take_over(since.schemas, kept)
        if examples:
            check_examples(documents, schemas, kept)
        if documents.findings:
            raise ContractInvalid(documents.findings)
        contract = cls(documents, schemas, operations)
        if since:
            contract._take_over(since, kept)
        return contract

    def _take_over(self, since: Contract, kept: Kept) -> None:
        """What was compiled of operations that no change can have reached."""
        if self.schemas.formats != since.schemas.formats:
            return
        operations = {(operation.method, operation.path): operation for operation in self.operations}
        for key, parts in since.compiled.items():
            operation = operations.get(key[:2])
            places = [parts.operation.place, *(each.schema for each in parts.operation.parameters)]
            if operation != parts.operation:
                continue
            if all(place.uri in kept.untouched for place in places if place):
                self.compiled[key] = parts
            if all(kept.unreached(place) for place in places[1:] if place):
                self.pieces.parameters[key] = parts.parameters
        self.pieces.answers.update(
            (place, answer) for place, answer in since.pieces.answers.items() if kept.unreached(place)
        )

    @property
    def bundle(self) -> dict[str, Any]:
        """The contract as one self-contained document."""
        return self._bundled[0]

    @property
    def sources(self) -> Sources:
        """Where each part of the bundle is written."""
        return self._bundled[1]

    @cached_property
    def _bundled(self) -> tuple[dict[str, Any], Sources]:
        return bundle(self.documents)

    @cached_property
    def deprecations(self) -> dict[str, tuple[Deprecation, ...]]:
        """All that the contract deprecates, by operationId."""
        return deprecations(self.bundle)

    @property
    def version(self) -> str:
        """`info.version`: the version of the API."""
        return str(self.documents.at(self.documents.root)["info"]["version"])


def serve(
    contract: Contract,
    *,
    handlers: str | Any,
    authenticators: Mapping[str, Authenticator] | None = None,
    admit: Admit | None = None,
    around: Around | None = None,
    headers_around: Collection[str] = (),
    errors: Mapping[type[Exception], ErrorHandler] | None = None,
    middlewares: Sequence[Any] = (),
    fallback: ASGIApp | None = None,
    lifespan: Any = None,
    responses: str = "enforce",
) -> ConnexionMiddleware:
    """A Connexion application (ASGI) that serves the contract.

    `handlers` is a package's name (a tag is a module of it, an operationId a
    function) or a Connexion Resolver. `authenticators` check credentials, by the
    names of the contract's security schemes. `admit` is asked after the
    credential and before the scopes, and may raise. `around` answers each exchange
    whose request fits the contract, as a rule with what its handler answers;
    `headers_around` (in lower case) are its own, and reach only handlers that name
    them. `errors` turn exceptions into responses; without, every ContractError is a
    plain RFC 9457 problem. `fallback` gets the requests that the contract does not
    know. `responses` is
    `enforce` (an answer that breaks the contract becomes a 500 that says why) or
    `report` (it is logged, counted and sent).

    Raises ContractInvalid with every reason why an operation cannot be served.
    """
    resolver = TagResolver(handlers) if isinstance(handlers, str) else handlers
    return build_app(
        contract.bundle,
        _compile(
            contract, resolver, authenticators or {}, admit, around, headers_around, responses == "enforce"
        ),
        base_paths(contract.documents),
        resolver=resolver,
        errors={ContractError: problem, Exception: unexpected, **(errors or {})},
        middlewares=middlewares,
        fallback=fallback or _no_fallback,
        lifespan=lifespan,
    )


def _compile(
    contract: Contract,
    resolver: Any,
    authenticators: Mapping[str, Authenticator],
    admit: Admit | None,
    around: Around | None,
    headers_around: Collection[str],
    enforce: bool,
) -> list[Endpoint]:
    documents = contract.documents
    documents.findings.clear()
    compiler = Compiler(
        documents,
        contract.schemas,
        resolver=resolver,
        authenticators=authenticators,
        admit=admit,
        around=around,
        headers_around=headers_around,
        enforce=enforce,
        compiled=contract.compiled,
        pieces=contract.pieces,
    )
    compiled = [compiler.endpoint(operation) for operation in contract.operations]
    if documents.findings:
        raise ContractInvalid(documents.findings)
    endpoints = [endpoint for endpoint in compiled if endpoint is not None]
    at = {(each.operation.method, each.operation.path): each for each in endpoints}
    for endpoint in endpoints:
        endpoint.reader = at.get(("GET", endpoint.operation.path))
        endpoint.replacer = at.get(("PUT", endpoint.operation.path))
    return endpoints


def _check_version(documents: Documents) -> None:
    root = documents.at(documents.root)
    version = str(root.get("openapi", "")) if isinstance(root, dict) else ""
    if version.startswith("3.1."):
        return
    if not documents.findings:  # Else it could not be read, and the finding says why.
        what = f"this is OpenAPI {version}" if version else "this is no OpenAPI document"
        documents.find(documents.root, what, "write openapi: 3.1.1")
    raise ContractInvalid(documents.findings)


def _check_routes(documents: Documents, operations: Sequence[Operation]) -> None:
    router: Router[Operation] = Router()
    seen: set[str] = set()
    for operation in operations:
        if operation.path in seen:
            continue
        seen.add(operation.path)
        if (clash := router.add(operation.path, operation)) is not None:
            documents.find(
                documents.root / "paths" / operation.path,
                f"{operation.path} holds the same URLs as {clash}",
                "give one of them another path",
            )


async def _no_fallback(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        raise HTTPException(404)
    if scope["type"] == "lifespan":
        for moment in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{moment}.complete"})
