"""The contract as one file, for tools: JSON and YAML, with the running server first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml

SAMPLES = Path(__file__).parents[2] / "generated_sdks" / "docs" / "samples.json"


def first_server(bundle: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """The running server as a `servers` entry: the contract's own words where it is listed."""
    listed = (server for server in bundle.get("servers", []) if server["url"].rstrip("/") == base_url)
    return next(listed, {"url": base_url, "description": "This server"})


def with_server(bundle: Mapping[str, Any], server: Mapping[str, Any]) -> dict[str, Any]:
    """The bundle with `server` first, which is the one that tools take by themselves."""
    others = [other for other in bundle.get("servers", []) if other["url"] != server["url"]]
    return {**bundle, "servers": [dict(server), *others]}


def with_samples(bundle: Mapping[str, Any]) -> dict[str, Any]:
    """The bundle with a program per operation and language, as the SDKs were made with; where they were."""
    if not SAMPLES.exists():
        return dict(bundle)
    samples: dict[str, dict[str, str]] = orjson.loads(SAMPLES.read_bytes())
    return {**bundle, "paths": {path: _item(item, samples) for path, item in bundle["paths"].items()}}


def _item(item: Mapping[str, Any], samples: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    made = dict(item)
    for method, operation in item.items():
        if isinstance(operation, dict) and "operationId" in operation:
            name = operation["operationId"]
            listed = [{"lang": lang, "source": of[name]} for lang, of in samples.items() if name in of]
            made[method] = {**operation, **({"x-codeSamples": listed} if listed else {})}
    return made


def as_json(document: Mapping[str, Any]) -> bytes:
    """The document as JSON that a person can read as well."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def as_yaml(document: Mapping[str, Any]) -> str:
    """The document as YAML, keys in the contract's order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.CSafeDumper):
    """Writes texts of several lines as blocks, and the same object twice instead of an alias."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
