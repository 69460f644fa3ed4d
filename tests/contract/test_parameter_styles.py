"""What OpenAPI's styles can write, the engine reads: decode(encode(x)) == x, in every style."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudmetrics.contract import Contract, Request
from cloudmetrics.contract.parameters import Parameters
from cloudmetrics.contract.shapes import Shapes
from tests.contract.encoding import encode

pytestmark = [pytest.mark.requirement("B-1")]

STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
SCHEMAS = {
    "scalar": "{type: string}",
    "array": "{type: array, items: {type: string}}",
    "object": "{type: object, additionalProperties: {type: string}}",
}


def combinations() -> Iterator[tuple[str, str, bool, str]]:
    """Every (in, style, explode, kind) that OpenAPI defines."""
    for location, styles in STYLES.items():
        for style in styles:
            for explode in (False, True):
                for kind in SCHEMAS:
                    if defined(location, style, explode, kind):
                        yield location, style, explode, kind


def defined(location: str, style: str, explode: bool, kind: str) -> bool:
    if style in ("spaceDelimited", "pipeDelimited"):
        return kind != "scalar" and not explode
    if style == "deepObject":
        return kind == "object" and explode
    # One cookie cannot be repeated, as an exploded list or object would have it.
    return not (location == "cookie" and explode and kind != "scalar")


# What a style cannot express: NUL nowhere, half a surrogate pair is no text.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


def values(location: str, style: str, explode: bool, kind: str) -> st.SearchStrategy[Any]:
    """The values that a style can express."""
    text = ANY_TEXT
    if style == "spaceDelimited":
        text = text.filter(lambda t: " " not in t)
    if style == "pipeDelimited":
        text = text.filter(lambda t: "|" not in t)
    if location == "header":
        # A header is not percent-encoded, so that its text may hold no delimiter of the style.
        text = st.text(st.sampled_from("abc xyz0-_é€"), max_size=8).filter(lambda t: t == t.strip())
    if kind == "scalar":
        # An empty path segment is another path.
        return text.filter(bool) if location == "path" and style == "simple" else text
    if kind == "array":
        # `[]` and `[""]` are written alike; an empty path segment is another path.
        return st.lists(text, min_size=1, max_size=4).filter(lambda items: items != [""])
    name = ANY_NAME if style == "deepObject" else text.filter(bool)
    if location == "query" and style == "form" and explode:
        name = name.filter(bool)
    return st.dictionaries(name, text, min_size=1, max_size=4)


# A bracket in a field's name is taken for one of the style's own.
ANY_NAME = ANY_TEXT.filter(lambda t: "[" not in t and "]" not in t)


@pytest.fixture(scope="module")
def reader_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Parameters]:
    known: dict[tuple[Any, ...], Parameters] = {}

    def reader(location: str, style: str, explode: bool, schema: str, name: str = "colour") -> Parameters:
        key = (location, style, explode, schema, name)
        if key not in known:
            path = tmp_path_factory.mktemp("spec") / "openapi.yaml"
            known[key] = _parameters(path, location, style, explode, schema, name)
        return known[key]

    return reader


def _parameters(path: Path, location: str, style: str, explode: bool, schema: str, name: str) -> Parameters:
    required = "required: true, " if location == "path" else ""
    url = f"/a/{{{name}}}" if location == "path" else "/a"
    path.write_text(f"""\
openapi: 3.1.1
info: {{title: Styles, version: 1.0.0}}
paths:
  {url}:
    get:
      operationId: get
      parameters:
        - {{in: {location}, name: {name}, {required}style: {style}, explode: {str(explode).lower()},
           schema: {schema}}}
      responses: {{default: {{description: It}}}}
