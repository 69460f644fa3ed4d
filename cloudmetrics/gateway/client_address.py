"""Where a request comes from: behind a proxy only where that proxy is trusted.

A proxy appends to `X-Forwarded-For` the address that it was called from, so the
list is true only from its right end up to the first hop that is not trusted;
whatever stands further left may have been sent by anybody. `Forwarded` (RFC 7239)
counts where there is no `X-Forwarded-For`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from cloudmetrics.contract import ASGIApp, Receive, Request, Scope, Send

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
IN_FORWARDED = re.compile(r'(?:^|;)\s*(for|proto)\s*=\s*("[^"]*"|[^";\s]*)\s*(?=;|$)', re.IGNORECASE)
WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::\d+)?|(?P<v4>[^:]*):\d+")


def client_address(request: Request | Mapping[str, Any]) -> str:
    """The address of whoever sent a request, or its ASGI scope: `203.0.113.7`, `2001:db8::1`.

    `unknown` where there is none, as on a socket of the file system.
    """
    scope = request.scope if isinstance(request, Request) else request
    client = scope.get("client")
    return str(client[0]) if client and client[0] else UNKNOWN


class TrustedProxies:
    """ASGI middleware: puts in place of a trusted proxy the client that it stands for, and its scheme."""

    def __init__(self, app: ASGIApp, trusted: tuple[Network, ...]) -> None:
        self.app = app
        self.trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            self.trusted
            and scope["type"] == "http"
            and self._trusts(peer := read_address(client_address(scope)))
        ):
            hops = _Hops(scope["headers"])
            client = self._client(peer, hops)
            scope["client"] = (str(client), 0)
            scope["scheme"] = hops.scheme() or scope["scheme"]
        await self.app(scope, receive, send)

    def _client(self, peer: Address | None, hops: _Hops) -> Address | None:
        """The nearest hop that is not trusted. A hop that cannot be read ends the way before it."""
        client = peer
        for hop in hops.addresses():
            if hop is None:
                break
            client = hop
            if not self._trusts(hop):
                break
        return client

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.trusted)


class _Hops:
    """What proxies say of the way of a request, the nearest first."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self._for = _joined(headers, b"x-forwarded-for")
        self._proto = _joined(headers, b"x-forwarded-proto")
        self._forwarded = _joined(headers, b"forwarded")

    def addresses(self) -> Iterator[Address | None]:
        if self._for:
            yield from map(read_address, _from_the_right(self._for))
        else:
            yield from (read_address(hop.get("for", "")) for hop in self._elements())

    def scheme(self) -> str | None:
        """How the client reached the nearest proxy: `http` or `https`."""
        found: str | None = next(_from_the_right(self._proto), None) if self._proto else None
        if found is None and not self._for:
            found = next(self._elements(), {}).get("proto")
        return found.lower() if found and found.lower() in ("http", "https") else None

    def _elements(self) -> Iterator[dict[str, str]]:
        for element in _from_the_right(self._forwarded) if self._forwarded else ():
            yield {found[1].lower(): found[2].strip('"') for found in IN_FORWARDED.finditer(element)}


def read_address(text: str) -> Address | None:
    """An address as proxies write it, with or without a port; None where it is none."""
    text = text.strip()
    if "%" in text:
        return None  # A zone means something only on the machine that wrote it.
    if found := WITH_PORT.fullmatch(text):
        text = found["v6"] if found["v6"] is not None else found["v4"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _joined(headers: list[tuple[bytes, bytes]], name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in headers if key == name)


def _from_the_right(text: str) -> Iterator[str]:
    end = len(text)
    while end >= 0:
        comma = text.rfind(",", 0, end)
        yield text[comma + 1 : end].strip()
        end = comma
