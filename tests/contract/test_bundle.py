"""The bundle: one self-contained document that means what the files mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from cloudmetrics.contract import Contract, serve
from tests.contract.conftest import client_of

pytestmark = [pytest.mark.requirement("B-1", "CM-2")]

Write = Callable[..., Path]


def posting(schema: str) -> str:
    return f"""\
        paths:
          /things:
            post:
              operationId: create-thing
              tags: [Things]
              requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}
              responses: {{default: {{description: Said}}}}
        """


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolved(bundle: dict[str, Any], ref: str) -> Any:
    node: Any = bundle
    for token in ref.removeprefix("#/").split("/"):
        node = node[token.replace("~1", "/").replace("~0", "~")]
    return node


def bundled(path: Path, *, with_ids: bool = False) -> dict[str, Any]:
    """The bundle of a contract, sound and self-contained. `with_ids` says that `$id`s are part of it."""
    bundle = Contract.load(path).bundle
    if not with_ids:  # The reference validator of OpenAPI does not know `$id`.
        validate(bundle)
        for ref in references(bundle):
            assert ref.startswith("#/")
            resolved(bundle, ref)
    return json.loads(json.dumps(bundle))


def schema_of(bundle: dict[str, Any]) -> Any:
    """The validator of the only request body, which sees nothing but the bundle."""
    body = bundle["paths"]["/things"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    # A JSON Schema validator looks for anchors and `$id`s in schemas only, and knows no `components`.
    schema = json.dumps({"allOf": [body], "$defs": bundle["components"]["schemas"]})
    plain = json.loads(schema.replace("#/components/schemas/", "#/$defs/"))
    return jsonschema_rs.Draft202012Validator(plain, validate_formats=True)


def test_what_lives_in_a_file_becomes_a_component_named_after_it(write: Write) -> None:
    bundle = bundled(write(posting("{$ref: schemas/Thing.yaml}"), **{"schemas__Thing.yaml": "type: object"}))
    assert bundle["components"] == {"schemas": {"Thing": {"type": "object"}}}


def test_two_files_of_one_name_become_two_components(write: Write) -> None:
    files = {
        "a__Thing.yaml": "{type: object, properties: {other: {$ref: ../b/Thing.yaml}}}",
        "b__Thing.yaml": "{type: string}",
    }
    bundle = bundled(write(posting("{$ref: a/Thing.yaml}"), **files))
    assert bundle["components"]["schemas"] == {
        "Thing": {"type": "object", "properties": {"other": {"$ref": "#/components/schemas/Thing2"}}},
        "Thing2": {"type": "string"},
    }


def test_a_components_name_in_the_root_is_kept(write: Write) -> None:
    root = (
        posting("{$ref: Thing.yaml}")
        + """
        components: {schemas: {Widget: {$ref: Thing.yaml}, Same: {$ref: Thing.yaml}}}
        """
    )
    bundle = bundled(write(root, **{"Thing.yaml": "{type: array, items: {$ref: Thing.yaml}}"}))
    assert bundle["components"]["schemas"] == {
        "Widget": {"type": "array", "items": {"$ref": "#/components/schemas/Widget"}},
        "Same": {"$ref": "#/components/schemas/Widget"},
    }


def test_a_component_gets_a_name_that_openapi_allows(write: Write) -> None:
    files = {"things {id}.yaml": "{type: string}", "defs.yaml": "{$defs: {a/b: {type: integer}}}"}
    schema = "{anyOf: [{$ref: 'things {id}.yaml'}, {$ref: 'defs.yaml#/$defs/a~1b'}]}"
    bundle = bundled(write(posting(schema), **files))
    assert list(bundle["components"]["schemas"]) == ["a_b", "things_id_"]


def test_path_items_stand_in_place_with_all_that_they_refer_to(write: Write) -> None:
    files = {
        "paths__item.yaml": """\
            $ref: more.yaml
            parameters: [{$ref: '../parameters.yaml#/Page'}]
            get: {operationId: get-thing, responses: {'200': {$ref: ../ok.yaml}}}
            """,
        "paths__more.yaml": """\
            parameters: [{in: query, name: page, schema: {type: string}}]
            delete: {operationId: delete-thing, responses: {'200': {$ref: ../ok.yaml}}}
            """,
        "parameters.yaml": "Page: {in: query, name: page, schema: {type: integer}}",
        "ok.yaml": "{description: Fine}",
    }
    bundle = bundled(write("paths: {/things: {$ref: paths/item.yaml, summary: Things}}", **files))
    assert bundle["paths"]["/things"] == {
        "summary": "Things",
        "parameters": [{"$ref": "#/components/parameters/Page"}],
        "get": {"operationId": "get-thing", "responses": {"200": {"$ref": "#/components/responses/ok"}}},
        "delete": {
            "operationId": "delete-thing",
            "responses": {"200": {"$ref": "#/components/responses/ok"}},
        },
    }


def test_references_beside_the_reference_of_a_path_item_are_followed_too(write: Write) -> None:
    files = {
        "item.yaml": "get: {operationId: get-thing, responses: {default: {description: It}}}",
        "Page.yaml": "{in: query, name: page, schema: {type: integer}}",
    }
    bundle = bundled(write("paths: {/things: {$ref: item.yaml, parameters: [{$ref: Page.yaml}]}}", **files))
    assert bundle["paths"]["/things"]["parameters"] == [{"$ref": "#/components/parameters/Page"}]


def test_a_callback_may_refer_to_the_path_item_that_holds_it(write: Write) -> None:
    files = {
        "item.yaml": """\
            post:
              operationId: subscribe
              callbacks: {again: {'{$request.body#/url}': {$ref: item.yaml}}}
              responses: {default: {description: It}}
            """,
    }
    bundle = bundled(write("paths: {/things: {$ref: item.yaml}}", **files))
    again = bundle["paths"]["/things"]["post"]["callbacks"]["again"]["{$request.body#/url}"]
    assert again == {"$ref": "#/components/pathItems/item"}


def test_webhooks_are_in_the_bundle(write: Write) -> None:
    files = {
        "purchase.yaml": """\
            post:
              operationId: on-purchase
              requestBody: {content: {application/json: {schema: {$ref: Purchase.yaml}}}}
              responses: {'200': {description: Taken}}
            """,
        "Purchase.yaml": "{type: object}",
    }
    bundle = bundled(write("paths: {}\nwebhooks: {purchase: {$ref: purchase.yaml}}", **files))
    body = bundle["webhooks"]["purchase"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Purchase"}


def test_a_discriminators_mapping_leads_to_components(write: Write) -> None:
    schema = (
        "{oneOf: [{$ref: pets/Cat.yaml}, {$ref: Dog.yaml}, {$ref: '#/components/schemas/Bird'}],"
        " discriminator: {propertyName: kind, mapping: "
        "{cat: pets/Cat.yaml, dog: Dog.yaml, bird: Bird, other: Unlisted.yaml}}}"
    )
    pet = "{{type: object, required: [kind], properties: {{kind: {{const: {}}}}}}}"
    files = {
        "pets__Cat.yaml": pet.format("cat"),
        "Dog.yaml": pet.format("dog"),
        "Unlisted.yaml": pet.format("other"),
    }
    root = (
        posting(schema)
        + f"""
        components: {{schemas: {{Bird: {pet.format("bird")}}}}}
        """
    )
    bundle = bundled(write(root, **files))
    body = bundle["paths"]["/things"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["discriminator"]["mapping"] == {
        "cat": "#/components/schemas/Cat",
        "dog": "#/components/schemas/Dog",
        "bird": "#/components/schemas/Bird",
        "other": "#/components/schemas/Unlisted",
    }
    assert bundle["components"]["schemas"]["Unlisted"]["properties"] == {"kind": {"const": "other"}}


SAME_MEANING = {
    "keywords beside references": (
        "{$ref: A.yaml, maxLength: 3}",
        {"A.yaml": "{type: string, minLength: 2}"},
        ["a", "ab", "abc", "abcd", 1],
    ),
    "recursion across files": (
        "{$ref: A.yaml}",
        {
            "A.yaml": "{properties: {b: {$ref: 'B.yaml#/$defs/b'}}, additionalProperties: false}",
            "B.yaml": "{$defs: {b: {type: array, items: {$ref: A.yaml}}}}",
        },
        [{}, {"b": [{"b": []}]}, {"b": [{"c": []}]}, {"b": 1}, {"a": 1}],
    ),
    "anchors": (
        "{$ref: A.yaml}",
        {
            "A.yaml": "{$ref: '#x', $defs: {x: {$anchor: x, items: {$ref: 'B.yaml#x'}}}}",
            "B.yaml": "{$defs: {x: {$anchor: x, type: integer}}}",
        },
        [[1], ["a"], 1, [[]]],
    ),
    "dynamic anchors": (
        "{$ref: Strict.yaml}",
        {
            "Strict.yaml": "{$dynamicAnchor: node, $ref: Tree.yaml, unevaluatedProperties: false}",
            "Tree.yaml": "{$dynamicAnchor: node, type: object, properties: "
            "{data: true, children: {type: array, items: {$dynamicRef: '#node'}}}}",
        },
        [{"data": 1}, {"dat": 1}, {"children": [{"data": 1}]}, {"children": [{"dat": 1}]}, []],
    ),
    "a generic page": (
        "{anyOf: [{$ref: Numbers.yaml}, {$ref: Words.yaml}]}",
        {
            "Page.yaml": "{type: array, items: {$dynamicRef: '#item'}, $defs: {any: {$dynamicAnchor: item}}}",
            "Numbers.yaml": "{$ref: Page.yaml, $defs: {n: {$dynamicAnchor: item, type: integer}}}",
            "Words.yaml": "{$ref: Page.yaml, $defs: {w: {$dynamicAnchor: item, $ref: Word.yaml}}}",
            "Word.yaml": "{type: string, maxLength: 3}",
        },
        [[1], ["a"], ["abcd"], [1, "a"], [None], []],
    ),
    "a schema with an id of its own": (
        "{$ref: A.yaml}",
        {"A.yaml": "{$id: 'https://example.com/a', $ref: '#/$defs/b', $defs: {b: {type: integer}}}"},
        [1, "a"],
    ),
    "unevaluated properties through references": (
        "{$ref: A.yaml, unevaluatedProperties: false}",
        {"A.yaml": "{allOf: [{properties: {a: true}}, {$ref: B.yaml}]}", "B.yaml": "{properties: {b: true}}"},
        [{"a": 1, "b": 1}, {"a": 1, "c": 1}],
    ),
}


WITH_IDS = ("dynamic anchors", "a generic page", "a schema with an id of its own")


@pytest.mark.parametrize("case", SAME_MEANING)
async def test_the_bundle_means_what_the_files_mean(
    case: str, write: Write, handlers: Callable[..., str]
) -> None:
    schema, files, values = SAME_MEANING[case]
    path = write(posting(schema), **files)
    by_bundle = schema_of(bundled(path, with_ids=case in WITH_IDS))

    async def create_thing(body: Any) -> tuple[None, int]:
        return None, 204

    app = serve(Contract.load(path), handlers=handlers(things={"create_thing": create_thing}))
    verdicts = set()
    async with client_of(app) as client:
        for value in values:
            response = await client.post("/things", json=value)
            assert (response.status_code == 204) == by_bundle.is_valid(value), value
            verdicts.add(response.status_code)
    assert verdicts == {204, 400}


def test_headers_of_all_responses_are_written_into_each(write: Write) -> None:
    path = write("""\
        x-response-headers:
          X-Left: {$ref: left.yaml}
          X-Own: {description: Of all, schema: {type: string}}
        paths:
          /things:
            get:
              operationId: list-things
              tags: [Things]
              responses:
                '200': {description: Inline, headers: {X-Own: {description: Mine, schema: {type: string}}}}
                '404': {$ref: '#/components/responses/Gone'}
        components:
          responses:
            Gone: {description: Shared}
        """, **{"left.yaml": "{description: Left, schema: {type: integer}}"})  # fmt: skip
    bundle = bundled(path)
    inline = bundle["paths"]["/things"]["get"]["responses"]["200"]
    assert inline["headers"]["X-Left"] == {"$ref": "#/components/headers/left"}
    assert inline["headers"]["X-Own"]["description"] == "Mine"
    shared = bundle["components"]["responses"]["Gone"]
    assert set(shared["headers"]) == {"X-Left", "X-Own"}
    assert "x-response-headers" not in bundle
