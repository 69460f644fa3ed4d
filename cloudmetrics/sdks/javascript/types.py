"""TypeScript's types of the contract, made by @hey-api/openapi-ts, with one change: enumerations are open.

`'OWNER' | 'ADMIN' | (string & {})` still proposes what is known today, and lets a newer server say more.
Those of the contract's components are, be they components themselves or fields of one; what a list is
filtered by is not.
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
# Nothing but texts, on one line, as the generator writes an enumeration: as a type, and as a field.
TEXTS = r"'[^']*'(?: \| '[^']*')"
ENUMERATION = re.compile(rf"^(export type (\w+) = {TEXTS}*)( \| null)?;$", re.MULTILINE)
FIELD = re.compile(rf"^( +\w+\??: {TEXTS}+)( \| null)?;$", re.MULTILINE)
# The components come first, then what each operation is given and answers.
OPERATIONS = re.compile(r"^export type \w+Data = {$", re.MULTILINE)


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
    return opened(rest, contract).replace(" \n", "\n")


def opened(types: str, contract: Description) -> str:
    """The types with every enumeration of a component open."""
    enumerations = {name for name, schema in contract.schemas.items() if "enum" in schema}

    def more(found: re.Match[str]) -> str:
        is_component = found[2] in enumerations
        return f"{found[1]} | (string & {{}}){found[3] or ''};" if is_component else found[0]

    end = found.start() if (found := OPERATIONS.search(types)) else len(types)
    components = FIELD.sub(r"\1 | (string & {})\2;", types[:end])
    return ENUMERATION.sub(more, components) + types[end:]
