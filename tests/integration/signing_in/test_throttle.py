"""Who is slowed down when they sign in, and who is not."""

import asyncio
from uuid import uuid4

import pytest

from cloudmetrics.accounts.people import service as people
from cloudmetrics.accounts.people import throttle
from cloudmetrics.accounts.people.models import (
    SignInFailed,
    TooManyAttempts,
)
from cloudmetrics.platform.redis import Redis
from tests.integration.signing_in.conftest import PASSWORD, give_password


async def test_who_tries_too_often_has_to_wait_even_with_the_right_password(
    database, keyring, anna, sign_in, now
):
    await give_password(database, keyring, anna)
    answers = await asyncio.gather(
        *(sign_in("wrong password") for _ in range(throttle.PERSON[0] + 5)), return_exceptions=True
    )
    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) == 5
    with pytest.raises(TooManyAttempts) as refusal:
        await sign_in()
    assert 0 < refusal.value.retry_after <= throttle.PERSON[1]
    # From elsewhere the person themselves still comes in.
    assert await sign_in(address=f"elsewhere {uuid4()}")


async def test_attempts_that_end_well_are_forgiven(database, keyring, anna, sign_in, now):
    await give_password(database, keyring, anna)
    for _ in range(throttle.PERSON[0] + 1):
        await sign_in()


async def test_all_addresses_of_an_ipv6_network_are_one_that_tries(monkeypatch, sign_in, now):
    monkeypatch.setattr(throttle, "ADDRESS", (3, 900))
    network = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}"
    for number in range(3):
        with pytest.raises(SignInFailed):
            await sign_in(email=f"{uuid4()}@example.com", address=f"{network}::{number}")
    with pytest.raises(TooManyAttempts):
        await sign_in(email=f"{uuid4()}@example.com", address=f"{network}:ffff::1")


async def test_one_address_that_tries_many_accounts_is_slowed_down(monkeypatch, sign_in, now):
    monkeypatch.setattr(throttle, "ADDRESS", (3, 900))
    for _ in range(3):
        with pytest.raises(SignInFailed):
            await sign_in(email=f"{uuid4()}@example.com")
    with pytest.raises(TooManyAttempts):
        await sign_in(email=f"{uuid4()}@example.com")


async def test_without_redis_people_still_sign_in_and_guessing_is_still_slow(database, keyring, anna, now):
    await give_password(database, keyring, anna)
    nowhere = Redis("redis://127.0.0.1:1/0")
    address = f"away {uuid4()}"

    async def sign_in(password):
        return await people.sign_in(
            database, nowhere, keyring, email=anna.email, password=password, address=address
        )

    assert await sign_in(PASSWORD)
    for _ in range(throttle.PERSON[0]):
        with pytest.raises(SignInFailed):
            await sign_in("wrong password")
    with pytest.raises(TooManyAttempts):
        await sign_in(PASSWORD)
    await nowhere.close()
