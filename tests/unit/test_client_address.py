"""Whose request it is: the proxies' word counts only where they are trusted."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmetrics.gateway.client_address import TrustedProxies, client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


async def seen(peer, *headers, scheme="http"):
    """The client's address and the scheme, as the application behind the middleware sees them."""
    scope = {"type": "http", "client": peer, "scheme": scheme, "headers": list(headers)}

    async def app(scope, _receive, _send):
        pass

    await TrustedProxies(app, PROXIES)(scope, None, None)
    return client_address(scope), scope["scheme"]


def x_for(text):
    return b"x-forwarded-for", text.encode("latin-1")


PROXY = ("10.0.0.1", 4711)


@pytest.mark.parametrize(
    ("sent", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:8080", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        # What the client itself sent stands left of what the proxy saw.
        ("1.2.3.4, 203.0.113.7", "203.0.113.7"),
        ("1.2.3.4, 203.0.113.7, 10.9.9.9, fd00::1", "203.0.113.7"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        # Garbage is where nothing more can be known.
        ("203.0.113.7, rubbish", "10.0.0.1"),
        ("203.0.113.7, rubbish, 10.2.2.2", "10.2.2.2"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("fe80::1%eth0", "10.0.0.1"),
        ("1.2.3.4.5", "10.0.0.1"),
        ("9" * 5000, "10.0.0.1"),
    ],
)
async def test_the_nearest_hop_that_is_not_trusted_is_the_client(sent, client):
    assert (await seen(PROXY, x_for(sent)))[0] == client


async def test_several_headers_are_one_list():
    assert (await seen(PROXY, x_for("1.2.3.4"), x_for("203.0.113.7")))[0] == "203.0.113.7"


async def test_a_stranger_is_no_proxy():
    headers = [x_for("1.2.3.4"), (b"x-forwarded-proto", b"https"), (b"forwarded", b"for=1.2.3.4;proto=https")]
    assert await seen(("203.0.113.9", 1), *headers) == ("203.0.113.9", "http")
    assert await seen(None, *headers) == ("unknown", "http")
    assert await seen(("", 0), *headers) == ("unknown", "http")


@pytest.mark.parametrize(
    ("sent", "client", "scheme"),
    [
        (b"for=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7", "https"),
        (b'For="[2001:db8::1]:4711"; Proto=HTTPS', "2001:db8::1", "https"),
        (b"for=1.2.3.4, for=203.0.113.7", "203.0.113.7", "http"),
        (b"for=_hidden", "10.0.0.1", "http"),
        (b'for="1.2.3.4', "10.0.0.1", "http"),
        (b"proto=gopher", "10.0.0.1", "http"),
    ],
)
async def test_forwarded_counts_where_there_is_no_x_forwarded_for(sent, client, scheme):
    assert await seen(PROXY, (b"forwarded", sent)) == (client, scheme)
    # A client can add this header to what a proxy that writes the other one passes on.
    assert await seen(PROXY, x_for("203.0.113.9"), (b"forwarded", sent)) == ("203.0.113.9", "http")


async def test_the_scheme_is_the_one_that_the_nearest_proxy_saw():
    assert (await seen(PROXY, (b"x-forwarded-proto", b"https, http")))[1] == "http"
    assert (await seen(PROXY, (b"x-forwarded-proto", b"https")))[1] == "https"
    assert (await seen(PROXY, (b"x-forwarded-proto", b"rubbish")))[1] == "http"


@given(sent=st.binary(max_size=200), name=st.sampled_from([b"x-forwarded-for", b"forwarded"]))
async def test_nothing_that_is_sent_breaks_it(sent, name):
    await seen(PROXY, (name, sent), (b"x-forwarded-proto", sent))
