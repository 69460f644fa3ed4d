"""Requests to addresses that others chose: over HTTPS, and never into a network of our own.

A name is resolved here, every address that it has is looked at, and the connection goes
to one of just these. So a name that points elsewhere the next moment leads nowhere, and a
redirect is an answer like any other, never followed.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import httpcore

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[list[Address]]]

LONGEST_URL = 2000
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
# Translators of addresses carry an IPv4 address within, which may be anyone.
TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


class UnfitUrl(Exception):
    """Nothing can be sent to such a URL; the message says why."""


class AddressRefused(Exception):
    """The host has an address that nothing is ever sent to."""

    def __init__(self) -> None:
        super().__init__("The host has an address that is not public.")


class SendingFailed(Exception):
    """There was no answer; the message says what happened."""


def host_of(url: str) -> str:
    """The host of a URL that something may be sent to, as far as the URL itself tells. Raises UnfitUrl."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise UnfitUrl(f"A URL has at most {LONGEST_URL} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UnfitUrl("This is no URL.") from None
    if parts.scheme != "https" or not host or port == 0:
        raise UnfitUrl("Send a URL that starts with https://.")
    if parts.username is not None or parts.password is not None or parts.fragment or "\\" in url:
        raise UnfitUrl("Leave out the user, the password and the fragment.")
    address = _literal(host)
    if address is not None and not is_public(address):
        raise UnfitUrl("Send a URL whose host is public.")
    return host


def is_public(address: Address) -> bool:
    """Whether anybody on the internet has it, and nobody else."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None or address.is_site_local:
            return False
        if any(address in network for network in TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a host. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))


class Outbound:
    """Sends to public addresses, and to those of `also`, networks that the operator allows."""

    def __init__(self, also: Sequence[Network] = (), resolver: Resolve = resolve) -> None:
        self._also = also
        self._resolve = resolver

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer, of which nothing more is read.

        Raises UnfitUrl, AddressRefused, SendingFailed.
        """
        if not url.isascii() or urlsplit(url).scheme != "https":
            raise UnfitUrl("Only https is spoken.")
        try:
            async with (
                asyncio.timeout(TOTAL_SECONDS),
                httpcore.AsyncConnectionPool(
                    ssl_context=ssl.create_default_context(),
                    network_backend=_Checked(self._addresses),
                    max_connections=1,
                ) as pool,
                pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
            ):
                return response.status
        except TimeoutError:
            raise SendingFailed(f"No answer came within {TOTAL_SECONDS:g} s.") from None
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise SendingFailed(_told(error)) from error

    async def _addresses(self, host: str, port: int) -> list[Address]:
        """Those of a host, all of which may be sent to. Raises AddressRefused, OSError."""
        found = await self._resolve(host, port)
        if not found or not all(map(self._is_allowed, found)):
            raise AddressRefused
        return found

    def _is_allowed(self, address: Address) -> bool:
        return is_public(address) or any(address in network for network in self._also)


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked at, never to a name."""

    def __init__(self, addresses: Resolve) -> None:
        self._addresses = addresses
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore names it.
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = AddressRefused()
        for address in await self._addresses(host, port):
            try:
                return await self._backend.connect_tcp(str(address), port, CONNECT_SECONDS)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore names it.
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _literal(host: str) -> Address | None:
    """The address that a host is, in any of the forms that resolvers take: 127.1 is 127.0.0.1."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _told(error: Exception) -> str:
    """What the owner of a channel may know of a failure: what happened, not what was read or where."""
    if isinstance(error.__cause__ or error, socket.gaierror) or isinstance(error, socket.gaierror):
        return "The host has no address."
    if "certificate" in str(error).lower():
        return "The certificate of the host is not valid."
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout):
        return "The host could not be connected to."
    return "The host did not answer as it should."
