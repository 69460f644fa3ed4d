"""python -m cloudmetrics.development.operation: the first path file of an operation, by four questions."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from cloudmetrics.accounts.scopes import SCOPES

HERE = Path(__file__).parents[2]
METHODS = ("get", "post", "put", "patch", "delete")
QUESTIONS = {
    "path": "Path, such as /v1/things/{thing_id}",
    "method": f"Method ({', '.join(METHODS)})",
    "summary": "Summary, a verb first, such as Rename a thing",
    "scope": "Scope, such as websites:read",
}
ANSWERS = {
    "204": "NoContent",
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "429": "TooManyRequests",
    "500": "InternalError",
    "503": "ServiceUnavailable",
}
PATH = re.compile(r"(/[a-z0-9-]+|/\{[a-z][a-z0-9_]*\})+")


class Refused(Exception):
    """An answer that makes no operation; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the file is written, 1 where an answer makes no sense or the operation is there already."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, question in QUESTIONS.items():
        parser.add_argument(f"--{name}", default="", help=question)
    parser.add_argument("--tag", default="", help="its tag; that of the paths beside it, if not given")
    parser.add_argument("--project", type=Path, default=HERE, help="the folder with the contract")
    options = parser.parse_args(arguments)
    try:
        answers = {
            name: getattr(options, name) or input(f"{ask}: ").strip() for name, ask in QUESTIONS.items()
        }
        print(write(options.project, tag=options.tag, **answers))
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    except (EOFError, KeyboardInterrupt):
        print("\nNothing was written.", file=sys.stderr)
        return 1
    return 0


def write(project: Path, *, path: str, method: str, summary: str, scope: str, tag: str) -> str:
    """Writes the path's file, or adds to it, and lists it; returns where. Raises Refused."""
    if not PATH.fullmatch(path) or not path.startswith("/v1/"):
        raise Refused(f"{path or 'Nothing'} is no path of ours: begin with /v1/, in kebab-case")
    if method.lower() not in METHODS:
        raise Refused(f"{method or 'Nothing'} is no method: take one of {', '.join(METHODS)}")
    if not re.match(r"\w", summary):
        raise Refused("A summary is needed: a verb first, such as Rename a thing")
    if scope not in SCOPES:
        raise Refused(f"{scope or 'Nothing'} is no scope: take one of {', '.join(sorted(SCOPES))}")
    tag = tag_of(project / "spec", path, tag)
    file = project / "spec" / "paths" / f"{path.removeprefix('/v1/').replace('/', '_')}.yaml"
    text = file.read_text(encoding="utf-8") if file.exists() else shared(path)
    if re.search(rf"^{method.lower()}:", text, re.MULTILINE):
        raise Refused(f"{file.relative_to(project)} has {method.lower()} already")
    file.write_text(f"{text}{operation(path, method.lower(), summary, scope, tag)}", encoding="utf-8")
    _list(project / "spec" / "openapi.yaml", path, file.name)
    return f"spec/paths/{file.name}"


def tag_of(spec: Path, path: str, tag: str) -> str:
    """The tag that is given, or that of a path which begins alike. Raises Refused."""
    root = yaml.safe_load((spec / "openapi.yaml").read_text(encoding="utf-8"))
    declared = [each["name"] for each in root["tags"]]
    first = path.split("/")[2]
    beside = [entry["$ref"] for url, entry in root["paths"].items() if url.split("/")[2] == first]
    if not tag and beside:
        neighbour = (spec / beside[0]).read_text(encoding="utf-8")
        found = re.search(r"^  tags: \[(.+?)\]", neighbour, re.MULTILINE)
        tag = found[1] if found else ""
    if tag not in declared:
        said = f"There is no tag {tag}" if tag else f"No other path begins with /v1/{first}"
        raise Refused(f"{said}: give --tag, one of {', '.join(declared)}")
    return tag


def shared(path: str) -> str:
    """What all operations of a new path share: its parameters."""
    names = re.findall(r"\{(\w+)\}", path)
    if not names:
        return ""
    lines = ["parameters:"]
    for name in names:
        lines.append(f"  - name: {name}\n    in: path\n    required: true")
        lines.append(f"    description: Which {name.removesuffix('_id').replace('_', ' ')}.")
        lines.append("    schema: {type: string, format: uuid, maxLength: 36}")
        lines.append("    example: 0192f3a0-7c1e-7b3a-9f6d-2f1c0a4b8e11")
    return "\n".join(lines) + "\n\n"


def operation(path: str, method: str, summary: str, scope: str, tag: str) -> str:
    """An operation without a body of its own, which answers 204: what is sent and answered comes next."""
    words = re.sub(r"[^a-z0-9 ]", "", summary.lower()).split()
    name = "-".join(word for word in words if word not in ("a", "an", "the"))
    answers = {code: name for code, name in ANSWERS.items() if code != "404" or "{" in path}
    more = "" if method == "get" else "  x-idempotent: true\n"
    if method in ("put", "patch", "delete"):
        answers["412"] = "PreconditionFailed"
        more += "  parameters: [{$ref: ../components/parameters/IfMatch.yaml}]\n"
    listed = [
        f"    '{code}': {{$ref: ../components/responses/{answers[code]}.yaml}}" for code in sorted(answers)
    ]
    return (
        f"{method}:\n  operationId: {name}\n  summary: {summary}\n"
        f"  description: |\n    {summary.rstrip('.')}. Say what happens, and what can go wrong.\n"
        f"  tags: [{tag}]\n{more}"
        f"  security:\n    - api_key: ['{scope}']\n    - bearer: ['{scope}']\n"
        f"  responses:\n" + "\n".join(listed) + "\n"
    )


def _list(root: Path, path: str, file: str) -> None:
    """Lists the path in the table of contents, after the others."""
    text = root.read_text(encoding="utf-8")
    if f"  {path}:" in text:
        return
    entry = f"  {path}: {{$ref: 'paths/{file}'}}\n"
    begin = text.index("\npaths:\n") + len("\npaths:\n")
    listed = re.compile(r"(?:^(?: .*|#.*)?\n)*", re.MULTILINE).match(text, begin)
    end = listed.end() if listed else begin
    kept = text[begin:end].rstrip("\n")
    root.write_text(f"{text[:begin]}{kept}\n{entry}{text[begin + len(kept) + 1 :]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
