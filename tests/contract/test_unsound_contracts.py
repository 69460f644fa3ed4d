"""What may not stand in a contract: refused with file, line and column."""

from __future__ import annotations

import pytest

from cloudmetrics.contract import Contract, serve
from tests.contract.refusals import Handlers, Write, anything, findings, place_of

pytestmark = [pytest.mark.requirement("B-1")]

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
        "size: big",
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


@pytest.mark.parametrize(
    ("link", "mark", "expected"),
    [
        ("{operationId: get-thin}", "operationId: get-thin}", "no operation has that operationId"),
        ("{operationId: get-thing, parameters: {id: a}}", "id: a", "id, which is no parameter of get-thing"),
        ("{operationId: get-thing, parameters: {query.thing_id: a}}", "query.thing_id", "is no parameter"),
    ],
)
def test_a_link_that_leads_nowhere(link: str, mark: str, expected: str, write: Write) -> None:
    root = f"""\
    paths:
      /things:
        post:
          operationId: create-thing
          responses:
            '201':
              description: Made
              links:
                good: {{operationId: get-thing, parameters: {{path.thing_id: $response.body#/id}}}}
                wrong: {link}
      /things/{{thing_id}}:
        get:
          operationId: get-thing
          parameters: [{{in: path, name: thing_id, required: true, schema: {{type: string}}}}]
          responses: {{'200': {{description: The thing}}}}
    """
    [(where, what, _)] = findings(lambda: Contract.load(write(root)))
    assert where == place_of(root, mark)
    assert expected in what
