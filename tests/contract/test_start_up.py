"""What is refused before the first request: each with file, line, column and a cure."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from cloudmetrics.contract import Contract, ContractInvalid, Grant, serve

pytestmark = [pytest.mark.requirement("B-1")]

Write = Callable[..., Path]
Handlers = Callable[..., str]
HEAD_LINES = 2


def findings(load: Callable[[], Any]) -> list[tuple[str, str, str]]:
    """Every reason to refuse: (where, what, cure)."""
    with pytest.raises(ContractInvalid) as refused:
        load()
    for finding in refused.value.findings:
        assert str(finding) in str(refused.value)
        assert finding.cure
    return [(finding.where, finding.what, finding.cure) for finding in refused.value.findings]


def place_of(root: str, mark: str) -> str:
    """`spec/openapi.yaml:line:column` of the text that begins with `mark`."""
    for number, line in enumerate(dedent(root).splitlines(), HEAD_LINES + 1):
        if mark in line:
            return f"spec/openapi.yaml:{number}:{line.index(mark) + 1}"
    raise AssertionError(f"{mark} is not in the contract")


GET = dedent("""\
    paths:
      /things/{id}:
        get:
          operationId: get-thing
          tags: [Things]
          parameters: [{in: path, name: id, required: true, schema: {type: string}}]
          responses: {'200': {description: It}}
    """)


async def anything(**arguments: Any) -> None:
    return None


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


UNSOUND = {
    "a reference to nowhere in the same file": (
        "{$ref: '#/components/schemas/Thing'}",
        "$ref",
        "the reference #/components/schemas/Thing leads nowhere",
    ),
    "a reference to a missing file": ("{$ref: Thing.yaml}", "$ref", "cannot be read: No such file"),
    "a reference to a missing anchor": ("{$ref: '#thing'}", "$ref", "there is no anchor thing"),
    "a reference over the network": (
        "{$ref: 'https://example.com/thing.json'}",
        "schema:",
        "the schema is unsound",
    ),
    "a reference that is no URI": ("{$ref: 'http://[nonsense'}", "$ref", "is no URI"),
    "a mapping to nowhere": (
        "{discriminator: {propertyName: kind, mapping: {cat: Cat.yaml}}}",
        "cat:",
        "the mapping of cat leads nowhere",
    ),
    "a bad pattern": ("{type: string, pattern: 'a('}", "pattern:", "a( is no regular expression"),
    "a bad pattern of names": (
        "{patternProperties: {'[': {}}}",
        "'['",
        "[ is no regular expression",
    ),
    "a type that does not exist": ("{type: text}", "type:", "type: Must be one of array, boolean"),
    "a keyword of the wrong type": (
        "{properties: {a: {minimum: few}}}",
        "minimum:",
        "minimum: Must be of type number",
    ),
    "an example that breaks its schema": (
        "{type: integer, examples: [1, two]}",
        "two]",
        "the example breaks its schema: Must be of type integer",
    ),
    "a default that breaks its schema": (
        "{properties: {a: {type: integer, maximum: 3, default: 4}}}",
        "default:",
        "the example breaks its schema: Must be at most 3",
    ),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_an_unsound_schema(case: str, write: Write, handlers: Handlers) -> None:
    schema, mark, expected = UNSOUND[case]
    root = f"""\
    paths:
      /things:
        post:
          operationId: create-thing
          tags: [Things]
          requestBody:
            content:
              application/json:
                schema: {schema}
          responses: {{'200': {{description: Made}}}}
    """
    functions = handlers(things={"create_thing": anything})
    [(where, what, _)] = findings(lambda: serve(Contract.load(write(root)), handlers=functions))
    assert where == place_of(root, mark)
    assert expected in what


EXAMPLES = {
    "of a media type": (
        """\
        paths:
          /things:
            post:
              operationId: create-thing
              requestBody:
                content:
                  application/json:
                    schema: {type: object, properties: {size: {type: integer}}}
                    examples:
                      small: {value: {size: 1}}
                      broken:
                        value: {size: big}
              responses: {default: {description: Done}}
        """,
        "value: {size: big}",
    ),
    "of a parameter": (
        """\
        paths:
          /things:
            parameters:
              - in: query
                name: size
                schema: {type: integer}
                example: big
        """,
        "example: big",
    ),
    "of a response's header": (
        """\
        components:
          responses:
            Made:
              description: Made
              headers:
                Size:
                  schema: {type: integer}
                  example: big
        """,
        "example: big",
    ),
    "kept among the components": (
        """\
        paths:
          /things:
            parameters:
              - in: query
                name: size
                schema: {type: integer}
                examples: {a: {$ref: '#/components/examples/A'}}
        components:
          examples:
            A:
              value: big
        """,
        "value: big",
    ),
}


@pytest.mark.parametrize("case", EXAMPLES)
def test_a_broken_example(case: str, write: Write) -> None:
    root, mark = EXAMPLES[case]
    [(where, what, cure)] = findings(lambda: Contract.load(write(root)))
    assert where == place_of(root, mark)
    assert what.endswith("Must be of type integer.")
    assert cure == "mend the example or the schema"


def test_an_example_of_something_that_is_not_json_is_not_judged(write: Write) -> None:
    Contract.load(
        write("""\
        paths:
          /things:
            post:
              operationId: create-thing
              requestBody: {content: {text/csv: {schema: {type: array}, example: 'a,b'}}}
              responses: {default: {description: Done}}
        """)
    )


OPERATION = "{{operationId: {}, responses: {{default: {{description: Done}}}}}}"

OPERATIONS = {
    "two operations on one route": (
        f"""\
        paths:
          /things/{{id}}:
            parameters: [{{in: path, name: id, required: true, schema: {{}}}}]
            get: {OPERATION.format("a")}
          /things/{{name}}:
            parameters: [{{in: path, name: name, required: true, schema: {{}}}}]
            put: {OPERATION.format("b")}
        """,
        "/things/{name}:",
        "/things/{name} holds the same URLs as /things/{id}",
    ),
    "an operationId twice": (
        f"""\
        paths:
          /a: {{get: {OPERATION.format("same")}}}
          /b: {{get: {OPERATION.format("same").replace("operationId", " operationId")}}}
        """,
        "operationId: same, responses",
        "the operationId same is taken by",
    ),
    "no operationId": (
        """\
        paths:
          /a:
            get:
              responses: {default: {description: Done}}
        """,
        "get:",
        "the operation has no operationId",
    ),
    "an undeclared path variable": (
        f"""\
        paths:
          /a/{{id}}:
            get: {OPERATION.format("a")}
        """,
        "get:",
        "the path's variable {id} is not declared",
    ),
    "a path parameter that is not in the path": (
        f"""\
        paths:
          /a:
            parameters: [{{in: path, name: id, required: true, schema: {{}}}}]
            get: {OPERATION.format("a")}
        """,
        "get:",
        "the path parameter id is not in the path /a",
    ),
    "a parameter twice": (
        f"""\
        paths:
          /a:
            parameters:
              - {{in: query, name: id, schema: {{}}}}
              - {{in: query, name: id, schema: {{type: string}}}}
            get: {OPERATION.format("a")}
        """,
        "{in: query, name: id, schema: {type: string}}",
        "the query parameter id is declared twice",
    ),
    "a path with a query": (
        f"""\
        paths:
          /a?b=c:
            get: {OPERATION.format("a")}
        """,
        "get:",
        "is no path",
    ),
}


@pytest.mark.parametrize("case", OPERATIONS)
def test_unsound_operations(case: str, write: Write) -> None:
    root, mark, expected = OPERATIONS[case]
    [(where, what, _)] = findings(lambda: Contract.load(write(root)))
    if "twice" in case:
        assert where.rpartition(":")[0] == place_of(root, "/b:" if "Id" in case else mark).rpartition(":")[0]
    else:
        assert where == place_of(root, mark)
    assert expected in what


MALFORMED = {
    "a misspelt field": ("operationID: a", "operationID: a", "operationID is not a field here"),
    "a parameter without a name": (
        "{operationId: a, parameters: [{in: query, schema: {}}]}",
        "{in: query",
        "name is required",
    ),
    "an optional path parameter": (
        "{operationId: a, parameters: [{in: path, name: id, schema: {}}]}",
        "{in: path",
        "required is required",
    ),
    "a style that is none there": (
        "{operationId: a, parameters: [{in: query, name: id, style: matrix, schema: {}}]}",
        "style:",
        "style: Must be one of form, spaceDelimited, pipeDelimited, deepObject",
    ),
    "a response without a description": (
        "{operationId: a, responses: {'200': {}}}",
        "'200'",
        "description is required",
    ),
    "a status that is none": ("{operationId: a, responses: {'2000': {description: A}}}", "'2000'", "2000"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_openapi_does_not_allow(case: str, write: Write) -> None:
    operation, mark, expected = MALFORMED[case]
    root = f"""\
    paths:
      /a:
        get:
          {operation}
    """
    told = findings(lambda: Contract.load(write(root)))
    assert (place_of(root, mark), expected) in [(where, what[: len(expected)]) for where, what, _ in told]


def test_a_misspelling_in_another_file_is_found_there(write: Write) -> None:
    root = "paths: {/a: {$ref: paths/a.yaml}}"
    [(where, what, _)] = findings(
        lambda: Contract.load(
            write(
                root,
                paths__a__yaml="",
                **{"paths__a.yaml": "get:\n  operationId: a\n  responses:\n    '200': {descriptoin: A}\n"},
            )
        )
    )[:1]
    assert where == "spec/paths/a.yaml:4:5"
    assert what == "description is required"


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
