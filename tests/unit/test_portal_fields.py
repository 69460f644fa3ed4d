"""Schemas as the rows of the reference's tables."""

from pathlib import Path

import pytest

from cloudmetrics.contract import Contract
from cloudmetrics.portal.fields import Resolver, fields

SPEC = Path(__file__).resolve().parents[2] / "spec/openapi.yaml"


@pytest.mark.requirement("DF-9")
def test_a_union_shows_the_fields_of_all_its_forms():
    resolver = Resolver(Contract.load(SPEC).bundle)

    rows = list(fields(resolver, {"$ref": "#/components/schemas/GoalUpdate"}))

    shown = {(row.name, row.depth): row for row in rows}
    kind = shown["kind", 1]
    assert (kind.required, kind.constraints) == (True, ["one of `EVENT`, `PAGE`"])
    assert [shown[name, 1].required for name in ("event_name", "path_pattern")] == [False, False]
    assert shown["minimum_revenue", 1].type == "MinimumRevenue or null"
    assert shown["amount_minor", 2].required is True
