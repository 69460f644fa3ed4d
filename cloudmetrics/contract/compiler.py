"""From documents to endpoints: each operation compiled once, every reason to refuse collected."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudmetrics.contract import media
from cloudmetrics.contract.answers import Answer, Answers, HeaderRule
from cloudmetrics.contract.bodies import (
    FORM,
    MULTIPART,
    Body,
    MediaBody,
    bytes_view,
    form_decoder,
    form_view,
)
from cloudmetrics.contract.defaults import Defaults
from cloudmetrics.contract.documents import Documents, Place, Unresolvable
from cloudmetrics.contract.endpoint import Admit, Around, Endpoint
from cloudmetrics.contract.handlers import Handler, HandlerUnfit, misfits, resolve
from cloudmetrics.contract.operations import Operation
from cloudmetrics.contract.parameters import Parameters, content_decoder
from cloudmetrics.contract.schemas import SchemaInvalid, Schemas
from cloudmetrics.contract.security import Authenticator, Check, Security, challenge, extractor
from cloudmetrics.contract.selection import Selection
from cloudmetrics.contract.shapes import Shapes
from cloudmetrics.contract.styles import Reader, decoder
from cloudmetrics.contract.texts import decode_json, decode_json_with_nul, decode_text

DEFAULT_MAX_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Parts:
    """What of an endpoint follows from the contract alone, however often and by whom it is served."""

    operation: Operation
    parameters: Parameters
    body: Body | None
    answers: Answers
    selection: Selection | None


# Method and path of the operation, and the query parameters that are credentials.
PartsKey = tuple[str, str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Pieces:
    """What of operations can be taken over by itself, where not all of their parts can."""

    parameters: dict[PartsKey, Parameters] = field(default_factory=dict)
    # Most operations answer the same errors, which are compiled once.
    answers: dict[Place, Answer] = field(default_factory=dict)


class Compiler:
    """Compiles operations. What cannot be compiled becomes a finding of the documents.

    `compiled` and `pieces` hold what is there already, and get what is made here.
    """

    def __init__(
        self,
        documents: Documents,
        schemas: Schemas,
        *,
        resolver: Any,
        authenticators: Mapping[str, Authenticator],
        admit: Admit | None,
        around: Around | None,
        headers_around: Collection[str],
        enforce: bool,
        compiled: dict[PartsKey, Parts],
        pieces: Pieces,
    ) -> None:
        self.documents = documents
        self.schemas = schemas
        self.shapes = Shapes(documents)
        self.defaults = Defaults(documents)
        self.resolver = resolver
        self.authenticators = authenticators
        self.admit = admit
        self.around = around
        self.headers_around = headers_around
        self.enforce = enforce
        self.compiled = compiled
        self.pieces = pieces
        self.schemes = dict(self._declared_schemes())
        self.keys = frozenset(
            s["name"] for s in self.schemes.values() if s.get("in") == "query" and "name" in s
        )
        self._anything = schemas.compile({})

    def endpoint(self, operation: Operation) -> Endpoint | None:
        """The operation's endpoint; None where a finding says why there is none."""
        before = len(self.documents.findings)
        security = self._security(operation)
        handler = self._handler(operation, "requestBody" in self.documents.at(operation.place))
        parts = self._parts(operation)
        if len(self.documents.findings) > before or handler is None or parts is None:
            return None
        return Endpoint(
            operation,
            handler,
            security,
            parts.parameters,
            parts.body,
            parts.answers,
            admit=self.admit,
            around=self.around,
            headers_around=self.headers_around,
            enforce=self.enforce,
            selection=parts.selection,
        )

    def _parts(self, operation: Operation) -> Parts | None:
        key = (operation.method, operation.path, self.keys)
        if key in self.compiled:
            return self.compiled[key]
        before = len(self.documents.findings)
        body, answers = self._body(operation), self._answers(operation)
        parameters, selection = self._parameters(key, operation), self._selection(operation)
        if len(self.documents.findings) > before or parameters is None:
            return None
        self.compiled[key] = Parts(operation, parameters, body, answers, selection)
        return self.compiled[key]

    def _handler(self, operation: Operation, has_body: bool) -> Handler | None:
        handler = None
        unfit: list[HandlerUnfit] = []
        try:
            handler = resolve(operation, self.resolver)
            unfit += misfits(operation, handler, has_body)
        except HandlerUnfit as error:
            unfit.append(error)
        for misfit in unfit:
            self.documents.find(operation.place / "operationId", misfit.what, misfit.cure)
        return handler

    def _parameters(self, key: PartsKey, operation: Operation) -> Parameters | None:
        known = self.pieces.parameters
        try:
            if key not in known:
                known[key] = Parameters(operation.parameters, self.shapes, self.schemas, also=self.keys)
            return known[key]
        except SchemaInvalid as error:
            self.documents.find(
                operation.place / "parameters", f"a parameter's schema is unsound: {error}", "mend it"
            )
            return None

    def _security(self, operation: Operation) -> Security:
        alternatives = []
        for requirement in operation.security:
            checks = [self._check(operation, name, scopes) for name, scopes in requirement.items()]
            alternatives.append([check for check in checks if check])
        names = dict.fromkeys(name for requirement in operation.security for name in requirement)
        return Security(
            alternatives, challenge([self.schemes[name] for name in names if name in self.schemes])
        )

    def _check(self, operation: Operation, name: str, scopes: list[str]) -> Check | None:
        if name not in self.schemes:
            self.documents.find(
                operation.place,
                f"the security scheme {name} is not declared",
                "declare it in securitySchemes",
            )
        elif name not in self.authenticators:
            self.documents.find(
                self._scheme(name),
                f"no code checks the security scheme {name}",
                "pass an authenticator of that name to serve()",
            )
        else:
            return Check(extractor(self.schemes[name]), self.authenticators[name], frozenset(scopes))
        return None

    def _declared_schemes(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        root = self.documents.at(self.documents.root)
        for name in (root.get("components") or {}).get("securitySchemes") or {}:
            yield name, self.documents.at(self._follow(self._scheme(name)))

    def _scheme(self, name: str) -> Place:
        return self.documents.root / "components" / "securitySchemes" / name

    def _body(self, operation: Operation) -> Body | None:
        if "requestBody" not in self.documents.at(operation.place):
            return None
        try:
            place = self._follow(operation.place / "requestBody")
        except Unresolvable:
            return None
        node = self.documents.at(place)
        by_media_type = {}
        for name in node.get("content") or {}:
            decode = decode_json_with_nul if operation.extensions.get("x-allow-nul") else decode_json
            by_media_type[media.essence(name)] = self._media_body(name, place / "content" / name, decode)
        return Body(
            by_media_type,
            required=bool(node.get("required")),
            limit=int(operation.extensions.get("x-max-body-bytes", DEFAULT_MAX_BYTES)),
            streamed=bool(operation.extensions.get("x-stream-body")),
            default=self._default(place, node),
        )

    def _default(self, place: Place, node: Mapping[str, Any]) -> tuple[Any] | None:
        """What stands for a body that was not sent: the default of its schema, if it is JSON."""
        names = (name for name in node.get("content") or {} if media.is_json(name))
        schemas = (self._schema_in(place / "content" / name) for name in names)
        return next((self.shapes.default(schema) for schema in schemas if schema), None)

    def _media_body(self, name: str, place: Place, decode_json: Any) -> MediaBody:
        schema = self._schema_in(place)
        validator = self._validator(schema)
        kind = media.essence(name)
        complete = self.defaults.completer(schema) if schema else None
        if media.is_json(kind):
            return MediaBody(decode_json, validator, complete, fields=self._fields(schema))
        if kind in (FORM, MULTIPART):
            return MediaBody(form_decoder(self.shapes, schema), validator, complete, view=form_view)
        if kind.startswith("text/"):
            return MediaBody(decode_text, validator)
        return MediaBody(lambda raw, _: raw, validator, view=bytes_view)

    def _fields(self, schema: Place | None) -> dict[str, bool]:
        properties = self.shapes.properties(schema) if schema else {}
        return {name: "null" in self.shapes.types(place) for name, place in properties.items()}

    def _answers(self, operation: Operation) -> Answers:
        declared = {}
        for status in self.documents.at(operation.place).get("responses") or {}:
            try:
                place = self._follow(operation.place / "responses" / status)
            except Unresolvable:
                continue
            answers = self.pieces.answers
            if place not in answers:
                answers[place] = self._answer(place)
            declared[status.upper() if status != "default" else status] = answers[place]
        if not declared:
            self.documents.find(operation.place, "the operation declares no response", "declare `responses`")
        return Answers(declared)

    def _answer(self, place: Place) -> Answer:
        node = self.documents.at(place)
        validators = {
            media.essence(name): self._validator(
                self._schema_in(place / "content" / name) if media.is_json(name) else None
            )
            for name in node.get("content") or {}
        }
        return Answer(validators, list(self._headers(place, node)))

    def _selection(self, operation: Operation) -> Selection | None:
        """How a request chooses among the fields of the answer, where a parameter says that it may."""
        parameter = next((each for each in operation.parameters if each.selects), None)
        if parameter is None or parameter.selects is None:
            return None
        for schema in self._success_schemas(operation):
            part = self.shapes.properties(schema).get(parameter.selects)
            if part is not None:
                return Selection(parameter, parameter.selects, self.shapes, part)
        self.documents.find(
            operation.place / "parameters",
            f"{parameter.name} chooses among the fields of {parameter.selects}, which is not in the answer",
            "name in x-selects a field of what a success answers as JSON",
        )
        return None

    def _success_schemas(self, operation: Operation) -> Iterator[Place]:
        for status in self.documents.at(operation.place).get("responses") or {}:
            if not status.startswith("2"):
                continue
            try:
                place = self._follow(operation.place / "responses" / status)
            except Unresolvable:
                continue
            for name in self.documents.at(place).get("content") or {}:
                schema = self._schema_in(place / "content" / name) if media.is_json(name) else None
                if schema is not None:
                    yield schema

    def _headers(self, place: Place, node: Mapping[str, Any]) -> Iterator[HeaderRule]:
        for name in node.get("headers") or {}:
            if name.lower() == "content-type":
                continue  # OpenAPI says so: `content` declares it.
            try:
                header = self._follow(place / "headers" / name)
            except Unresolvable:
                continue
            declared = self.documents.at(header)
            media_type = next(iter(declared.get("content") or {}), None)
            if media_type is None:
                schema = self._schema_in(header)
                reader = Reader.of(self.shapes, schema, str)
                decode = decoder(reader, "simple", bool(declared.get("explode")), name)
            else:
                schema = self._schema_in(header / "content" / media_type)
                decode = content_decoder(media_type, str)
            yield HeaderRule(
                name.lower(),
                bool(declared.get("required")),
                decode,
                self._validator(schema) if schema else None,
            )

    def _schema_in(self, place: Place) -> Place | None:
        return place / "schema" if "schema" in self.documents.at(place) else None

    def _validator(self, place: Place | None) -> Any:
        if place is None:
            return self._anything
        try:
            return self.schemas.at(place)
        except SchemaInvalid as error:
            self.documents.find(place, f"the schema is unsound: {error}", "mend the schema")
            return self._anything

    def _follow(self, place: Place) -> Place:
        return self.documents.follow(place)
