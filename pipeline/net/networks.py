"""Networks as operators name them in settings."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Raises ValueError, naming the entry that is no network."""
    return tuple(ip_network(text, strict=False) for text in texts)
