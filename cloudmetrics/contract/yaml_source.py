"""YAML as JSON sees it: the YAML 1.2 core schema, no duplicate keys, and a line for every pointer.

PyYAML follows YAML 1.1, where `no` is false and `2026-11-01` a date. A contract
means the words that it says, so only what JSON knows is more than a string.
libyaml composes the nodes; one walk over them makes the data.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
INTEGER = re.compile(r"[-+]?[0-9]{1,300}\Z|0o[0-7]{1,300}\Z|0x[0-9a-fA-F]{1,300}\Z")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
# Preceded by an even number of backslashes, which are text of their own.
SURROGATES = re.compile(r"((?<!\\)(?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
MAX_DEPTH = 200
# An alias stands for all that its anchor holds, so a few lines can mean billions.
MAX_NODES = 1_000_000
PLAIN, QUOTED = "plain", "quoted"


UNENDED, UNBEGUN = "found unexpected end of stream", "found character that cannot start any token"
REASONS = {
    UNENDED: "a quote opens here and is never closed",
    UNBEGUN: "no value begins with {}: put it in quotes, and indent with blanks",
    "found a tab character that violates indentation": "a tab indents this line: use blanks",
    "mapping values are not allowed in this context": (
        "no key can stand here: put a text with a colon in quotes, and see how the line is indented"
    ),
    "did not find expected key": "this line is indented otherwise than those that it belongs to",
    "did not find expected '-' indicator": "this line is no item of the list above: begin it with -",
    "could not find expected ':'": "this line is neither a key with a colon nor part of a text",
    "found undefined alias": "there is no anchor of this name",
}


class YamlInvalid(Exception):
    """The text is not YAML that could be JSON. `line` and `column` count from 1."""

    def __init__(self, line: int, column: int, what: str) -> None:
        super().__init__(what)
        self.line, self.column, self.what = line, column, what


def load(text: str) -> Any:
    """The document's data: dict, list, str, int, float, bool or None. Raises YamlInvalid."""
    node = _compose(text)
    return None if node is None else _Builder().value(node, 0)


def positions(text: str) -> dict[str, tuple[int, int]]:
    """JSON Pointer → (line, column) of every key and item, counted from 1."""
    places: dict[str, tuple[int, int]] = {}
    node = _compose(text)
    if node is not None:
        places[""] = _place(node)
        _locate(node, "", places, 0)
    return places


def escape(token: str | int) -> str:
    """A token as it stands in a JSON Pointer."""
    text = str(token)
    return text.replace("~", "~0").replace("/", "~1") if "~" in text or "/" in text else text


class _Loader(yaml.CLoader):
    """libyaml's composer, with tags that only tell plain words from quoted ones."""

    def descend_resolver(self, *_: Any) -> None:
        pass

    ascend_resolver = descend_resolver

    def resolve(self, _kind: Any, _value: Any, implicit: Any) -> str:
        return PLAIN if isinstance(implicit, tuple) and implicit[0] else QUOTED


def _compose(text: str) -> Any:
    if text.lstrip().startswith("{"):
        # JSON writes a character beyond the first 65,536 as two escapes, YAML as one.
        text = SURROGATES.sub(_one_escape, text)
    try:
        return _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _reason(error, text) from None
    except yaml.reader.ReaderError as error:
        raise YamlInvalid(text.count("\n", 0, error.position) + 1, 1, str(error.reason)) from None


def _reason(error: yaml.MarkedYAMLError, text: str) -> YamlInvalid:
    """What libyaml found, in words that say what to look for, and where that is."""
    problem = str(error.problem or error.context)
    mark, begin = error.problem_mark or error.context_mark, error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = REASONS.get(problem, problem)
    if problem == UNENDED and begin:
        # It is noticed only at the end of the file.
        line, column = begin.line + 1, begin.column + 1
    elif problem == UNBEGUN:
        what = what.format(text.splitlines()[line - 1][column - 1 : column].replace("\t", "a tab"))
    elif problem.startswith("did not find expected ',' or") and begin:
        what = f"the bracket that opens in line {begin.line + 1} is not closed, or a comma is missing"
    return YamlInvalid(line, column, what)


def _one_escape(pair: re.Match[str]) -> str:
    before, high, low = pair.groups()
    code = 0x10000 + (int(high, 16) - 0xD800) * 0x400 + int(low, 16) - 0xDC00
    return f"{before}\\U{code:08x}"


class _Builder:
    def __init__(self) -> None:
        # An alias is the very node of its anchor, and shares its value.
        self.built: dict[int, Any] = {}
        self.sizes: dict[int, int] = {}

    def value(self, node: Any, depth: int) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) not in self.built:
            if depth > MAX_DEPTH:
                raise _invalid(node, f"nested deeper than {MAX_DEPTH} levels")
            if node.tag not in (PLAIN, QUOTED):
                raise _invalid(node, f"the tag {node.tag} has no meaning in JSON")
            if isinstance(node, yaml.MappingNode):
                self.built[id(node)] = self._mapping(node, depth)
            else:
                self.built[id(node)] = [self.value(item, depth + 1) for item in node.value]
            self.sizes[id(node)] = self._size(node)
        return self.built[id(node)]

    def _size(self, node: Any) -> int:
        """How many values stand in a collection, each alias counted as all that it stands for."""
        pairs = isinstance(node, yaml.MappingNode)
        size = sum(self.sizes.get(id(item[1] if pairs else item), 1) for item in node.value) + 1
        if size > MAX_NODES:
            raise _invalid(node, f"the aliases in it stand for more than {MAX_NODES:,} values")
        return size

    def _mapping(self, node: Any, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _invalid(key, "a key must be a plain word")
            if key.value in mapping:
                raise _invalid(key, f"the key {key.value!r} stands twice in one mapping")
            if key.value == "<<" and key.tag == PLAIN:
                raise _invalid(key, "merge keys are not part of YAML 1.2")
            mapping[key.value] = self.value(value, depth + 1)
        return mapping


def _scalar(node: Any) -> Any:
    text: str = node.value
    if node.tag == PLAIN:
        if text in WORDS:
            return WORDS[text]
        if INTEGER.match(text):
            return int(text) if text.lstrip("+-").isdecimal() else int(text, 0)
        if NUMBER.match(text) and math.isfinite(number := float(text)):
            return number
        if NUMBER.match(text) or NO_NUMBER.match(text):
            raise _invalid(node, f"JSON has no number {text[:40]}; quote it if text is meant")
    elif node.tag not in (QUOTED, "tag:yaml.org,2002:str"):
        raise _invalid(node, f"the tag {node.tag} has no meaning in JSON")
    return text


def _locate(node: Any, pointer: str, places: dict[str, tuple[int, int]], depth: int) -> None:
    if depth > MAX_DEPTH or isinstance(node, yaml.ScalarNode):
        return
    if isinstance(node, yaml.MappingNode):
        children = [(key.value, key, value) for key, value in node.value]
    else:
        children = [(index, item, item) for index, item in enumerate(node.value)]
    for token, marked, value in children:
        place = f"{pointer}/{escape(token)}"
        places[place] = _place(marked)
        _locate(value, place, places, depth + 1)


def _place(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _invalid(node: Any, what: str) -> YamlInvalid:
    return YamlInvalid(*_place(node), what)
