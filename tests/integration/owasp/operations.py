"""The operations of the contract, with something that can be sent to each."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.spec import contract

CONTRACT = contract()

VARIABLE = re.compile(r"\{([^}]+)\}")
# An id that nothing has.
NEVER = "01920000-0000-7000-8000-000000000000"


class Sample(NamedTuple):
    """One operation, by its URL with `{…}` as in the contract, and the scopes that it needs."""

    id: str
    method: str
    path: str
    scopes: frozenset[str]
    security: list[dict[str, list[str]]]
    body: Any

    def url(self, **values: str) -> str:
        """The path with these values, and something harmless for all others."""
        path = self.path
        for name in VARIABLE.findall(self.path):
            path = path.replace(f"{{{name}}}", values.get(name, NEVER))
        return path


def operations() -> Iterator[Sample]:
    bundle = CONTRACT.bundle
    for operation in CONTRACT.operations:
        node = bundle["paths"][operation.path][operation.method.lower()]
        content = node.get("requestBody", {}).get("content", {}).get("application/json", {})
        examples = content.get("examples", {})
        body = next((resolved(bundle, example)["value"] for example in examples.values()), None)
        scopes = frozenset(scope for each in operation.security for name in each.values() for scope in name)
        yield Sample(operation.id, operation.method, operation.path, scopes, operation.security, body)


def resolved(bundle: dict[str, Any], node: dict[str, Any]) -> Any:
    while "$ref" in node:
        *_, kind, name = node["$ref"].split("/")
        node = bundle["components"][kind][name]
    return node


SAMPLES = list(operations())
BY_ID = {sample.id: sample for sample in SAMPLES}
