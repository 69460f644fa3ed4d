"""Second factors: codes, recovery codes, and how they begin and end."""

import asyncio

import pyotp
import pytest

from cloudmetrics.accounts.people import second_factor
from cloudmetrics.accounts.people.models import (
    SecondFactorPresent,
    SecondFactorRequired,
    SignInFailed,
    WrongCode,
)
from tests.integration.signing_in.conftest import HALF_A_MINUTE, give_password


async def test_a_second_factor_is_asked_for_only_after_the_right_password(factor, sign_in, now):
    totp, _ = factor
    code = totp.at(now)
    with pytest.raises(SecondFactorRequired):
        await sign_in()
    with pytest.raises(SignInFailed):
        await sign_in("wrong password", code)
    with pytest.raises(SignInFailed):
        await sign_in(code="000000")
    assert await sign_in(code=code)


async def test_a_code_is_accepted_once(factor, sign_in, now):
    code = factor[0].at(now)
    answers = await asyncio.gather(*(sign_in(code=code) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, SignInFailed) for answer in answers) == 3


async def test_a_code_older_than_one_that_was_accepted_is_refused(factor, sign_in, now):
    totp, _ = factor
    await sign_in(code=totp.at(now + HALF_A_MINUTE))
    with pytest.raises(SignInFailed):
        await sign_in(code=totp.at(now))


@pytest.mark.parametrize("code", ["", "1", "٠١٢٣٤٥", "0" * 10_000, "\ud800", "a\x00b"])
async def test_a_code_that_is_none_fails(factor, sign_in, code):
    with pytest.raises(SignInFailed):
        await sign_in(code=code)


async def test_a_recovery_code_opens_once_however_it_is_typed(factor, sign_in):
    _, codes = factor
    assert len(set(codes)) == 10
    typed = f" {codes[0][:5]}-{codes[0][5:]} ".upper()
    assert await sign_in(code=typed)
    with pytest.raises(SignInFailed):
        await sign_in(code=codes[0])
    assert await sign_in(code=codes[1])


async def test_a_second_factor_counts_only_once_it_was_confirmed(database, keyring, anna, sign_in, now):
    await give_password(database, keyring, anna)
    with pytest.raises(WrongCode):
        await second_factor.confirm(database, keyring, anna, "123456", address=None)
    await second_factor.begin(database, keyring, anna)
    again = await second_factor.begin(database, keyring, anna)
    with pytest.raises(WrongCode):
        await second_factor.confirm(database, keyring, anna, "", address=None)
    assert await sign_in()
    await second_factor.confirm(database, keyring, anna, pyotp.TOTP(again.secret).at(now), address=None)
    with pytest.raises(SecondFactorRequired):
        await sign_in()


async def test_a_second_factor_is_not_replaced_but_removed(database, keyring, anna, factor, sign_in):
    with pytest.raises(SecondFactorPresent):
        await second_factor.begin(database, keyring, anna)
    await second_factor.remove(database, anna, address=None)
    assert await sign_in()
    assert await second_factor.begin(database, keyring, anna)


async def test_a_reset_leaves_the_second_factor(database, keyring, anna, factor, sign_in):
    await give_password(database, keyring, anna)
    with pytest.raises(SecondFactorRequired):
        await sign_in()
