"""Scopes, their presets, and what they include."""

import pytest

from cloudmetrics.accounts.scopes import FULL, INGEST, READ, SCOPES, UnknownScope, expand, require_scopes

pytestmark = pytest.mark.requirement("CM-5")


def test_there_are_all_scopes():
    assert len(SCOPES) == 27


def test_full_includes_read():
    assert expand({"websites:full", "events:write"}) == {"websites:full", "websites:read", "events:write"}


@pytest.mark.parametrize(
    "scope", ["events:write", "workspace:admin", "keys:admin", "websites:read", "ai:run"]
)
def test_nothing_else_includes_anything(scope):
    assert expand({scope}) == {scope}


def test_the_read_only_preset_is_every_read_scope():
    assert {scope for scope in SCOPES if scope.endswith(":read")} == READ
    assert not any(scope.endswith((":full", ":write", ":admin")) for scope in READ)


def test_the_full_preset_is_all_of_them():
    assert FULL == SCOPES
    assert {"events:write"} == INGEST


def test_an_unknown_scope_is_refused_by_name():
    with pytest.raises(UnknownScope, match="websites:write"):
        require_scopes({"websites:read", "websites:write"})
