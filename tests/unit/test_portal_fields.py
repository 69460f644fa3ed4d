"""Schemas as the rows of the reference's tables."""

import pytest

from cloudmetrics.portal.fields import Resolver, constraints, fields
from tests.spec import contract


@pytest.mark.requirement("DF-9")
def test_a_union_shows_the_fields_of_all_its_forms():
    resolver = Resolver(contract().bundle)

    rows = list(fields(resolver, {"$ref": "#/components/schemas/GoalUpdate"}))

    shown = {(row.name, row.depth): row for row in rows}
    kind = shown["kind", 1]
    assert (kind.required, kind.constraints) == (True, ["one of `EVENT`, `PAGE`"])
    assert [shown[name, 1].required for name in ("event_name", "path_pattern")] == [False, False]
    assert shown["minimum_revenue", 1].type == "MinimumRevenue or null"
    assert shown["amount_minor", 2].required is True


def test_what_is_inside_of_itself_is_shown_once():
    resolver = Resolver(contract().bundle)

    rows = list(fields(resolver, {"$ref": "#/components/schemas/Goal"}))

    assert [row.depth for row in rows if row.name == "website"] == [0]
    goals = next(index for index, row in enumerate(rows) if row.name == "goals")
    assert (rows[goals].type, rows[goals].depth) == ("list of Goal", 1)
    assert all(row.depth <= 2 for row in rows)


def test_a_list_inside_of_a_text_shows_what_may_stand_in_it():
    resolver = Resolver(contract().bundle)

    sort = resolver.bundle["components"]["parameters"]["GoalSort"]["schema"]
    told = constraints(resolver, sort)

    assert "values with commas between them, at most 3" in told
    assert any(phrase.startswith("each one of `created_at:asc`, `created_at:desc`") for phrase in told)
