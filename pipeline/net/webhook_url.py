"""Where a webhook may be sent: https to public addresses, and to networks that the operator allows.

A name is judged by the addresses that it resolves to at the moment of sending, and the connection is made to the very
address that was judged: a name that resolves to another a moment later gains nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from pipeline.net.networks import Address, Network, networks

MAX_CHARS = 2_000
PORTS = {"https": 443, "http": 80}

# What isn't the internet's by IANA's registries of special-purpose addresses, and clouds' metadata services. Python's
# tables are asked too, for what is registered later, but what they say depends on its version.
_IPV4 = (
    *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16"),  # this network, this machine, this link
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),  # private, or shared
    *("192.0.0.0/24", "168.63.129.16/32"),  # protocols; the metadata of Oracle's cloud is there, then Azure's
    *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),  # documentation, benchmarks
    *("192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"),  # 6to4's relays, multicast, reserved
)
_IPV6 = (
    # All but 2000::/3: private, link- and site-local, multicast, segment routing, translators to IPv4, reserved
    *("::/3", "4000::/2", "8000::/1"),
    # Protocols, Teredo and ORCHID; 6to4. What leads to IPv4 may lead to the inside
    *("2001::/23", "2002::/16"),
    *("2001:db8::/32", "3fff::/20"),  # documentation
)
_REFUSED = networks([*_IPV4, *_IPV6])


class BadUrl(ValueError):
    """Not a URL that webhooks can be sent to. The message is safe to show."""


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """`host` as it goes into Host and TLS, an IPv6 address without brackets; `target`: path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str, allowed: Sequence[Network]) -> WebhookUrl:
    """Without asking the resolver: an address in the URL is judged already, a name is not. Raises BadUrl."""
    if len(url) > MAX_CHARS or not all("!" <= letter <= "~" for letter in url):
        raise BadUrl(f"Must be a URL of at most {MAX_CHARS} characters, in ASCII.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadUrl("Must be a URL.") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed):
        raise BadUrl("Must begin with https://.")
    if not host or parts.username is not None or parts.fragment or "%" in host or port == 0:
        raise BadUrl("Must have a host, and neither user nor fragment.")
    parsed = WebhookUrl(parts.scheme, host, port or PORTS[parts.scheme], _target(parts.path, parts.query))
    literal = _literal(host)
    if literal is not None and not may_send(parsed, literal, allowed):
        raise BadUrl("Must be a public address.")
    return parsed


def may_send(url: WebhookUrl, address: Address, allowed: Sequence[Network]) -> bool:
    """Whether this address may be connected to for this URL; in clear to allowed networks only."""
    address = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
    if any(address in network for network in allowed):
        return True
    return url.scheme == "https" and _is_public(address)


def _is_public(address: Address) -> bool:
    return address.is_global and not any(address in network for network in _REFUSED)


def _target(path: str, query: str) -> str:
    return (path or "/") + (f"?{query}" if query else "")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
