"""Which limits hold for whom, and the numbers of plans and workspaces."""

from dataclasses import replace
from uuid import uuid4

import pytest

from cloudmetrics.accounts.plans import PLANS, InvalidLimit, allowance, read_limits
from cloudmetrics.contract import Operation
from cloudmetrics.gateway.limits.models import Check, Kind
from cloudmetrics.gateway.limits.rules import of_address, of_caller
from cloudmetrics.platform.allowance import Rate
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Tenant
from cloudmetrics.platform.signing import Keyring

HOME, KEY, ANNA = uuid4(), uuid4(), uuid4()
PROGRAM = Caller(Tenant(None, HOME), Keyring(b"s" * 32), credential_id=KEY, allowance=allowance("GROWTH", {}))  # type: ignore[arg-type]
PERSON = replace(PROGRAM, user_id=ANNA)


def operation(method: str = "GET", scope: str = "metrics:read", **extensions: str) -> Operation:
    words = {name.replace("_", "-"): value for name, value in extensions.items()}
    security = [{"api_key": [scope]}]
    return Operation(f"{uuid4()}", method, "/v1/x", "X", "", None, security, (), words)  # type: ignore[arg-type]


def told(checks: list[Check]) -> dict[str, tuple[int, int]]:
    return {check.name: (check.limit, check.seconds) for check in checks}


@pytest.mark.requirement("CM-6", "D6-5")
def test_a_program_has_its_bucket_and_the_workspaces_window():
    checks = of_caller(PROGRAM, operation())
    assert told(checks) == {"workspace": (1_000, 60), "credential": (500, 60)}
    assert [check.kind for check in checks] == [Kind.WINDOW, Kind.BUCKET]
    other = of_caller(replace(PROGRAM, credential_id=uuid4()), operation())
    assert [one.key == two.key for one, two in zip(checks, other, strict=True)] == [True, False]
    assert {check.tag for check in checks} == {str(HOME)}


@pytest.mark.requirement("D6-5", "PL-13")
@pytest.mark.parametrize(
    ("asked", "own"),
    [
        (operation("GET", "websites:full"), {"reads": (200, 60)}),
        (operation("POST", "goals:read"), {"reads": (200, 60)}),
        (operation("POST", "websites:full"), {"writes": (50, 60)}),
        (operation("DELETE", "websites:full"), {"writes": (50, 60)}),
        (operation("PATCH", "costs:write"), {"writes": (50, 60)}),
    ],
)
def test_a_person_reads_and_writes_under_limits_of_their_own(asked, own):
    checks = of_caller(PERSON, asked)
    assert told(checks) == {"workspace": (1_000, 60), "user": (300, 60)} | own
    # Whichever token it is, it is the same person.
    again = of_caller(replace(PERSON, credential_id=uuid4()), asked)
    assert again == checks


@pytest.mark.requirement("D6-5")
@pytest.mark.parametrize("caller", [PROGRAM, PERSON])
def test_the_assistant_has_a_window_on_top(caller):
    without = told(of_caller(caller, operation("POST", "ai:run")))
    assert told(of_caller(caller, operation("POST", "ai:run", x_limit="agent"))) == without | {
        "agent": (10, 60)
    }


def test_events_have_one_window_and_nothing_else():
    checks = of_caller(PROGRAM, operation("POST", "events:write", x_limit="events"))
    assert told(checks) == {"ingest": (6_000, 60)}


def test_the_service_itself_is_not_limited():
    assert of_caller(replace(PROGRAM, allowance=None), operation()) == []


@pytest.mark.requirement("D6-5")
def test_an_address_is_one_or_a_network_of_ipv6():
    assert told(of_address("203.0.113.7")) == {"address": (100, 60)}
    assert of_address("2001:db8::1") == of_address("2001:db8::ffff:1") != of_address("2001:db8:0:1::1")
    assert of_address("203.0.113.7") != of_address("203.0.113.8")
    assert of_address("::ffff:203.0.113.7")[0].tag == of_address("203.0.113.7")[0].tag
    assert told(of_address("unknown")) == {"address": (100, 60)}


@pytest.mark.requirement("DF-6")
def test_a_workspaces_number_stands_in_place_of_the_plans_and_of_no_other():
    own = read_limits({"requests": "5000/minute", "agent": "20", "events": "7"})
    assert allowance("FREE", own) == replace(PLANS["FREE"], requests=Rate(5_000, 60), agent=20, events=7)
    assert allowance("FREE", {}) == PLANS["FREE"]
    assert allowance("A_PLAN_OF_TOMORROW", {}) == PLANS["FREE"]


@pytest.mark.parametrize(
    "texts",
    [
        {"everything": "5"},
        {"requests": "5"},
        {"requests": "5/fortnight"},
        {"requests": "0/hour"},
        {"requests": "1000001/hour"},
        {"agent": "0"},
        {"agent": "-1"},
        {"agent": "ten"},
        {"agent": "٣"},
        {"agent": "1e9"},
        {"events": f"{10**15 + 1}"},
    ],
)
def test_a_limit_that_is_none_is_refused(texts):
    with pytest.raises(InvalidLimit):
        read_limits(texts)


def test_every_number_keeps_within_what_the_script_can_count():
    """A bucket's debt is a limit times a period in ms, and must stay below 2**53."""
    most = read_limits({"requests": "1000000/day"})["requests"]
    assert most[0] * most[1] * 1000 < 2**53
