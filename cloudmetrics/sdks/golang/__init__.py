"""The Go SDK: types and resources by generators of ours, formatted by gofmt."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

from cloudmetrics.sdks.description import Description
from cloudmetrics.sdks.errors import GeneratorFailed
from cloudmetrics.sdks.golang import models, resources, samples
from cloudmetrics.sdks.golang.names import enum_name
from cloudmetrics.sdks.golang.tools import program
from cloudmetrics.sdks.writing import replace

GENERATED = "generated"
READING = """package models

// textOf is the text of a field of an object, whose JSON was found to be whole before. Unions are told apart
// by it; unmarshalling them twice would take twice the time.
func textOf(object []byte, field string) string {
	depth, isName, name := 0, true, ""
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ':':
			isName = false
		case ',':
			isName = true
		case '"':
			begin := i
			for i++; object[i] != '"'; i++ {
				if object[i] == '\\\\' {
					i++
				}
			}
			if depth != 1 {
				continue
			}
			if text := string(object[begin+1 : i]); isName {
				name = text
			} else if name == field {
				return text
			}
		}
	}
	return ""
}
"""
NULLABLE = """package models

import "encoding/json"

// Nullable is a field that may be absent, null or a value. Its zero value is absent.
type Nullable[T any] struct {
	Value T
	// Given says that the field is there, be it null.
	Given bool
	Null  bool
}

// Some is a field with a value.
func Some[T any](value T) Nullable[T] { return Nullable[T]{Value: value, Given: true} }

// Null is a field that is null.
func Null[T any]() Nullable[T] { return Nullable[T]{Given: true, Null: true} }

// IsZero says that the field is absent, so that it is left out.
func (n Nullable[T]) IsZero() bool { return !n.Given }

// MarshalJSON writes the value, or null.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if n.Null || !n.Given {
		return []byte("null"), nil
	}
	return json.Marshal(n.Value)
}

// UnmarshalJSON reads a value, or null.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	*n = Nullable[T]{Given: true, Null: string(data) == "null"}
	if n.Null {
		return nil
	}
	return json.Unmarshal(data, &n.Value)
}
"""


def write(contract: Description, error_codes: list[dict[str, str]], folder: Path) -> None:
    """Writes the generated part of the SDK into `folder`/generated. Raises GeneratorFailed."""
    codes = "\n".join(
        f'\t// {each["title"]}.\n\t{enum_name("Code", each["code"])} ErrorCode = "{each["code"]}"'
        for each in error_codes
    )
    about = "// ErrorCode says what went wrong, for programs. A newer server may know more codes."
    version = "// Version is that of the contract that the SDK was made from, which is its own."
    files = {
        "models/models.go": models.text(contract),
        "models/reading.go": READING,
        "models/nullable.go": NULLABLE,
        "models/error_codes.go": f"package models\n\n{about}\ntype ErrorCode string\n\nconst (\n{codes}\n)",
        "models/version.go": f"package models\n\n{version}\nconst Version = {json.dumps(contract.version)}",
        **resources.files(contract),
    }
    replace(folder / GENERATED, files)
    tidy(folder / GENERATED)


def samples_of(contract: Description) -> dict[str, str]:
    """A program per operationId, formatted. Raises GeneratorFailed."""
    with tempfile.TemporaryDirectory(prefix="cloudmetrics-sdks-") as folder:
        for method in contract.methods:
            made = samples.text(contract, method)
            Path(folder, f"{method.operation_id}.go").write_text(made, encoding="utf-8")
        tidy(Path(folder))
        return {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.go"))}


def tidy(folder: Path) -> None:
    """Formats the files of a folder. Raises GeneratorFailed."""
    command = [program("gofmt"), "-w", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command.
    if ended.returncode != 0:
        raise GeneratorFailed(f"gofmt says: {ended.stderr}")


def operations(folder: Path) -> int | None:
    """How many operations a written SDK has methods for; None while it has types alone."""
    written = folder / GENERATED / "resources"
    if not written.exists():
        return None
    count = 0
    for path in written.glob("*.go"):
        text = path.read_text(encoding="utf-8")
        count += len(re.findall(r"^func \(\w+ \*\w+\) [A-Z]\w*\(", text, re.MULTILINE))
    return count


def generators() -> dict[str, str]:
    """There is none but ours, which is of this repository."""
    return {}
