"""What each role may do, and that the guide tells the same."""

import re
from pathlib import Path

import pytest

from cloudmetrics.accounts.roles import EDITOR, SCOPES_OF, VIEWER, scopes_of_role, within_role
from cloudmetrics.accounts.scopes import FULL, READ, SCOPES

GUIDE = Path(__file__).parents[2] / "docs/guides/accounts-and-keys.md"

pytestmark = pytest.mark.requirement("PL-4", "CM-5")


def test_each_role_may_what_the_lesser_ones_may():
    assert VIEWER < EDITOR < SCOPES_OF["ADMIN"] == SCOPES_OF["OWNER"] == FULL


def test_nobody_below_an_admin_manages_anything():
    assert not any(scope.endswith(":admin") for scope in EDITOR)
    assert "audit:read" not in EDITOR


def test_a_credential_may_what_both_its_scopes_and_its_person_may():
    assert within_role({"goals:full", "keys:admin"}, "EDITOR") == {"goals:full", "goals:read"}
    assert within_role({"goals:full"}, "VIEWER") == {"goals:read"}
    assert within_role(FULL, "OWNER") == FULL
    assert within_role((), "OWNER") == frozenset()


def test_in_a_deleted_workspace_people_can_only_look_and_restore():
    assert scopes_of_role("OWNER", deleted=True) == {"workspace:read", "workspace:admin"}
    assert within_role(FULL, "VIEWER", deleted=True) == {"workspace:read"}


def test_the_guide_shows_the_roles_as_they_are():
    rows = re.findall(r"^\| `([a-z:]+)` \| (.) \| (.) \| (.) \| (.) \|$", GUIDE.read_text(), re.MULTILINE)
    shown = {scope: tuple(mark == "✓" for mark in marks) for scope, *marks in rows}
    columns = (VIEWER, EDITOR, SCOPES_OF["ADMIN"], READ)
    assert shown == {scope: tuple(scope in column for column in columns) for scope in SCOPES}
