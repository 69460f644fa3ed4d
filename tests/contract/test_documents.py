"""A contract's files: read as YAML 1.2, their references followed wherever they lead."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudmetrics.contract import Contract, ContractInvalid
from cloudmetrics.contract.yaml_source import YamlInvalid, load, positions

pytestmark = [pytest.mark.requirement("B-1", "CM-2")]


async def echo(body: Any) -> Any:
    return body


async def listed(**arguments: Any) -> Any:
    return arguments


def accepting(schema: str) -> str:
    """A contract that takes and answers whatever fits one schema."""
    return f"""\
        paths:
          /things:
            post:
              operationId: create-thing
              tags: [Things]
              requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}
              responses:
                '200': {{description: The thing, content: {{application/json: {{schema: {schema}}}}}}}
                '4XX': {{description: Refused}}
        """


class TestReferences:
    async def test_a_reference_leads_into_another_file(self, served: Any) -> None:
        files = {"schemas__Thing.yaml": "{type: object, required: [name]}"}
        async with served(accepting("{$ref: schemas/Thing.yaml}"), {"create_thing": echo}, files) as client:
            assert (await client.post("/things", json={"name": "a"})).status_code == 200
            assert (await client.post("/things", json={})).status_code == 400

    async def test_keywords_beside_a_reference_count_too(self, served: Any) -> None:
        files = {"Name.yaml": "{type: string, minLength: 2}"}
        contract = accepting("{$ref: Name.yaml, maxLength: 3}")
        async with served(contract, {"create_thing": echo}, files) as client:
            statuses = [(await client.post("/things", json=name)).status_code for name in ("a", "ab", "abcd")]
        assert statuses == [400, 200, 400]

    async def test_schemas_recurse_across_files(self, served: Any) -> None:
        files = {
            "Folder.yaml": "{type: object, required: [files], properties: {files: "
            "{type: array, items: {$ref: 'File.yaml#/$defs/Entry'}}}, additionalProperties: false}",
            "File.yaml": "{$defs: {Entry: {anyOf: [{type: string}, {$ref: Folder.yaml}]}}}",
        }
        async with served(accepting("{$ref: Folder.yaml}"), {"create_thing": echo}, files) as client:
            sound = {"files": ["a", {"files": ["b", {"files": []}]}]}
            broken = {"files": ["a", {"files": ["b", {"file": []}]}]}
            assert (await client.post("/things", json=sound)).json() == sound
            assert (await client.post("/things", json=broken)).status_code == 400

    async def test_an_anchor_of_another_file_is_found(self, served: Any) -> None:
        files = {"defs.yaml": "{$defs: {a: {$anchor: short, type: string, maxLength: 2}}}"}
        async with served(accepting("{$ref: 'defs.yaml#short'}"), {"create_thing": echo}, files) as client:
            assert (await client.post("/things", json="ab")).status_code == 200
            assert (await client.post("/things", json="abc")).status_code == 400

    async def test_anchors_and_dynamic_references_work_in_the_roots_components(self, served: Any) -> None:
        contract = (
            accepting("{$ref: '#tree'}")
            + """
        components:
          schemas:
            Tree:
              $anchor: tree
              $dynamicAnchor: node
              type: object
              properties: {children: {type: array, items: {$dynamicRef: '#node'}}}
              additionalProperties: false
        """
        )
        async with served(contract, {"create_thing": echo}) as client:
            sound, broken = {"children": [{"children": []}]}, {"children": [{"child": []}]}
            assert (await client.post("/things", json=sound)).status_code == 200
            assert (await client.post("/things", json=broken)).status_code == 400

    async def test_a_generic_page_is_filled_by_dynamic_reference(self, served: Any) -> None:
        files = {
            "Page.yaml": "{type: array, items: {$dynamicRef: '#item'}, $defs: {any: {$dynamicAnchor: item}}}",
            "NumberPage.yaml": "{$ref: Page.yaml, $defs: {number: {$dynamicAnchor: item, type: integer}}}",
        }
        async with served(accepting("{$ref: NumberPage.yaml}"), {"create_thing": echo}, files) as client:
            assert (await client.post("/things", json=[1, 2])).status_code == 200
            assert (await client.post("/things", json=["a"])).status_code == 400

    async def test_file_names_may_hold_braces_and_spaces(self, served: Any) -> None:
        files = {"things_{thing_id} v2.yaml": "{type: integer}"}
        contract = accepting("{$ref: './things_{thing_id} v2.yaml'}")
        async with served(contract, {"create_thing": echo}, files) as client:
            assert (await client.post("/things", json="a")).status_code == 400

    async def test_a_chain_of_references_ends_at_the_object(self, served: Any) -> None:
        contract = """\
        paths:
          /things:
            get:
              operationId: list-things
              tags: [Things]
              parameters: [{$ref: '#/components/parameters/First'}]
              responses: {$ref: responses.yaml}
        components:
          parameters: {First: {$ref: second.yaml}}
        """.replace("{$ref: responses.yaml}", "{default: {$ref: third.yaml}}")
        files = {
            "second.yaml": "{$ref: 'more/limit.yaml#/limit'}",
            "more__limit.yaml": "limit: {in: query, name: limit, schema: {type: integer}}",
            "third.yaml": "{description: Anything}",
        }
        async with served(contract, {"list_things": listed}, files) as client:
            assert (await client.get("/things?limit=7")).json() == {"limit": 7}


class TestPathItems:
    PATHS = """\
        paths:
          /things/{id}:
            $ref: item.yaml
            summary: Said here
            parameters: [{in: query, name: page, schema: {type: string}}]
            delete: {operationId: delete-thing, tags: [Things], responses: {'200': {description: Gone}}}
        """
    ITEM = """\
        parameters:
          - {in: path, name: id, required: true, schema: {type: integer}}
          - {in: query, name: page, schema: {type: integer}}
          - {in: query, name: size, schema: {type: integer}}
        get:
          operationId: get-thing
          tags: [Things]
          parameters: [{in: query, name: size, schema: {type: string}}]
          responses: {default: {description: It}}
        """

    async def test_an_operations_parameter_overrides_its_path_items(self, served: Any) -> None:
        functions = {"get_thing": listed, "delete_thing": listed}
        async with served(self.PATHS, functions, {"item.yaml": self.ITEM}) as client:
            assert (await client.get("/things/1?size=2")).json() == {"id": 1, "size": "2"}

    async def test_fields_beside_the_reference_come_first(self, served: Any) -> None:
        functions = {"get_thing": listed, "delete_thing": listed}
        async with served(self.PATHS, functions, {"item.yaml": self.ITEM}) as client:
            assert (await client.get("/things/1?page=2")).json() == {"id": 1, "page": "2"}
            assert (await client.delete("/things/1?size=2")).json() == {"id": 1, "size": 2}

    def test_webhooks_are_not_served(self, write: Callable[..., Path]) -> None:
        contract = Contract.load(
            write("""\
        webhooks:
          purchase: {post: {operationId: on-purchase, responses: {'200': {description: Taken}}}}
        """)
        )
        assert contract.operations == ()


class TestYaml:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("no", "no"),
            ("on", "on"),
            ("yes", "yes"),
            ("2026-11-01", "2026-11-01"),
            ("12:30:45", "12:30:45"),
            ("1_000", "1_000"),
            ("'7'", "7"),
            ("7", 7),
            ("-0", 0),
            ("0x1F", 31),
            ("0o17", 15),
            ("007", 7),
            ("1.5", 1.5),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("true", True),
            ("False", False),
            ("~", None),
            ("NULL", None),
            ("", None),
        ],
    )
    def test_words_mean_what_yaml_1_2_says(self, text: str, value: Any) -> None:
        found = load(f"key: {text}")["key"]
        assert found == value
        assert type(found) is type(value)

    def test_keys_are_always_text(self) -> None:
        assert load("{200: a, true: b, null: c}") == {"200": "a", "true": "b", "null": "c"}

    def test_json_is_read_as_it_is_with_all_its_escapes(self) -> None:
        value = {"a": '😀 \\ud83d\\ude00 " \n', "😀": [1.5e-3, True, None, "/"]}
        assert load(json.dumps(value)) == load(json.dumps(value, ensure_ascii=False)) == value

    def test_an_alias_has_the_value_of_its_anchor(self) -> None:
        assert load("{a: &x {b: [1]}, c: *x}") == {"a": {"b": [1]}, "c": {"b": [1]}}

    @pytest.mark.parametrize(
        ("text", "what", "place"),
        [
            ("a: 1\na: 2", "stands twice", (2, 1)),
            ("a: [1", "the bracket that opens in line 1 is not closed", (2, 1)),
            ('a: "b\nc: 1', "a quote opens here and is never closed", (1, 4)),
            ("a: @b", "no value begins with @", (1, 4)),
            ("\ta: 1", "no value begins with a tab", (1, 1)),
            ("a:\n  b: 1\n c: 2", "is indented otherwise", (3, 2)),
            ("a: 1\n b: 2", "no key can stand here", (2, 3)),
            ("? [a]\n: 1", "a key must be a plain word", (1, 3)),
            ("<<: {a: 1}", "merge keys", (1, 1)),
            ("a: !!binary aGk=", "no meaning in JSON", (1, 4)),
            ("a: !thing {b: 1}", "no meaning in JSON", (1, 4)),
            ("a: .inf", "JSON has no number", (1, 4)),
            ("a: 1e999", "JSON has no number", (1, 4)),
            ("a: " + "9" * 5000, "JSON has no number", (1, 4)),
            ("a: 1\n---\nb: 2", "another document", (2, 1)),
            ("a: \x07", "not allowed", (1, 1)),
            ("a: &a [*a]", "nested deeper", (1, 4)),
            ("[" * 300 + "]" * 300, "nested deeper", (1, 202)),
        ],
    )
    def test_what_json_cannot_say_is_refused_with_its_place(
        self, text: str, what: str, place: tuple[int, int]
    ) -> None:
        with pytest.raises(YamlInvalid, match=what) as refused:
            load(text)
        assert (refused.value.line, refused.value.column) == place

    def test_an_alias_bomb_is_refused_before_it_goes_off(self) -> None:
        lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
        with pytest.raises(YamlInvalid, match="stand for more than 1,000,000 values"):
            load("\n".join(lines))

    def test_every_pointer_has_a_line(self) -> None:
        places = positions("a:\n  - b/c: 1\n  - 2\n")
        assert places == {"": (1, 1), "/a": (1, 1), "/a/0": (2, 5), "/a/0/b~1c": (2, 5), "/a/1": (3, 5)}


def test_a_file_that_is_not_utf_8_is_refused(write: Callable[..., Path]) -> None:
    path = write("paths: {}")
    path.write_bytes(b"openapi: 3.1.1\ninfo: {title: \xff}\n")
    with pytest.raises(ContractInvalid, match="it is not UTF-8"):
        Contract.load(path)
