"""How long a contract of 150 operations takes from its file to an application that serves it."""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bench.peers.data import CONTRACT
from bench.report import Figure, against_bar
from bench.servers import PROJECT

RESOURCES = 30
OPERATIONS = 5 * RESOURCES
BAR_SECONDS = 1.0

# What a fresh process does, beyond importing: the imports are the interpreter's time, not the compiler's.
SCRIPT = """
import sys, time
from connexion.resolver import Resolver
from cloudmetrics.contract import Contract, serve

async def handler(**arguments):
    return None

class Anything(Resolver):
    def resolve_function_from_operation_id(self, operation_id):
        return handler

started = time.perf_counter()
contract = Contract.load(sys.argv[1])
loaded = time.perf_counter()
serve(contract, handlers=Anything())
print(len(contract.operations), loaded - started, time.perf_counter() - loaded)
"""


def figures(rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """One row: reading, compiling, both; medians of fresh processes."""
    reading, compiling = [], []
    with tempfile.TemporaryDirectory() as folder:
        write_contract(Path(folder))
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds}")
            command = [sys.executable, "-W", "ignore", "-c", SCRIPT, f"{folder}/openapi.yaml"]
            output = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
            operations, read, compiled = output.split()
            assert int(operations) == OPERATIONS
            reading.append(float(read))
            compiling.append(float(compiled))
    both = statistics.median(map(sum, zip(reading, compiling, strict=True)))
    table = Figure(f"A contract of {OPERATIONS} operations in {RESOURCES + 1} files", ["", "s", "bar"])
    table.rows = [
        ["reading, references, examples", f"{statistics.median(reading):.2f}", ""],
        ["compiling", f"{statistics.median(compiling):.2f}", ""],
        ["both", f"{both:.2f}", against_bar(both, BAR_SECONDS, at_least=False)],
    ]
    return [table]


def write_contract(folder: Path) -> None:
    """Thirty resources with list, create, get, replace and delete, one file of schemas for each."""
    schemas = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["components"]["schemas"]
    paths: dict[str, Any] = {}
    for number in range(RESOURCES):
        text = yaml.safe_dump(schemas).replace("#/components/schemas/", "#/")
        (folder / f"schemas_{number}.yaml").write_text(text, encoding="utf-8")
        paths |= resource(f"resource-{number}", f"schemas_{number}.yaml#")
    document = {"openapi": "3.1.1", "info": {"title": "Large", "version": "1.0.0"}, "paths": paths}
    (folder / "openapi.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")


def resource(name: str, schemas: str) -> dict[str, Any]:
    def operation(verb: str, status: str, **more: Any) -> dict[str, Any]:
        content = {"application/json": {"schema": {"$ref": f"{schemas}/GoalList"}}}
        answer = {"description": "Done."} | ({} if status == "204" else {"content": content})
        responses = {status: answer, "4XX": {"description": "No."}}
        return {"operationId": f"{verb}-{name}", "tags": ["All"], "responses": responses} | more

    body = {
        "content": {"application/json": {"schema": {"$ref": f"{schemas}/EventsCreate"}}},
        "required": True,
    }
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000}}
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        f"/v1/{name}": {
            "get": operation("list", "200", parameters=[limit]),
            "post": operation("create", "201", requestBody=body),
        },
        f"/v1/{name}/{{id}}": {
            "parameters": [one],
            "get": operation("get", "200"),
            "put": operation("update", "200", requestBody=body),
            "delete": operation("delete", "204"),
        },
    }
