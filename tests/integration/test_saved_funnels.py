"""Saved funnels over HTTP: made, changed, run, deleted, restored."""

from uuid import UUID, uuid4

import pytest

from tests.integration.conftest import make_event, make_website, send_events
from tests.integration.test_dashboards import code_of, pointers
from tests.integration.test_widgets import STEPS, make_funnel

pytestmark = pytest.mark.requirement("DF-2")


async def listed(client, **parameters) -> list[str]:
    response = await client.get("/v1/funnels", params=parameters)
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["data"]]


async def test_a_saved_funnel_is_where_its_location_says(client, website_id):
    body = {"website_id": website_id, "name": " Weg 🙂 ", "steps": STEPS}
    created = await client.post("/v1/funnels", json=body)
    assert created.status_code == 201
    funnel, url = created.json()["data"], created.headers["location"]
    assert UUID(funnel["id"]).version == 7
    assert url == f"/v1/funnels/{funnel['id']}"
    assert (funnel["name"], funnel["window_hours"]) == (" Weg 🙂 ", 24)
    assert funnel["steps"] == [step | {"minimum_revenue": None} for step in STEPS]
    assert (await client.get(url)).json() == {"data": funnel, "meta": {}}
    again = await client.put(url, json={name: funnel[name] for name in ("name", "steps", "window_hours")})
    assert again.json()["data"] == funnel | {"updated_at": again.json()["data"]["updated_at"]}


async def test_put_replaces_and_patch_changes(client, website_id):
    url = f"/v1/funnels/{await make_funnel(client, website_id, window_hours=5)}"
    patched = (await client.patch(url, json={"name": "New"})).json()["data"]
    assert (patched["name"], patched["window_hours"]) == ("New", 5)
    steps = [*STEPS, STEPS[0]]
    replaced = (await client.put(url, json={"name": "Newer", "steps": steps})).json()["data"]
    assert (replaced["name"], replaced["window_hours"], len(replaced["steps"])) == ("Newer", 24, 3)


async def test_it_answers_what_the_same_query_answers(client, website_id):
    moments = ["2026-11-03T10:00:00Z", "2026-11-03T11:00:00Z", "2026-11-03T10:00:00Z"]
    events = [
        make_event(website_id, timestamp=moments[0], url="https://shop.example/", source="google"),
        make_event(website_id, timestamp=moments[1], name="purchase"),
        make_event(website_id, timestamp=moments[2], url="https://shop.example/", visitor_id="bert"),
    ]
    await send_events(client, *events)
    funnel_id = await make_funnel(client, website_id)
    days = {"start_date": "2026-11-01", "end_date": "2026-11-05"}
    for filters, visitors in (({}, [2, 1]), ({"source": "google"}, [1, 1]), ({"source": "bing"}, [0, 0])):
        found = await client.get(f"/v1/funnels/{funnel_id}/results", params=days | filters)
        assert [step["visitors"] for step in found.json()["data"]["steps"]] == visitors
        body = days | {"website_id": website_id, "steps": STEPS, "filters": filters}
        assert found.json() == (await client.post("/v1/funnels/query", json=body)).json()
    inverted = {"start_date": "2026-11-02", "end_date": "2026-11-01"}
    wrong = await client.get(f"/v1/funnels/{funnel_id}/results", params=inverted)
    assert code_of(wrong) == (400, "INVALID_REQUEST")


async def test_a_deleted_funnel_can_be_restored(client, website_id):
    kept, gone = await make_funnel(client, website_id), await make_funnel(client, website_id)
    url = f"/v1/funnels/{gone}"
    assert code_of(await client.post(f"{url}/restore")) == (404, "NOT_FOUND")
    assert (await client.delete(url)).status_code == 204
    for response in (
        await client.get(url),
        await client.get(f"{url}/results"),
        await client.patch(url, json={}),
        await client.delete(url),
    ):
        assert code_of(response) == (404, "NOT_FOUND")
    assert await listed(client) == [kept]
    assert await listed(client, status="DELETED", website_id=website_id) == [gone]
    restored = await client.post(f"{url}/restore")
    assert (restored.status_code, restored.json()["data"]["deleted_at"]) == (200, None)
    assert await listed(client, website_id=website_id) == [kept, gone]
    await client.delete(f"/v1/websites/{website_id}")
    assert await listed(client) == []
    assert code_of(await client.get(url)) == (404, "NOT_FOUND")


async def test_a_minimum_revenue_is_in_the_websites_currency(client, website_id):
    dear = {
        "kind": "EVENT",
        "event_name": "purchase",
        "minimum_revenue": {"amount_minor": 1, "currency": "EUR"},
    }
    expected = {"/steps/1/minimum_revenue/currency": "CURRENCY_MISMATCH"}
    body = {"website_id": website_id, "name": "Dear", "steps": [STEPS[0], dear]}
    assert pointers(await client.post("/v1/funnels", json=body)) == expected
    funnel_id = await make_funnel(client, website_id)
    changed = await client.patch(f"/v1/funnels/{funnel_id}", json={"steps": [STEPS[0], dear]})
    assert pointers(changed) == expected


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"name": "\t"}, "/name", "PATTERN"),
        ({"steps": STEPS[:1]}, "/steps", "TOO_FEW"),
        ({"steps": STEPS * 6}, "/steps", "TOO_MANY"),
        ({"steps": [STEPS[0], {"kind": "EVENT"}]}, "/steps/1/event_name", "REQUIRED"),
        ({"window_hours": 0}, "/window_hours", "TOO_SMALL"),
        ({"window_hours": 8785}, "/window_hours", "TOO_LARGE"),
        ({"start_date": "2026-11-01"}, "/start_date", "UNKNOWN_FIELD"),
    ],
)
async def test_what_does_not_fit_is_refused(client, website_id, fields, pointer, code):
    body = {"website_id": website_id, "name": "Funnel", "steps": STEPS}
    assert pointers(await client.post("/v1/funnels", json=body | fields)) == {pointer: code}


async def test_another_tenants_funnel_looks_like_none_at_all(client, website_id, make_home):
    other = await make_home()
    neighbour = other.open(await other.make_key())
    foreign = await make_funnel(neighbour, await make_website(neighbour))
    for method, path in (("GET", ""), ("GET", "/results"), ("DELETE", ""), ("POST", "/restore")):
        response = await client.request(method, f"/v1/funnels/{foreign}{path}")
        assert code_of(response) == (404, "NOT_FOUND")
    body = {"website_id": str(uuid4()), "name": "Funnel", "steps": STEPS}
    assert code_of(await client.post("/v1/funnels", json=body)) == (404, "NOT_FOUND")
