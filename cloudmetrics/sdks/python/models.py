"""The models of answers, made by openapi-python-client with three templates of ours in place of its own.

`str_enum` makes enumerations open, so that a value of a newer server is no error; `models_init` loads
models when they are asked for; `types` is what models need of that file, which is one class. What the
generator makes beside models is thrown away: a client that returns errors instead of raising them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cloudmetrics.sdks.bundle import answers_alone
from cloudmetrics.sdks.description import JSON, Description
from cloudmetrics.sdks.errors import GeneratorFailed

TEMPLATES = Path(__file__).parent / "templates"


def files(contract: Description) -> dict[str, str]:
    """The generated files by their names, such as models/goal.py. Raises GeneratorFailed."""
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-sdks-") as temporary:
        folder = Path(temporary)
        bundle = folder / "openapi.json"
        bundle.write_text(json.dumps(answers_alone(contract.document)), encoding="utf-8")
        config = folder / "config.json"
        config.write_text(json.dumps({"post_hooks": [], "content_type_overrides": file_types(contract)}))
        _run(bundle, config, folder / "made")
        _count(folder / "made", contract)
        made = {
            path: path.relative_to(folder / "made").as_posix() for path in (folder / "made").rglob("*.py")
        }
        return {
            name: path.read_text(encoding="utf-8")
            for path, name in sorted(made.items())
            if name.startswith("models/") or name == "types.py"
        }


def file_types(contract: Description) -> dict[str, str]:
    """The generator knows one media type of files; to it, all others are that one."""
    found = {each for method in contract.methods for each in method.answer.media_types}
    return dict.fromkeys(sorted(found - {JSON, "text/event-stream"}), "application/octet-stream")


def names(made: Mapping[str, str]) -> dict[str, str]:
    """Component → class, by what the generator made of its name: both without case and underscores."""
    classes = re.findall(r"^    from \.\w+ import (\w+)$", made["models/__init__.py"], re.MULTILINE)
    return {plain(each): each for each in classes}


def plain(name: str) -> str:
    return name.replace("_", "").lower()


def _run(bundle: Path, config: Path, target: Path) -> None:
    options = ["--path", bundle, "--config", config, "--custom-template-path", TEMPLATES]
    options += ["--meta", "none", "--output-path", target, "--fail-on-warning"]
    ended = subprocess.run(  # noqa: S603 - the command is our own.
        [sys.executable, "-m", "openapi_python_client", "generate", *map(str, options)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise GeneratorFailed(f"openapi-python-client says: {ended.stdout}{ended.stderr}")


def _count(made: Path, contract: Description) -> None:
    """It exits with 0 and makes nothing of a contract that it cannot read, so its operations are counted."""
    operations = [path for path in made.glob("api/*/*.py") if path.name != "__init__.py"]
    if len(operations) != len(contract.methods):
        raise GeneratorFailed(
            f"openapi-python-client made {len(operations)} operations of {len(contract.methods)}"
        )
