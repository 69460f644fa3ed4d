"""Networks from which a credential may be used, in CIDR notation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


class InvalidNetwork(Exception):
    """One of the networks is none; `index` says which."""

    def __init__(self, text: str, index: int) -> None:
        super().__init__(
            f"`{text}` is no network. Write an address, or a network like 203.0.113.0/24 "
            "whose address has no bits beyond its prefix."
        )
        self.index = index


def normal_networks(texts: Sequence[str]) -> list[str]:
    """The networks in their one form, without repetition. Raises InvalidNetwork."""
    found: dict[str, None] = {}
    for index, text in enumerate(texts):
        try:
            found[str(ip_network(text))] = None
        except ValueError:
            raise InvalidNetwork(text, index) from None
    return list(found)


def parsed(texts: Iterable[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def admits(networks: Sequence[Network], address: str | None) -> bool:
    """Whether an address is in one of the networks; where there are none, every address is welcome."""
    if not networks:
        return True
    try:
        found: IPv4Address | IPv6Address = ip_address(address or "")
    except ValueError:
        return False
    # A dual socket shows an IPv4 client as ::ffff:203.0.113.7.
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in networks)


def counted_as(address: str) -> str:
    """What somebody's requests are counted by: their address; with IPv6 its /64, all of which they have."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
