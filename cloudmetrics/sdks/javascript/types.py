"""TypeScript's types of the contract, made by @hey-api/openapi-ts, with one change: enumerations are open.

`'OWNER' | 'ADMIN' | (string & {})` still proposes what is known today, and lets a newer server say more.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from cloudmetrics.gates import tools
from cloudmetrics.gates.models import GateBroken
from cloudmetrics.sdks.description import Description
from cloudmetrics.sdks.errors import GeneratorFailed

SCRIPT = tools.HOME / "scripts/node/node_modules/@hey-api/openapi-ts/bin/run.js"
# A type that is nothing but texts, on one line, as the generator writes an enumeration.
ENUMERATION = re.compile(r"^(export type (\w+) = '[^']*'(?: \| '[^']*')*);$", re.MULTILINE)


def text(contract: Description) -> str:
    """The module. Raises GeneratorFailed."""
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-sdks-") as temporary:
        folder = Path(temporary)
        bundle = folder / "openapi.json"
        bundle.write_text(json.dumps(contract.document), encoding="utf-8")
        options: list[str | Path] = ["-i", bundle, "-o", folder / "made", "-p", "@hey-api/typescript"]
        try:
            ended = tools.node(SCRIPT, *options, "--silent", "--no-log-file")
        except GateBroken as error:
            raise GeneratorFailed(str(error)) from None
        if ended.returncode != 0:
            raise GeneratorFailed(f"@hey-api/openapi-ts says: {ended.stdout}{ended.stderr}")
        made = (folder / "made" / "types.gen.ts").read_text(encoding="utf-8")
    _, _, rest = made.partition("\n")
    enumerations = {name for name, schema in contract.schemas.items() if "enum" in schema}
    opened = ENUMERATION.sub(
        lambda found: f"{found[1]} | (string & {{}});" if found[2] in enumerations else found[0], rest
    )
    return opened.replace(" \n", "\n")
