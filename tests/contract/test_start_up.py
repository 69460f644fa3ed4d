"""What is refused before the first request: each with file, line, column and a cure."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from cloudmetrics.contract import Contract, Grant, serve
from tests.contract.refusals import Handlers, Write, anything, findings, place_of

pytestmark = [pytest.mark.requirement("B-1")]

GET = dedent("""\
    paths:
      /things/{id}:
        get:
          operationId: get-thing
          tags: [Things]
          parameters: [{in: path, name: id, required: true, schema: {type: string}}]
          responses: {'200': {description: It}}
    """)


class TestHandlers:
    def refuse(self, write: Write, handlers: Handlers, root: str, functions: dict[str, Any]) -> Any:
        contract = Contract.load(write(root))
        return findings(lambda: serve(contract, handlers=handlers(things=functions)))

    def test_a_missing_handler(self, write: Write, handlers: Handlers) -> None:
        [(where, what, cure)] = self.refuse(write, handlers, GET, {})
        assert where == place_of(GET, "operationId")
        assert "the operation get-thing has no handler" in what
        assert cure.startswith("write `async def get_thing` in handlers_")
        assert cure.endswith("/things.py")

    def test_a_missing_module(self, write: Write, handlers: Handlers) -> None:
        contract = Contract.load(write(GET))
        [(_, what, cure)] = findings(lambda: serve(contract, handlers=handlers()))
        assert "has no handler" in what
        assert "async def get_thing" in cure

    def test_a_module_that_fails_to_import_says_why(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "broken_handlers").mkdir()
        (tmp_path / "broken_handlers" / "__init__.py").write_text("")
        (tmp_path / "broken_handlers" / "things.py").write_text("import no_such_module\n")
        monkeypatch.syspath_prepend(tmp_path)
        contract = Contract.load(write(GET))
        try:
            [(_, what, _)] = findings(lambda: serve(contract, handlers="broken_handlers"))
        finally:
            for name in [name for name in sys.modules if name.startswith("broken_handlers")]:
                del sys.modules[name]
        assert "no_such_module" in what

    def test_a_handler_that_asks_for_what_is_not_declared(self, write: Write, handlers: Handlers) -> None:
        async def get_thing(id: str, colour: str) -> None: ...

        [(where, what, cure)] = self.refuse(write, handlers, GET, {"get_thing": get_thing})
        assert where == place_of(GET, "operationId")
        assert what.endswith("get_thing asks for colour, which get-thing does not declare")
        assert "colour" in cure

    def test_a_handler_that_does_not_take_what_is_declared(self, write: Write, handlers: Handlers) -> None:
        async def get_thing() -> None: ...

        [(_, what, cure)] = self.refuse(write, handlers, GET, {"get_thing": get_thing})
        assert what.endswith("get_thing does not take id, a path parameter of get-thing")
        assert cure == "add the argument id to the handler"

    def test_a_handler_that_asks_for_a_body_where_there_is_none(
        self, write: Write, handlers: Handlers
    ) -> None:
        async def get_thing(id: str, body: Any) -> None: ...

        [(_, what, _)] = self.refuse(write, handlers, GET, {"get_thing": get_thing})
        assert "asks for a body, and get-thing has none" in what

    def test_every_misfit_of_a_handler_is_told(self, write: Write, handlers: Handlers) -> None:
        async def get_thing(colour: str, body: Any, *rest: Any) -> None: ...

        told = self.refuse(write, handlers, GET, {"get_thing": get_thing})
        assert [what.partition("get_thing ")[2] for _, what, _ in told] == [
            "asks for colour, which get-thing does not declare",
            "takes rest by position",
            "asks for a body, and get-thing has none",
            "does not take id, a path parameter of get-thing",
        ]

    def test_a_handler_that_is_not_asynchronous(self, write: Write, handlers: Handlers) -> None:
        def get_thing(id: str) -> None: ...

        [(_, what, cure)] = self.refuse(write, handlers, GET, {"get_thing": get_thing})
        assert "not asynchronous" in what
        assert "async def" in cure

    def test_a_header_that_openapi_ignores_cannot_be_asked_for(
        self, write: Write, handlers: Handlers
    ) -> None:
        root = GET.replace("parameters: [", "parameters: [{in: header, name: Accept, schema: {}}, ")

        async def get_thing(id: str, Accept: str) -> None: ...  # noqa: N803

        [(_, what, _)] = self.refuse(write, handlers, root, {"get_thing": get_thing})
        assert "asks for Accept" in what


class TestSecurity:
    SECURED = GET.replace("paths:", "security: [{key: []}]\npaths:")
    DECLARED = f"{SECURED}components: {{securitySchemes: {{key: {{type: apiKey, in: header, name: Key}}}}}}\n"

    def test_a_scheme_without_code(self, write: Write, handlers: Handlers) -> None:
        contract = Contract.load(write(self.DECLARED))
        functions = handlers(things={"get_thing": anything})
        [(where, what, cure)] = findings(lambda: serve(contract, handlers=functions))
        assert where == place_of(self.DECLARED, "key: {type")
        assert what == "no code checks the security scheme key"
        assert cure == "pass an authenticator of that name to serve()"

    def test_an_undeclared_scheme(self, write: Write, handlers: Handlers) -> None:
        async def check(request: Any, credential: str) -> Grant:
            return Grant(None)

        contract = Contract.load(write(self.SECURED))
        functions = handlers(things={"get_thing": anything})
        [(where, what, cure)] = findings(
            lambda: serve(contract, handlers=functions, authenticators={"key": check})
        )
        assert where == place_of(self.SECURED, "get:")
        assert what == "the security scheme key is not declared"
        assert cure == "declare it in securitySchemes"


class TestTheRootFile:
    def test_a_missing_file(self, tmp_path: Path) -> None:
        [(where, what, cure)] = findings(lambda: Contract.load(tmp_path / "none.yaml"))
        assert where == str(tmp_path / "none.yaml")
        assert "No such file" in what
        assert cure == "give the path of the contract's root file"

    def test_broken_yaml(self, write: Write) -> None:
        [(where, what, cure)] = findings(lambda: Contract.load(write("paths: {\n  /a: [\n}")))
        assert where.startswith("spec/openapi.yaml:5:")
        assert what
        assert cure == "correct the YAML"

    def test_broken_yaml_in_another_file(self, write: Write) -> None:
        root = "paths: {/a: {$ref: a.yaml}}"
        [(where, what, _)] = findings(lambda: Contract.load(write(root, **{"a.yaml": "get: 1\nget: 2\n"})))
        assert where == "spec/a.yaml:2:1"
        assert what == "the key 'get' stands twice in one mapping"

    @pytest.mark.parametrize("version", ["3.0.3", "'2.0'", "3.1", "3.2.0"])
    def test_another_version_of_openapi(self, write: Write, version: str) -> None:
        path = write("paths: {}")
        path.write_text(path.read_text().replace("3.1.1", version))
        [(where, what, cure)] = findings(lambda: Contract.load(path))
        assert where == "spec/openapi.yaml:1:1"
        assert what == f"this is OpenAPI {version.strip(chr(39))}"
        assert cure == "write openapi: 3.1.1"

    @pytest.mark.parametrize("text", ["", "[]", "just words", "swagger: '2.0'"])
    def test_something_else(self, write: Write, text: str) -> None:
        path = write("")
        path.write_text(text)
        assert findings(lambda: Contract.load(path))[0][1] == "this is no OpenAPI document"


class TestAllAtOnce:
    def test_every_reason_is_in_one_exception_in_file_order(self, write: Write) -> None:
        root = """\
        paths:
          /a/{id}:
            get:
              operationId: same
              parameters: [{$ref: nowhere.yaml}]
              responses: {default: {description: Done}}
          /b:
            get:
              operationId: same
              responses:
                default:
                  description: Done
                  content: {application/json: {schema: {type: integer}, example: one}}
          /b2:
            get: {operationId: b2, responses: {default: {$ref: '#/components/responses/Gone'}}}
        """
        told = findings(lambda: Contract.load(write(root)))
        assert [what.split(" ")[:4] for _, what, _ in told] == [
            ["the", "path's", "variable", "{id}"],
            ["the", "reference", "nowhere.yaml", "leads"],
            ["the", "operationId", "same", "is"],
            ["the", "example", "breaks", "its"],
            ["the", "reference", "#/components/responses/Gone", "leads"],
        ]

    def test_everything_malformed_is_told_together(self, write: Write) -> None:
        root = """\
        paths:
          /a: {get: {operationId: a, respones: {}}}
        components: {schemas: {A: {type: strin}, B: {pattern: '('}, C: {$ref: '#/nowhere'}}}
        """
        assert len(findings(lambda: Contract.load(write(root)))) == 4

    def test_every_operation_that_cannot_be_served_is_told(self, write: Write, handlers: Handlers) -> None:
        root = """\
        security: [{key: []}]
        paths:
          /a: {get: {operationId: a, tags: [Things], responses: {default: {description: Done}}}}
          /b: {get: {operationId: b, tags: [Things], responses: {default: {description: Done}}}}
        components: {securitySchemes: {key: {type: http, scheme: bearer}}}
        """
        contract = Contract.load(write(root))
        told = findings(lambda: serve(contract, handlers=handlers(things={})))
        assert [what[:28] for _, what, _ in told] == [
            "the operation a has no handl",
            "the operation b has no handl",
            "no code checks the security ",
        ]
