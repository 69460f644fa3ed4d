"""The form of API keys."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.accounts.api_keys.secrets import BASE62, generate, is_well_formed

pytestmark = pytest.mark.requirement("CM-4")


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_key_names_its_mode_and_has_36_characters_more(mode):
    assert re.fullmatch(rf"cm_{mode}_[0-9A-Za-z]{{36}}", generate(mode))


def test_no_two_keys_are_alike():
    assert len({generate("live") for _ in range(1000)}) == 1000


def test_a_generated_key_is_well_formed():
    assert all(is_well_formed(generate("test")) for _ in range(1000))


@given(st.integers(8, 43), st.sampled_from(BASE62))
def test_one_wrong_character_is_noticed(position, character):
    key = generate("live")
    wrong = key[:position] + character + key[position + 1 :]
    assert is_well_formed(wrong) == (wrong == key)


def test_a_live_key_does_not_pass_as_a_test_key():
    assert not is_well_formed(generate("live").replace("live", "test"))


@given(st.text())
def test_other_text_is_no_key(text):
    assert not is_well_formed(text)
    assert not is_well_formed(f"cm_live_{text}")


@pytest.mark.parametrize("around", [" {}", "{} ", "{}\n", "\x00{}", "{}\x00", "{}0"])
def test_a_key_with_something_around_it_is_none(around):
    assert not is_well_formed(around.format(generate("live")))
