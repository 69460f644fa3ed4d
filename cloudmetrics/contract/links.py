"""Links: what can be done next with an answer, as an operation and where its parameters come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cloudmetrics.contract.documents import Documents, Place
from cloudmetrics.contract.operations import Operation


def check_links(documents: Documents, operations: Sequence[Operation]) -> None:
    """Add a finding for every link whose operationId, or one of whose parameters, does not exist."""
    by_id = {operation.id: operation for operation in operations}
    for place, kind in list(documents.objects.items()):
        link = documents.at(place)
        if kind == "link" and isinstance(link, dict) and isinstance(link.get("operationId"), str):
            _check(documents, place, link["operationId"], link.get("parameters") or {}, by_id)


def _check(
    documents: Documents,
    place: Place,
    name: str,
    parameters: Mapping[str, object],
    by_id: Mapping[str, Operation],
) -> None:
    operation = by_id.get(name)
    if operation is None:
        what = f"the link leads to {name}, and no operation has that operationId"
        documents.find(place / "operationId", what, "name an operationId of the contract")
        return
    # A link may say where a parameter is: `path.id`.
    known = {name for each in operation.parameters for name in (each.name, f"{each.location}.{each.name}")}
    for parameter in parameters:
        if parameter not in known:
            names = ", ".join(each.name for each in operation.parameters) or "none"
            what = f"the link gives {parameter}, which is no parameter of {name}"
            documents.find(place / "parameters" / parameter, what, f"name one of its parameters: {names}")
