"""Who may call: alternatives, scopes, and the order in which a request is judged."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cloudmetrics.contract import Grant, Request, Response, Unauthorized

pytestmark = [pytest.mark.requirement("B-1", "PL-4", "D6-7")]

SCHEMES = """\
        components:
          securitySchemes:
            key: {type: apiKey, in: header, name: API-Key}
            query_key: {type: apiKey, in: query, name: api key}
            cookie_key: {$ref: cookie.yaml}
            bearer: {type: http, scheme: Bearer}
            basic: {type: http, scheme: basic}
            oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {}}}}
            oidc: {type: openIdConnect, openIdConnectUrl: https://example.com}
            mutual: {type: mutualTLS}
"""
FILES = {"cookie.yaml": "{type: apiKey, in: cookie, name: session}"}


def secured(security: str, *, everywhere: str = "", more: str = "") -> str:
    return f"""\
        {everywhere}
        paths:
          /things:
            get:
              operationId: get-thing
              tags: [Things]
              {f"security: {security}" if security else ""}
              {more}
              responses: {{default: {{description: It}}}}
{SCHEMES}
        """


async def get_thing(caller: Any) -> Any:
    return {"caller": caller}


async def check(request: Request, credential: str) -> Grant:
    """`name:scope,scope` is a good credential; `bad` is none."""
    if credential.startswith("bad"):
        raise Unauthorized(f"{credential} is no credential.")
    name, _, scopes = credential.partition(":")
    return Grant(name, frozenset(scopes.split(",")))


AUTHENTICATORS = dict.fromkeys(
    ("key", "query_key", "cookie_key", "bearer", "basic", "oauth", "oidc", "mutual"), check
)


async def get(
    served: Any, contract: str, url: str = "/things", headers: Any = None, **options: Any
) -> httpx.Response:
    options = {"authenticators": AUTHENTICATORS, **options}
    async with served(contract, {"get_thing": get_thing}, FILES, **options) as client:
        return await client.get(url, headers=headers)


class TestSchemes:
    @pytest.mark.parametrize(
        ("scheme", "url", "headers", "caller"),
        [
            ("key", "/things", {"api-key": "ann"}, "ann"),
            ("query_key", "/things?api%20key=ann%2Bx", {}, "ann+x"),
            ("query_key", "/things?api+key=ann", {}, "ann"),
            ("cookie_key", "/things", {"cookie": 'a={"b"}; session=ann'}, "ann"),
            ("bearer", "/things", {"authorization": "Bearer ann"}, "ann"),
            ("bearer", "/things", {"authorization": "bEARER  ann "}, "ann"),
            ("basic", "/things", {"authorization": "Basic YW5u"}, "YW5u"),
            ("oauth", "/things", {"authorization": "Bearer ann"}, "ann"),
            ("oidc", "/things", {"authorization": "Bearer ann"}, "ann"),
        ],
    )
    async def test_a_credential_is_found_where_its_scheme_says(
        self, served: Any, scheme: str, url: str, headers: Any, caller: str
    ) -> None:
        response = await get(served, secured(f"[{{{scheme}: []}}]"), url, headers)
        assert response.json() == {"caller": caller}

    @pytest.mark.parametrize(
        ("scheme", "url", "headers"),
        [
            ("key", "/things?API-Key=ann", {"authorization": "ann", "cookie": "API-Key=ann"}),
            ("query_key", "/things?apikey=ann", {"api key": "ann"}),
            ("bearer", "/things", {"authorization": "Basic ann"}),
            ("bearer", "/things", {"authorization": "Bearer"}),
            ("bearer", "/things", {"authorization": "ann"}),
            ("basic", "/things", {"authorization": "Bearer ann"}),
            ("mutual", "/things", {}),
        ],
    )
    async def test_and_nowhere_else(self, served: Any, scheme: str, url: str, headers: Any) -> None:
        response = await get(served, secured(f"[{{{scheme}: []}}]"), url, headers)
        assert response.status_code == 401

    async def test_mutual_tls_names_the_clients_certificate(self, served: Any) -> None:
        contract = secured("[{mutual: []}]")
        options = {"authenticators": AUTHENTICATORS}
        async with served(contract, {"get_thing": get_thing}, FILES, **options) as client:
            app = client._transport.app

            async def over_tls(scope: Any, receive: Any, send: Any) -> None:
                await app(scope | {"extensions": {"tls": {"client_cert_name": "CN=ann"}}}, receive, send)

            client._transport.app = over_tls
            assert (await client.get("/things")).json() == {"caller": "CN=ann"}

    async def test_an_api_key_in_the_query_is_no_unknown_parameter(self, served: Any) -> None:
        contract = secured("[{query_key: []}]")
        assert (await get(served, contract, "/things?api%20key=ann&x=1")).status_code == 400
        assert (await get(served, contract, "/things?api%20key=ann")).status_code == 200

    async def test_a_stranger_is_told_how_to_come_in(self, served: Any) -> None:
        response = await get(served, secured("[{bearer: []}, {key: []}, {oauth: []}]"))
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer, ApiKey name="API-Key"'
        assert response.json()["code"] == "UNAUTHORIZED"


class TestAlternatives:
    async def test_any_alternative_will_do(self, served: Any) -> None:
        contract = secured("[{key: []}, {bearer: []}]")
        assert (await get(served, contract, headers={"api-key": "a"})).json() == {"caller": "a"}
        assert (await get(served, contract, headers={"authorization": "Bearer b"})).json() == {"caller": "b"}

    async def test_the_first_that_holds_wins(self, served: Any) -> None:
        contract = secured("[{key: []}, {bearer: []}]")
        headers = {"api-key": "a", "authorization": "Bearer b"}
        assert (await get(served, contract, headers=headers)).json() == {"caller": "a"}
        headers["api-key"] = "bad"
        assert (await get(served, contract, headers=headers)).json() == {"caller": "b"}

    async def test_the_first_refusal_is_told(self, served: Any) -> None:
        contract = secured("[{key: []}, {bearer: []}]")
        response = await get(served, contract, headers={"api-key": "bad1", "authorization": "Bearer bad2"})
        assert (response.status_code, response.json()["detail"]) == (401, "bad1 is no credential.")

    async def test_schemes_of_one_requirement_must_all_hold(self, served: Any) -> None:
        contract = secured("[{key: [read], bearer: [write]}]")
        both = {"api-key": "a:read", "authorization": "Bearer b:write"}
        assert (await get(served, contract, headers=both)).json() == {"caller": "a"}
        assert (await get(served, contract, headers={"api-key": "a:read,write"})).status_code == 401
        assert (
            await get(served, contract, headers=both | {"authorization": "Bearer bad"})
        ).status_code == 401
        short = await get(served, contract, headers=both | {"authorization": "Bearer b:read"})
        assert (short.status_code, short.json()["details"]) == (403, {"missing_scopes": ["write"]})

    async def test_the_contracts_security_holds_where_the_operation_says_nothing(self, served: Any) -> None:
        contract = secured("", everywhere="security: [{key: []}]")
        assert (await get(served, contract)).status_code == 401
        assert (await get(served, contract, headers={"api-key": "a"})).status_code == 200

    @pytest.mark.parametrize("security", ["[]", ""])
    async def test_no_security_is_public(self, served: Any, security: str) -> None:
        everywhere = "security: [{key: []}]" if security else ""
        contract = secured(security, everywhere=everywhere)
        assert (await get(served, contract, headers={"api-key": "bad"})).json() == {"caller": None}

    async def test_optional_security_lets_strangers_in_and_not_the_wrong(self, served: Any) -> None:
        contract = secured("[{key: []}, {}]")
        assert (await get(served, contract)).json() == {"caller": None}
        assert (await get(served, contract, headers={"api-key": "a"})).json() == {"caller": "a"}
        assert (await get(served, contract, headers={"api-key": "bad"})).status_code == 401


class TestScopes:
    CONTRACT = secured("[{key: [read, write]}, {bearer: [admin]}]")

    async def test_every_scope_is_needed(self, served: Any) -> None:
        assert (await get(served, self.CONTRACT, headers={"api-key": "a:read,write,more"})).status_code == 200
        response = await get(served, self.CONTRACT, headers={"api-key": "a:read"})
        assert response.status_code == 403
        body = response.json()
        assert body["code"] == "INSUFFICIENT_SCOPE"
        assert body["detail"] == "The credential lacks the scope write."
        assert body["details"] == {"missing_scopes": ["write"]}

    async def test_another_alternative_may_allow_it(self, served: Any) -> None:
        headers = {"api-key": "a:read", "authorization": "Bearer b:admin"}
        assert (await get(served, self.CONTRACT, headers=headers)).json() == {"caller": "b"}


async def test_a_handler_that_takes_any_argument_still_gets_the_caller_that_it_names(served: Any) -> None:
    async def handler(caller: Any, request: Request, **_rest: Any) -> Any:
        return {"caller": f"{caller} at {request.path}"}

    contract = secured("[{key: [read]}]")
    async with served(contract, {"get_thing": handler}, FILES, authenticators=AUTHENTICATORS) as client:
        response = await client.get("/things", headers={"api-key": "a:read"})
    assert response.json() == {"caller": "a at /things"}


class TooMany(Exception):
    pass


async def too_many(_request: Request, _error: Exception) -> Response:
    return Response(status=429)


class TestOrder:
    """Route, credential, limits, scope, then parameters and body together."""

    MORE = """\
parameters: [{in: query, name: q, required: true, schema: {type: integer}}]
              requestBody: {required: true, content: {application/json: {}}}"""

    async def judge(self, served: Any, url: str, headers: Any, allow: bool) -> tuple[int, list[Any]]:
        admitted: list[Any] = []

        async def admit(request: Request, grant: Grant | None) -> None:
            assert request.operation is not None
            admitted.append((request.operation.id, grant.caller if grant else None))
            if not allow:
                raise TooMany

        async def handler(q: int, body: Any) -> None: ...

        contract = secured("[{key: [read]}]", more=self.MORE)
        async with served(
            contract,
            {"get_thing": handler},
            FILES,
            authenticators=AUTHENTICATORS,
            admit=admit,
            errors={TooMany: too_many},
        ) as client:
            return (await client.get(url, headers=headers)).status_code, admitted

    @pytest.mark.parametrize(
        ("url", "key", "allow", "status", "admitted"),
        [
            ("/nothing", "bad", False, 404, []),
            ("/things", "bad", True, 401, [("get-thing", None)]),
            ("/things", "bad", False, 429, [("get-thing", None)]),
            ("/things", "a", False, 429, [("get-thing", "a")]),
            ("/things", "a", True, 403, [("get-thing", "a")]),
            ("/things", "a:read", True, 400, [("get-thing", "a")]),
        ],
    )
    async def test_the_first_objection_is_told(
        self, served: Any, url: str, key: str, allow: bool, status: int, admitted: list[Any]
    ) -> None:
        assert await self.judge(served, url, {"api-key": key}, allow) == (status, admitted)

    async def test_a_stranger_counts_too(self, served: Any) -> None:
        assert await self.judge(served, "/things", {}, True) == (401, [("get-thing", None)])
        assert await self.judge(served, "/things", {}, False) == (429, [("get-thing", None)])

    async def test_parameters_and_body_are_judged_together(self, served: Any) -> None:
        async def handler(q: int, body: Any) -> None: ...

        contract = secured("[]", more=self.MORE)
        async with served(contract, {"get_thing": handler}, FILES) as client:
            errors = (await client.get("/things?q=a&r=1")).json()["errors"]
        assert [(error["field"], error["code"]) for error in errors] == [
            ("r", "UNKNOWN_PARAMETER"),
            ("q", "TYPE"),
            ("body", "REQUIRED"),
        ]

    async def test_public_operations_are_admitted_too(self, served: Any) -> None:
        seen = []

        async def admit(request: Request, grant: Grant | None) -> None:
            seen.append(grant)

        await get(served, secured("[]"), admit=admit)
        assert seen == [None]

    async def test_middleware_outside_sees_the_operation_and_the_grant(self, served: Any) -> None:
        seen: list[Any] = []

        class Logging:
            def __init__(self, app: Any) -> None:
                self.app = app

            async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                await self.app(scope, receive, send)
                seen.append((scope["contract.operation"].id, scope["contract.grant"].caller))

        await get(served, secured("[{key: []}]"), headers={"api-key": "a"}, middlewares=[Logging])
        assert seen == [("get-thing", "a")]


async def test_an_authenticator_that_fails_is_our_fault(served: Any) -> None:
    async def failing(request: Request, credential: str) -> Grant:
        raise ZeroDivisionError

    response = await get(
        served, secured("[{key: []}]"), headers={"api-key": "a"}, authenticators={"key": failing}
    )
    assert response.status_code == 500
