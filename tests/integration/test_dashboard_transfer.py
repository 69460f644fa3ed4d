"""Dashboards as documents over HTTP: taken out, and brought into the same workspace or another."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.conftest import make_website
from tests.integration.test_dashboards import code_of, make_dashboard, pointers
from tests.integration.test_goals import make_goal
from tests.integration.test_widgets import NUMBER, TEXT, asking, at, make_funnel, make_widget

pytestmark = pytest.mark.requirement("CM-9")

IMPORT = "/v1/dashboards/import"


async def export(client, dashboard_id: str) -> dict:
    response = await client.get(f"/v1/dashboards/{dashboard_id}/export")
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def bring_in(client, document: dict, **more) -> str:
    response = await client.post(IMPORT, json={"document": document} | more)
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"/v1/dashboards/{response.json()['data']['id']}"
    return response.json()["data"]["id"]


def renamed(document: dict, name: str) -> dict:
    return document | {"dashboard": document["dashboard"] | {"name": name}}


# Any text that JSON and PostgreSQL can hold.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=100)
filters = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {
                "operator": st.sampled_from(["IS", "IS_NOT"]),
                "dimension": st.sampled_from(["source", "page", "country"]),
                "value": st.none() | texts.filter(bool),
            }
        ),
        st.fixed_dictionaries(
            {
                "operator": st.just("IN"),
                "dimension": st.just("device"),
                "values": st.lists(texts.filter(bool), min_size=1, max_size=3),
            }
        ),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"operator": st.just("NOT"), "filter": inner}),
        st.fixed_dictionaries(
            {"operator": st.sampled_from(["AND", "OR"]), "filters": st.lists(inner, min_size=1, max_size=2)}
        ),
    ),
    max_leaves=4,
)
RANGES = ["TODAY", "LAST_30_DAYS", "THIS_QUARTER", "LAST_YEAR"]


@st.composite
def widgets(draw) -> list[dict]:
    """Widgets of all kinds without ids of anything, one below the other."""
    made: list[dict] = []
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["NUMBER", "TIME_SERIES", "BAR", "TABLE", "TEXT"]))
        width = draw(st.integers(1, 12))
        layout = {
            "x": draw(st.integers(0, 12 - width)),
            "y": number * 100,
            "width": width,
            "height": draw(st.integers(1, 100)),
        }
        widget = {"kind": kind, "title": draw(texts), "layout": layout}
        if kind == "TEXT":
            made.append(widget | {"text": draw(texts.filter(bool))})
            continue
        dimensions = {
            "NUMBER": [],
            "TIME_SERIES": ["time", "source"],
            "BAR": ["country"],
            "TABLE": ["device", "time"],
        }
        query = {
            "metrics": draw(
                st.lists(st.sampled_from(["visitors", "events", "revenue"]), min_size=1, unique=True)
            ),
            "dimensions": dimensions[kind],
            "interval": draw(st.sampled_from(["DAY", "WEEK", "MONTH"])),
            "range": draw(st.none() | st.sampled_from(RANGES)),
            "filter": draw(st.none() | filters),
            "goal": draw(st.none() | texts.filter(bool)),
            "limit": draw(st.integers(1, 1000)),
        }
        compare = {"compare": draw(st.none() | st.just("PREVIOUS_YEAR"))} if kind == "NUMBER" else {}
        made.append(widget | {"query": query} | compare)
    return made


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=widgets(), description=st.none() | texts, days=st.sampled_from(RANGES))
async def test_what_is_exported_and_imported_is_the_same_to_the_byte(client, made, description, days):
    dashboard_id = await make_dashboard(client, description=description, range=days)
    for body in made:
        await make_widget(client, dashboard_id, body)
    document = await export(client, dashboard_id)
    assert len(document["widgets"]) == len(made)

    name = f"Again {uuid4().hex}"
    again = await bring_in(client, document, name=name)

    assert await export(client, again) == renamed(document, name)
    exported = await client.get(f"/v1/dashboards/{again}/export")
    third = await bring_in(client, exported.json()["data"], name="x" + name)
    copy = await client.get(f"/v1/dashboards/{third}/export")
    assert copy.content == exported.content.replace(name.encode(), b"x" + name.encode())


@pytest.fixture
async def furnished(client) -> tuple[str, dict]:
    """A dashboard that names a website, a goal and a funnel, and its document."""
    website_id = await make_website(client, name="Shop", domain="shop.example.com")
    goal_id = await make_goal(client, website_id, name="Large orders")
    funnel_id = await make_funnel(client, website_id, name="Way")
    dashboard_id = await make_dashboard(client, name="Furnished", website_id=website_id)
    for body in (
        asking(metrics=["conversion_rate"], goal_id=goal_id),
        asking("BAR", dimensions=["source"], website_id=website_id),
        {"kind": "FUNNEL", "title": "", "funnel_id": funnel_id},
        TEXT,
    ):
        await make_widget(client, dashboard_id, body)
    return website_id, await export(client, dashboard_id)


async def test_in_the_same_workspace_everything_is_what_it_was(client, furnished):
    _, document = furnished
    assert code_of(await client.post(IMPORT, json={"document": document})) == (409, "NAME_TAKEN")
    again = await bring_in(client, document, name="Again")
    assert await export(client, again) == renamed(document, "Again")


@pytest.mark.parametrize("how", ["domain", "name", "said"])
async def test_in_another_workspace_things_are_found_by_what_they_are_called(furnished, make_home, how):
    website_id, document = furnished
    home = await make_home()
    other = home.open(await home.make_key())
    fields = {"domain": {"domain": "SHOP.example.com"}, "name": {"name": "Shop"}, "said": {"name": "Laden"}}
    own = await make_website(other, **({"name": "Else"} | fields[how]))
    await make_website(other, name="Decoy")
    goal_id = await make_goal(other, own, name="Large orders")
    funnel_id = await make_funnel(other, own, name="Way")
    said = {"websites": [{"from": website_id, "to": own}]} if how == "said" else {}

    made = await export(other, await bring_in(other, document, **said))

    assert made["dashboard"] == document["dashboard"] | {"website_id": own}
    asked = {widget["kind"]: widget for widget in made["widgets"]}
    assert asked["NUMBER"]["query"]["goal_id"] == goal_id
    assert asked["BAR"]["query"]["website_id"] == own
    assert asked["FUNNEL"]["funnel_id"] == funnel_id
    # And back again, into where it came from, it is what it was.
    assert [each["id"] for each in made["websites"]] == [own]


async def test_an_import_lists_everything_that_is_wrong_and_makes_nothing(furnished, make_home):
    website_id, document = furnished
    home = await make_home()
    other = home.open(await home.make_key())
    broken = document | {
        "widgets": [
            *document["widgets"],
            asking(metrics=["guests"]) | at(0, 0),
            asking("BAR", dimensions=["colour"]) | at(10, 50),
        ]
    }
    mapping = [{"from": website_id, "to": str(uuid4())}]
    found = pointers(await other.post(IMPORT, json={"document": broken, "websites": mapping}))
    kinds = {widget["kind"]: number for number, widget in enumerate(document["widgets"])}
    widget = "/document/widgets"
    assert found == {
        "/websites/0/to": "UNKNOWN_WEBSITE",
        "/document/dashboard/website_id": "UNKNOWN_WEBSITE",
        f"{widget}/{kinds['NUMBER']}/query/goal_id": "UNKNOWN_GOAL",
        f"{widget}/{kinds['BAR']}/query/website_id": "UNKNOWN_WEBSITE",
        f"{widget}/{kinds['FUNNEL']}/funnel_id": "UNKNOWN_FUNNEL",
        f"{widget}/4/query/metrics/0": "UNKNOWN_METRIC",
        f"{widget}/4/layout": "OVERLAP",
        f"{widget}/5/query/dimensions/0": "UNKNOWN_DIMENSION",
        f"{widget}/5/layout/width": "OUTSIDE_GRID",
    }
    assert (await other.get("/v1/dashboards")).json()["data"] == []


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"format": "grafana"}, "/document/format", "CONST"),
        ({"version": 2}, "/document/version", "TOO_LARGE"),
        ({"widgets": [TEXT] * 101}, "/document/widgets", "TOO_MANY"),
        ({"extra": 1}, "/document/extra", "UNKNOWN_FIELD"),
        ({"dashboard": {"name": "x", "position": 3}}, "/document/dashboard/position", "UNKNOWN_FIELD"),
        ({"widgets": [NUMBER | {"id": str(uuid4())}]}, "/document/widgets/0/id", "UNKNOWN_FIELD"),
        ({"websites": [{"id": str(uuid4()), "name": "x"}]}, "/document/websites/0/domain", "REQUIRED"),
    ],
)
async def test_what_is_no_document_is_refused(client, change, pointer, code):
    document = await export(client, await make_dashboard(client))
    response = await client.post(IMPORT, json={"document": document | change, "name": "Other"})
    assert pointers(response)[pointer] == code


async def test_who_may_not_ask_may_not_bring_in(client, home, furnished):
    _, document = furnished
    blind = home.open(await home.make_key({"dashboards:full"}))
    response = await blind.post(IMPORT, json={"document": document, "name": "Mine"})
    assert code_of(response) == (403, "SCOPE_NOT_HELD")
    assert response.json()["details"] == {"missing_scopes": ["goals:read", "metrics:read"]}


async def test_a_copy_is_the_same_under_another_name(client, furnished):
    _, document = furnished
    (dashboard,) = (await client.get("/v1/dashboards")).json()["data"]
    url = f"/v1/dashboards/{dashboard['id']}"
    await client.put(f"{url}/favourite")
    names = []
    for body in ({}, {}, {"name": "Named"}):
        copy = await client.post(f"{url}/duplicate", json=body)
        assert copy.status_code == 201, copy.text
        data = copy.json()["data"]
        assert copy.headers["location"] == f"/v1/dashboards/{data['id']}"
        assert data["is_favourite"] is False
        assert await export(client, data["id"]) == renamed(document, data["name"])
        names.append(data["name"])
    assert names == ["Furnished (copy)", "Furnished (copy 2)", "Named"]
    taken = await client.post(f"{url}/duplicate", json={"name": "Named"})
    assert code_of(taken) == (409, "NAME_TAKEN")
    long = await make_dashboard(client, name="x" * 100)
    copy = await client.post(f"/v1/dashboards/{long}/duplicate", json={})
    assert copy.json()["data"]["name"] == "x" * 93 + " (copy)"


async def test_templates_are_listed_and_each_makes_a_dashboard_that_works(client):
    website_id = await make_website(client)
    first = await client.get("/v1/dashboard-templates", params={"limit": 3})
    cursor = first.json()["pagination"]["next_cursor"]
    rest = await client.get("/v1/dashboard-templates", params={"cursor": cursor})
    templates = first.json()["data"] + rest.json()["data"]
    assert [each["id"] for each in templates] == ["WEB_OVERVIEW", "REVENUE", "MARKETING", "CONTENT"]
    for template in templates:
        dashboard_id = await make_dashboard(client, website_id=website_id, template=template["id"])
        assert (await export(client, dashboard_id))["widgets"] == template["widgets"]
        shown = (await client.get(f"/v1/dashboards/{dashboard_id}/data")).json()["data"]["widgets"]
        assert {widget["answer"]["kind"] for widget in shown} == {"ROWS"}
        # Over all websites it works as well, and what is made by hand can be added.
        await make_widget(client, await make_dashboard(client, template=template["id"]))
    unknown = await client.post("/v1/dashboards", json={"name": "x", "template": "NONE"})
    assert "/template" in pointers(unknown)


async def test_a_template_takes_what_its_questions_take(home):
    blind = home.open(await home.make_key({"dashboards:full"}))
    response = await blind.post("/v1/dashboards", json={"name": "x", "template": "REVENUE"})
    assert code_of(response) == (403, "SCOPE_NOT_HELD")
