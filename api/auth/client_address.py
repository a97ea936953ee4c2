"""Where a request comes from, and the hash that stands for it.

The hash is keyed, covers one UTC day, and (IPv6) the /64 that a household has: it can neither be reversed nor
linked across days.
"""

import hmac
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from starlette.requests import Request

from pipeline.net.networks import Address, Network

X_FORWARDED_FOR, FORWARDED = "x-forwarded-for", "forwarded"
MOST_PROXIES = 100  # that a request may have come through
NO_PEER = IPv4Address("127.0.0.1")  # a socket without addresses is a local one


def client_address(request: Request, trusted: Sequence[Network], header: str = X_FORWARDED_FOR) -> Address:
    """The peer; through trusted proxies the right-most address in `header` that is none of them.

    One header alone is read: the proxies see to that one, and the other would be the client's own words.
    """
    peer = parsed(request.client.host) if request.client else None
    address = peer or NO_PEER
    if not any(address in network for network in trusted):
        return address
    forwarded = ",".join(request.headers.getlist(header)).rsplit(",", MOST_PROXIES)
    if header == FORWARDED:
        forwarded = [_for(element) for element in forwarded]
    while forwarded and any(address in network for network in trusted):
        before = parsed(forwarded.pop())
        if before is None:
            break
        address = before
    return address


def ip_hash(secret: bytes, day: date, address: Address) -> str:
    """HMAC-SHA256 in hex over the UTC date and the address (IPv6: its /64)."""
    return hmac.new(secret, f"{day.isoformat()}|{subscriber(address)}".encode(), sha256).hexdigest()


def subscriber(address: Address) -> IPv4Address | IPv6Network:
    """What one household has: an IPv4 address, or the /64 of an IPv6 address."""
    return IPv6Network((address, 64), strict=False) if isinstance(address, IPv6Address) else address


def _for(element: str) -> str:
    """The node of an element of `Forwarded` (RFC 7239, section 4); empty where it names none."""
    for pair in element.split(";"):
        name, _, value = pair.strip().partition("=")
        if name.lower() == "for":
            return value.strip().strip('"')
    return ""


def parsed(text: str) -> Address | None:
    """An address as headers and sockets write it, with or without a port; an IPv4 one mapped to IPv6 as IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