""")
    contract = Contract.load(path)
    [operation] = contract.operations
    return Parameters(operation.parameters, Shapes(contract.documents), contract.schemas)


def read(parameters: Parameters, location: str, written: str, name: str = "colour") -> Any:
    """What the engine makes of a parameter as it stands on the wire."""
    headers = []
    if location == "header":
        headers = [(name.encode(), written.encode())]
    if location == "cookie":
        headers = [(b"cookie", f"other=1; {written}; another=2".encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": written.encode() if location == "query" else b"",
        "headers": headers,
    }
    violations: list[Any] = []
    found, total = parameters.read(Request(scope, None), {name: written}, violations)  # type: ignore[arg-type]
    assert (violations, total) == ([], 0)
    return found.get(name)


def write(location: str, style: str, explode: bool, value: Any) -> str:
    if location == "header":
        return _in_a_header(value, explode)
    return encode(value, style, explode, "colour")


def _in_a_header(value: Any, explode: bool) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" if explode else f"{key},{item}" for key, item in value.items())
    return str(value)


@pytest.mark.parametrize(("location", "style", "explode", "kind"), list(combinations()))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_a_style_can_write_is_read_back(
    location: str, style: str, explode: bool, kind: str, reader_of: Any, data: Any
) -> None:
    value = data.draw(values(location, style, explode, kind))
    parameters = reader_of(location, style, explode, SCHEMAS[kind])

    written = write(location, style, explode, value)

    assert read(parameters, location, written) == value


TYPED = (
    "{type: object, properties: {n: {type: integer}, b: {type: boolean}, s: {type: string}}, "
    "additionalProperties: {type: number}}"
)
TYPED_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(-(10**30), 10**30),
        "b": st.booleans(),
        "s": st.sampled_from(["7", "true", "null", "-"]),
        "other": st.floats(allow_nan=False, allow_infinity=False),
    },
).filter(bool)


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("location", "style", "explode"),
    [(where, style, explode) for where, style, explode, kind in combinations() if kind == "object"],
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=TYPED_VALUES)
def test_fields_get_the_types_of_their_schemas(
    location: str, style: str, explode: bool, reader_of: Any, value: dict[str, Any]
) -> None:
    parameters = reader_of(location, style, explode, TYPED)
    written = write(location, style, explode, {key: as_text(item) for key, item in value.items()})

    found = read(parameters, location, written)

    assert found == value
    assert {key: type(item) for key, item in found.items() if key != "other"} == {
        key: type(item) for key, item in value.items() if key != "other"
    }


@pytest.mark.parametrize(
    ("style", "explode", "kind", "written", "value"),
    [
        # The table of the OpenAPI Specification, 3.1.1, "Style Examples".
        ("matrix", False, "scalar", ";colour=blue", "blue"),
        ("matrix", False, "scalar", ";colour", ""),
        ("matrix", False, "array", ";colour=blue,black,brown", ["blue", "black", "brown"]),
        ("matrix", False, "object", ";colour=R,100,G,200", {"R": "100", "G": "200"}),
        ("matrix", True, "array", ";colour=blue;colour=black", ["blue", "black"]),
        ("matrix", True, "object", ";R=100;G=200;B=150", {"R": "100", "G": "200", "B": "150"}),
        ("label", False, "scalar", ".blue", "blue"),
        ("label", False, "array", ".blue,black,brown", ["blue", "black", "brown"]),
        ("label", False, "object", ".R,100,G,200", {"R": "100", "G": "200"}),
        ("label", True, "array", ".blue.black.brown", ["blue", "black", "brown"]),
        ("label", True, "object", ".R=100.G=200", {"R": "100", "G": "200"}),
        ("simple", False, "array", "blue,black,brown", ["blue", "black", "brown"]),
        ("simple", False, "object", "R,100,G,200", {"R": "100", "G": "200"}),
        ("simple", True, "object", "R=100,G=200", {"R": "100", "G": "200"}),
    ],
)
def test_the_specifications_own_examples_in_paths(
    style: str, explode: bool, kind: str, written: str, value: Any, reader_of: Any
) -> None:
    assert read(reader_of("path", style, explode, SCHEMAS[kind]), "path", written) == value


@pytest.mark.parametrize(
    ("style", "explode", "kind", "written", "value"),
    [
        ("form", True, "scalar", "colour=", ""),
        ("form", False, "array", "colour=blue,black,brown", ["blue", "black", "brown"]),
        ("form", False, "array", "colour=", []),
        ("form", False, "array", "colour=a%2Cb,c", ["a,b", "c"]),
        ("form", True, "array", "colour=blue&colour=black,brown", ["blue", "black,brown"]),
        ("form", False, "object", "colour=R,100,G,200", {"R": "100", "G": "200"}),
        ("form", True, "object", "R=100&G=200", {"R": "100", "G": "200"}),
        ("spaceDelimited", False, "array", "colour=blue%20black+brown", ["blue", "black", "brown"]),
        ("pipeDelimited", False, "array", "colour=blue|black%7Cbrown", ["blue", "black", "brown"]),
        ("pipeDelimited", False, "object", "colour=R|100|G|200", {"R": "100", "G": "200"}),
        ("deepObject", True, "object", "colour[R]=100&colour%5BG%5D=200", {"R": "100", "G": "200"}),
    ],
)
def test_the_specifications_own_examples_in_queries(
    style: str, explode: bool, kind: str, written: str, value: Any, reader_of: Any
) -> None:
    assert read(reader_of("query", style, explode, SCHEMAS[kind]), "query", written) == value
