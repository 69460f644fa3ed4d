"""API3, broken object property level authorization: no field can be set or read that is not in the contract.

Tries fields that a caller must not set (ids, owners, times, plans) at every
operation with a body, at its top and inside; and looks for fields in answers
that the contract does not name.
"""

from typing import Any

import pytest

from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.owasp.operations import BY_ID, CONTRACT, SAMPLES, Sample, resolved

FORBIDDEN = {
    "id": "01920000-0000-7000-8000-000000000000",
    "workspace_id": "01920000-0000-7000-8000-000000000000",
    "created_at": "2020-01-01T00:00:00Z",
    "deleted_at": None,
    "plan": "ENTERPRISE",
    "role": "OWNER",
    "scopes": ["workspace:admin"],
    "__proto__": {"admin": True},
}
pytestmark = pytest.mark.requirement("D6-7", "CM-14")


def allowed(sample: Sample) -> dict[str, Any]:
    """What the contract lets a body hold, and what its example does."""
    node = CONTRACT.bundle["paths"][sample.path][sample.method.lower()]
    schema = resolved(CONTRACT.bundle, node["requestBody"]["content"]["application/json"]["schema"])
    return {**schema.get("properties", {}), **sample.body}


TRIES = [
    pytest.param(sample, field, id=f"{sample.id}-{field}")
    for sample in SAMPLES
    if isinstance(sample.body, dict)
    for field in FORBIDDEN
    if field not in allowed(sample)
]


@pytest.mark.parametrize(("sample", "field"), TRIES)
async def test_no_other_field_can_be_set(client, sample, field):
    answer = await client.request(sample.method, sample.url(), json=sample.body | {field: FORBIDDEN[field]})
    assert answer.status_code == 400
    violations = answer.json()["errors"]
    assert ("UNKNOWN_FIELD", f"/{field}") in [(each["code"], each["pointer"]) for each in violations]


async def test_an_event_cannot_say_when_it_was_received(client, website_id):
    for field in ("received_at", "workspace_id", "ip"):
        body = {"events": [make_event(website_id) | {field: "2020-01-01T00:00:00Z"}]}
        assert (await client.post("/v1/events", json=body)).status_code == 400


async def test_answers_hold_what_the_contract_names_and_nothing_else(client):
    website = await make_website(client, currency="EUR")
    await send_events(client, make_event(website, id="one"))
    await client.post("/v1/goals", json=BY_ID["create-goal"].body | {"website_id": website})
    for path in ("/v1/workspace", "/v1/websites", "/v1/events", "/v1/goals", "/v1/metrics"):
        node = CONTRACT.bundle["paths"][path]["get"]["responses"]["200"]
        schema = resolved(CONTRACT.bundle, node)["content"]["application/json"]["schema"]
        body = (await client.get(path)).json()
        assert list(unnamed(body, schema, path)) == []


def unnamed(value: Any, schema: dict, at: str) -> Any:
    """Where a value has fields that its schema does not name."""
    schema = resolved(CONTRACT.bundle, schema)
    if isinstance(value, list):
        for each in value:
            yield from unnamed(each, schema.get("items", {}), f"{at}[]")
    elif isinstance(value, dict) and "properties" in schema:
        for name, child in value.items():
            if name not in schema["properties"]:
                yield f"{at}.{name}"
            else:
                yield from unnamed(child, schema["properties"][name], f"{at}.{name}")
