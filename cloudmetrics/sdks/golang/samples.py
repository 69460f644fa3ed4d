"""A call of each method, as a person would write it, from the contract's own examples."""

from __future__ import annotations

import re

from cloudmetrics.sdks import examples
from cloudmetrics.sdks.description import Description, Gives, Method
from cloudmetrics.sdks.golang import literals
from cloudmetrics.sdks.golang.names import MODULE, go_name
from cloudmetrics.sdks.golang.resources import params_name

STANDARD = ("context", "encoding/json", "fmt", "io", "log", "os", "time")
OURS = {
    "cloudmetrics": MODULE,
    "models": f"{MODULE}/generated/models",
    "resources": f"{MODULE}/generated/resources",
}
# Most answers have pointers in them, which fmt would show as such.
PRINT = "json.NewEncoder(os.Stdout).Encode({})\n"
FATAL = "if err != nil {\nlog.Fatal(err)\n}\n"


def text(contract: Description, method: Method) -> str:
    """A program that calls the method, yet to be formatted; key and server are the environment's."""
    body = f"client, err := cloudmetrics.New()\n{FATAL}{_use(method, _call(contract, method))}"
    return f"package main\n\n{_imports(body)}\n\nfunc main() {{\n{body}}}\n"


def _imports(body: str) -> str:
    def used(package: str) -> bool:
        return re.search(rf"\b{package}\.[A-Z]", body) is not None

    standard = "\n".join(f'"{each}"' for each in STANDARD if used(each.rpartition("/")[2]))
    ours = "\n".join(f'"{path}"' for package, path in OURS.items() if used(package))
    return f"import (\n{standard}\n\n{ours}\n)"


def _call(contract: Description, method: Method) -> str:
    given = examples.given(contract, method).given
    later = method.answer.gives in (Gives.LIST, Gives.EVENTS)
    arguments = [] if later else ["context.Background()"]
    arguments += [literals.text(given[each.name]) for each in method.given("path")]
    if named := [each for each in method.parameters if each.where != "path"]:
        pairs = [(each, given[each.name]) for each in named if each.name in given]
        arguments.append(literals.params(contract, params_name(method), pairs) if pairs else "nil")
    call = f"client.{go_name(method.resource)}.{go_name(method.name)}({', '.join(arguments)})"
    return f"{call}.All(context.Background())" if later else call


def _use(method: Method, call: str) -> str:
    gives = method.answer.gives
    if gives is Gives.NOTHING:
        return f"err = {call}\n{FATAL}"
    if gives is Gives.LIST:
        return f"for item, err := range {call} {{\n{FATAL}{PRINT.format('item')}}}\n"
    if gives is Gives.EVENTS:
        return f"for event, err := range {call} {{\n{FATAL}fmt.Println(event.Data)\n}}\n"
    if gives is Gives.FILE:
        return f"file, err := {call}\n{FATAL}defer file.Close()\n_, err = io.Copy(os.Stdout, file)\n{FATAL}"
    return f"answer, err := {call}\n{FATAL}{PRINT.format('answer')}"
