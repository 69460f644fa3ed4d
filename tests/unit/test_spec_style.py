"""The contract's files keep to their style: what is named how, and what may never be missing."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudmetrics.contract import Contract, ContractError

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "delete", "patch")
SCOPES = """
events:read events:write metrics:read visitors:read visitors:full websites:read websites:full
goals:read goals:full dashboards:read dashboards:full alerts:read alerts:full costs:read costs:write
reports:read reports:full usage:read webhooks:read webhooks:full workspace:read workspace:admin
team:read team:admin keys:admin audit:read ai:run
"""


class Spec:
    """The files under spec/, and the bundle made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {
            path.relative_to(folder).as_posix(): yaml.safe_load(path.read_text(encoding="utf-8"))
            for path in sorted(folder.rglob("*.yaml"))
            if not {"released", "rules"} & set(path.parts)
        }
        self.root = self.files["openapi.yaml"]
        self.registry = self.files["errors.yaml"]
        self.bundle: dict[str, Any] = Contract.load(folder / "openapi.yaml").bundle

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for url, item in self.bundle["paths"].items():
            yield from ((f"{method.upper()} {url}", item[method]) for method in METHODS if method in item)

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            node = self.bundle["components"][kind][name]
        return node


def inside(node: Any) -> Iterator[dict[str, Any]]:
    """A node and every object in it; references are not followed."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from inside(child)


def reached(spec: Spec, *starts: str) -> set[str]:
    """Names of the component schemas that a list of schema names leads to, themselves included."""
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += schema_names(spec.bundle["components"]["schemas"][name])
    return seen


def schema_names(node: Any) -> list[str]:
    refs = (part["$ref"] for part in inside(node) if isinstance(part.get("$ref"), str))
    return [ref.rpartition("/")[2] for ref in refs if ref.startswith("#/components/schemas/")]


def path_files_are_named_after_their_urls(spec: Spec) -> Iterator[str]:
    for url, item in spec.root["paths"].items():
        expected = f"paths/{url.removeprefix('/v1/').replace('/', '_')}.yaml"
        if item != {"$ref": expected}:
            yield f"{url} belongs in {expected}"


def component_files_are_named_after_their_components(spec: Spec) -> Iterator[str]:
    for file in spec.files:
        if not file.startswith("components/"):
            continue
        _, kind, name = file.split("/")
        if not re.fullmatch(r"([A-Z][a-z0-9]*)+\.yaml", name):
            yield f"{file} is not PascalCase.yaml"
        elif name.removesuffix(".yaml") not in spec.bundle["components"].get(kind, {}):
            yield f"{file} is not the component of this name"


def nothing_is_unused(spec: Spec) -> Iterator[str]:
    used, todo = {"errors.yaml"}, ["openapi.yaml"]
    while todo:
        file = todo.pop()
        used.add(file)
        for node in inside(spec.files[file]):
            if isinstance(node.get("$ref"), str):
                target = (spec.folder / file).parent / node["$ref"].partition("#")[0]
                name = target.resolve().relative_to(spec.folder.resolve()).as_posix()
                todo += [name] if name not in used else []
    yield from (f"{file} is used by nothing" for file in spec.files if file not in used)


def answers_say_what_is_always_there(spec: Spec) -> Iterator[str]:
    answers = [schema for response in responses(spec).values() for schema in schema_names(response)]
    for name in sorted(reached(spec, *answers)):
        for node in inside(spec.bundle["components"]["schemas"][name]):
            if node.get("type") == "object" and "required" not in node and "properties" in node:
                yield f"{name} has an object without required"
            if node.get("additionalProperties") is False:
                yield f"{name} is answered, and must stay open"


def requests_are_closed(spec: Spec) -> Iterator[str]:
    bodies = [name for _, each in spec.operations() for name in schema_names(each.get("requestBody", {}))]
    for name in sorted(reached(spec, *bodies)):
        for node in inside(spec.bundle["components"]["schemas"][name]):
            if node.get("type") == "object" and "additionalProperties" not in node:
                yield f"{name} takes unknown fields"


def responses(spec: Spec) -> dict[str, dict[str, Any]]:
    named = spec.bundle["components"]["responses"]
    inline = {
        f"{name} {status}": response
        for name, operation in spec.operations()
        for status, response in operation["responses"].items()
        if "$ref" not in response
    }
    return {**named, **inline}


def every_answer_has_an_example(spec: Spec) -> Iterator[str]:
    for name, response in responses(spec).items():
        for media_type, content in response.get("content", {}).items():
            if not content.get("examples"):
                yield f"{name} has no example as {media_type}"


def problems_are_registered(spec: Spec) -> Iterator[str]:
    registry = {entry["code"]: entry for entry in spec.registry}
    for name, response in responses(spec).items():
        for content in response.get("content", {}).values():
            for example in content.get("examples", {}).values():
                value = spec.resolve(example)["value"]
                if "trace_id" not in value:
                    continue
                entry = registry.get(value["code"], {})
                if (entry.get("status"), entry.get("title")) != (value["status"], value["title"]):
                    yield f"{name}: {value['code']} is not in errors.yaml as it is shown"
                if not value["type"].endswith("/docs/errors/" + value["code"].lower().replace("_", "-")):
                    yield f"{name}: {value['type']} is not the page of {value['code']}"


def the_registry_is_whole(spec: Spec) -> Iterator[str]:
    codes = [entry["code"] for entry in spec.registry]
    yield from (f"{code} stands twice" for code in set(codes) if codes.count(code) > 1)
    for entry in spec.registry:
        if list(entry) != ["code", "status", "title", "cause", "cure"] or not all(entry.values()):
            yield f"{entry['code']} needs code, status, title, cause and cure"


def operations_are_well_named_and_fenced(spec: Spec) -> Iterator[str]:
    declared = {tag["name"] for tag in spec.bundle["tags"]}
    for name, operation in spec.operations():
        if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", operation["operationId"]):
            yield f"{name} has an operationId that is not verb-noun in kebab-case"
        if len(operation["tags"]) != 1 or not set(operation["tags"]) <= declared:
            yield f"{name} needs one tag of openapi.yaml"
        scopes = [list(option.values()) for option in operation["security"]]
        schemes = [key for option in operation["security"] for key in option]
        if schemes == ["share_link"]:
            # What strangers see by a link takes no other credential, and has no scope.
            pass
        elif (
            schemes != ["api_key", "bearer"]
            or scopes[0] != scopes[1]
            or not set(scopes[0][0]) <= set(SCOPES.split())
        ):
            yield f"{name} needs the same known scopes for api_key and bearer"
        if operation.get("x-limit", "agent") not in ("agent", "events", "requests"):
            yield f"{name} has an x-limit that nobody counts"
        if not {"400", "401", "403", "429", "500", "503"} <= set(operation["responses"]):
            yield f"{name} lacks a shared error"


CHECKS: list[Callable[[Spec], Iterator[str]]] = [
    path_files_are_named_after_their_urls,
    component_files_are_named_after_their_components,
    nothing_is_unused,
    answers_say_what_is_always_there,
    requests_are_closed,
    every_answer_has_an_example,
    problems_are_registered,
    the_registry_is_whole,
    operations_are_well_named_and_fenced,
]


@pytest.fixture(scope="module")
def spec() -> Spec:
    return Spec(ROOT / "spec")


@pytest.mark.requirement("CM-2", "PL-1", "PL-15")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_contract_keeps_to_its_style(spec, check):
    assert list(check(spec)) == []


SCHEMAS, RESPONSES = "components/schemas", "components/responses"

# The check that must object, the file to change, the text there, and what to put in its place.
BREACHES = [
    (path_files_are_named_after_their_urls, "openapi.yaml", "/v1/events:", "/v1/things:"),
    (nothing_is_unused, "openapi.yaml", "  /v1/events: {$ref: paths/events.yaml}\n", ""),
    (answers_say_what_is_always_there, f"{SCHEMAS}/Pagination.yaml", "required:", "x-required:"),
    (answers_say_what_is_always_there, f"{SCHEMAS}/Money.yaml", "type", "additionalProperties: false\ntype"),
    (requests_are_closed, f"{SCHEMAS}/EventCreate.yaml", "additionalProperties: false\n", ""),
    (every_answer_has_an_example, f"{RESPONSES}/Metrics.yaml", "    examples:", "    x-examples:"),
    (problems_are_registered, "errors.yaml", "- code: NOT_FOUND", "- code: NOT_HERE"),
    (the_registry_is_whole, "errors.yaml", "  status: 401\n", ""),
    (operations_are_well_named_and_fenced, "paths/metrics.yaml", "bearer: ['metrics:", "bearer: ['alerts:"),
    (operations_are_well_named_and_fenced, "paths/events.yaml", "x-limit: events", "x-limit: event"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "file", "text", "instead"), BREACHES)
def test_a_breach_of_the_style_is_seen(tmp_path, check, file, text, instead):
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    path = tmp_path / "spec" / file
    before = path.read_text(encoding="utf-8")
    assert text in before
    path.write_text(before.replace(text, instead, 1), encoding="utf-8")

    assert list(check(Spec(tmp_path / "spec"))) != []


@pytest.mark.parametrize("name", ["odd-name.yaml", "Unused.yaml"])
def test_a_component_file_that_is_no_component_is_seen(tmp_path, name):
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    (tmp_path / "spec/components/headers" / name).write_text("description: Odd.\n", encoding="utf-8")

    assert list(component_files_are_named_after_their_components(Spec(tmp_path / "spec"))) != []


@pytest.mark.requirement("CM-2", "PL-1")
def test_every_operation_has_exactly_one_handler(spec):
    promised = {
        (operation["tags"][0].lower().replace(" ", "_"), operation["operationId"].replace("-", "_"))
        for _, operation in spec.operations()
    }
    written = {
        (path.stem, node.name)
        for path in (ROOT / "handlers").glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    }
    assert written == promised


@pytest.mark.requirement("PL-11", "D6-7")
def test_every_code_that_the_engine_answers_is_registered(spec):
    registry = {entry["code"]: (entry["status"], entry["title"]) for entry in spec.registry}
    engine = {each.code: (each.status, each.title) for each in ContractError.__subclasses__()}
    assert engine.items() <= registry.items()
