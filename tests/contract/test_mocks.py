"""An operation that nobody has written answers from its examples; all else about it is real."""

import pytest

from cloudmetrics.contract import Contract, ContractInvalid, Grant, Unauthorized, serve
from cloudmetrics.contract.handlers import TagResolver
from cloudmetrics.contract.mocks import MockResolver
from tests.contract.conftest import client_of

CONTRACT = """
tags: [{name: Things}]
paths:
  /things/{thing_id}:
    get:
      operationId: get-thing
      tags: [Things]
      security: [{key: []}]
      parameters:
        - {name: thing_id, in: path, required: true, schema: {type: string, maxLength: 3}}
      responses:
        '200':
          description: The thing.
          headers:
            ETag: {schema: {type: string, examples: ['"7"']}, required: true}
          content:
            application/json:
              schema: {type: object, required: [name]}
              examples:
                cup: {value: {name: Cup}}
                jug: {value: {name: Jug}}
        4XX:
          description: Wrong.
          content: {application/problem+json: {schema: {type: object}, example: {status: 400}}}
        '404':
          description: Gone.
          content:
            application/problem+json: {schema: {type: object}, example: {status: 404}}
    delete:
      operationId: delete-thing
      tags: [Things]
      parameters:
        - {name: thing_id, in: path, required: true, schema: {type: string, maxLength: 3}}
      responses: {'204': {description: It is gone.}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: API-Key}}
"""


async def one_key(_request, credential):
    if credential != "good":
        raise Unauthorized
    return Grant(None)


def mocked(path, resolver=None):
    contract = Contract.load(path)
    handlers = MockResolver(contract.documents, resolver)
    return client_of(serve(contract, handlers=handlers, authenticators={"key": one_key}))


@pytest.mark.requirement("CM-11")
async def test_the_first_example_of_success_is_the_answer(write):
    async with mocked(write(CONTRACT)) as client:
        answer = await client.get("/things/cup", headers={"API-Key": "good"})
    assert (answer.status_code, answer.json()) == (200, {"name": "Cup"})
    assert (answer.headers["x-mock"], answer.headers["etag"]) == ("true", '"7"')


@pytest.mark.parametrize(
    ("preference", "status", "body"),
    [
        ("example=jug", 200, {"name": "Jug"}),
        ("code=404", 404, {"status": 404}),
        ('code=200, example="jug"', 200, {"name": "Jug"}),
    ],
)
async def test_the_client_may_prefer_another(write, preference, status, body):
    async with mocked(write(CONTRACT)) as client:
        answer = await client.get("/things/cup", headers={"API-Key": "good", "Prefer": preference})
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers["preference-applied"]


@pytest.mark.parametrize("preference", ["code=418", "example=lid"])
async def test_what_the_contract_does_not_show_cannot_be_preferred(write, preference):
    async with mocked(write(CONTRACT)) as client:
        answer = await client.get("/things/cup", headers={"API-Key": "good", "Prefer": preference})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith("There is no ")


async def test_credentials_and_validation_are_real(write):
    async with mocked(write(CONTRACT)) as client:
        assert (await client.get("/things/cup")).status_code == 401
        assert (await client.get("/things/saucer", headers={"API-Key": "good"})).status_code == 400


async def test_an_answer_without_a_body_has_none(write):
    async with mocked(write(CONTRACT)) as client:
        answer = await client.delete("/things/cup")
    assert (answer.status_code, answer.content, answer.headers["x-mock"]) == (204, b"", "true")


async def test_only_what_is_missing_is_mocked(write, handlers):
    async def delete_thing(thing_id):
        return None

    package = handlers(things={"delete_thing": delete_thing})
    async with mocked(write(CONTRACT), TagResolver(package)) as client:
        assert "x-mock" not in (await client.delete("/things/cup")).headers
        assert "x-mock" in (await client.get("/things/cup", headers={"API-Key": "good"})).headers


async def test_a_handler_module_that_cannot_be_imported_is_not_hidden_by_a_mock(write, tmp_path, monkeypatch):
    (tmp_path / "misspelt_handlers").mkdir()
    (tmp_path / "misspelt_handlers" / "things.py").write_text("import a_typo\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ContractInvalid, match="a_typo"):
        mocked(write(CONTRACT), TagResolver("misspelt_handlers"))


async def test_a_tag_without_a_module_is_mocked(write, tmp_path, monkeypatch):
    (tmp_path / "no_handlers").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    async with mocked(write(CONTRACT), TagResolver("no_handlers")) as client:
        assert (await client.delete("/things/cup")).headers["x-mock"] == "true"
