"""Cursors: opaque, signed, good for one list of one workspace."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.database import Database, Tenant
from cloudmetrics.platform.errors import InvalidCursor
from cloudmetrics.platform.paging import page, seal, unseal
from cloudmetrics.platform.signing import Keyring

pytestmark = pytest.mark.requirement("CM-7")

NOWHERE = Database("postgresql://nowhere")
KEYRING = Keyring(b"s" * 32)


def caller(keyring: Keyring = KEYRING) -> Caller:
    return Caller(Tenant(NOWHERE, uuid4()), keyring)


ANNA = caller()


@given(st.text(max_size=200))
def test_a_cursor_holds_its_position(position):
    assert unseal(ANNA, "things", seal(ANNA, "things", position)) == position


@pytest.mark.parametrize("other", [caller(), Caller(ANNA.tenant, Keyring(b"t" * 32))])
def test_a_cursor_of_somebody_else_is_refused(other):
    with pytest.raises(InvalidCursor):
        unseal(other, "things", seal(ANNA, "things", "5"))


def test_a_cursor_of_another_list_is_refused():
    with pytest.raises(InvalidCursor):
        unseal(ANNA, "others", seal(ANNA, "things", "5"))


@given(st.integers(0, 22), st.sampled_from("ABCabc012-_"))
def test_a_changed_cursor_is_refused(position, character):
    cursor = seal(ANNA, "things", "5")
    changed = cursor[:position] + character + cursor[position + 1 :]
    if changed[:-1] != cursor[:-1]:
        with pytest.raises(InvalidCursor):
            unseal(ANNA, "things", changed)


@pytest.mark.parametrize("cursor", ["", "A", "AAAA", "ü", "!!!!", "a b", "\x00", "=" * 10, "A" * 512])
def test_rubbish_is_refused(cursor):
    with pytest.raises(InvalidCursor):
        unseal(ANNA, "things", cursor)


def test_only_the_last_page_has_no_cursor():
    full = page(ANNA, "things", [1, 2, 3], 2, str)
    assert (full.items, full.has_more) == ([1, 2], True)
    assert unseal(ANNA, "things", full.next_cursor or "") == "2"
    last = page(ANNA, "things", [1, 2], 2, str)
    assert (last.items, last.next_cursor) == ([1, 2], None)
    assert page(ANNA, "things", [], 2, str).items == []


def test_a_short_secret_makes_no_keyring():
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(b"short")
