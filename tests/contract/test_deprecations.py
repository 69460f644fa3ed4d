"""Looking for what is deprecated ends, however many ways lead through the schemas."""

from cloudmetrics.contract.deprecations import deprecations

LEVELS, WAYS = 12, 10


def bundle(**last) -> dict:
    """A contract whose answer leads by 10 fields to the next schema, 12 times: a million million ways."""
    schemas = {
        f"Level{number}": {
            "type": "object",
            "properties": {
                f"field_{way}": {"$ref": f"#/components/schemas/Level{number + 1}"} for way in range(WAYS)
            },
        }
        for number in range(LEVELS)
    }
    schemas[f"Level{LEVELS}"] = {"type": "object"}
    schemas["Other"] = {"type": "object", "properties": {"old": {"type": "string", **last}}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Level0"}}}
    other = {"application/json": {"schema": {"$ref": "#/components/schemas/Other"}}}
    responses = {"200": {"content": content}, "201": {"content": other}}
    paths = {"/things": {"get": {"operationId": "list-things", "responses": responses}}}
    return {"paths": paths, "components": {"schemas": schemas}}


def test_ways_that_end_nowhere_are_not_walked():
    assert deprecations(bundle()) == {}


def test_what_is_deprecated_behind_a_reference_is_found():
    found = deprecations(bundle(deprecated=True, **{"x-deprecated-since": "2026-01-01"}))
    assert [each.path for each in found["list-things"]] == [("old",)]
