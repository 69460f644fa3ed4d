"""Our engine on a copy of the contract that says nothing about responses: what their validation costs."""

import tempfile
from pathlib import Path
from typing import Any

import yaml

from bench.peers.data import CONTRACT
from cloudmetrics.contract import Contract, serve


def without_response_schemas() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"]["200"]["content"]["application/json"]["schema"] = True
    return document


with tempfile.TemporaryDirectory() as folder:
    copy = Path(folder) / "contract.yaml"
    copy.write_text(yaml.safe_dump(without_response_schemas()), encoding="utf-8")
    app = serve(Contract.load(copy), handlers="bench.peers.handlers")
