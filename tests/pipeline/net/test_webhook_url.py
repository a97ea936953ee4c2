"""Where webhooks may go: public addresses over https, and what the operator allows."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from pipeline.net.networks import networks
from pipeline.net.webhook_url import BadUrl, WebhookUrl, may_send, parse

INSIDE = networks(["10.1.0.0/16", "fd00:1::/64"])
HTTPS = WebhookUrl("https", "example.org", 443, "/")
HTTP = WebhookUrl("http", "example.org", 80, "/")
# IANA's registries of special-purpose addresses: what isn't globally reachable, or leads somewhere else. Then
# multicast, and site-local addresses, which stand in no registry any more.
SPECIAL = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24"),
    *("192.88.99.0/24", "192.88.99.2/32", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32"),
    *("::1/128", "::/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23"),
    *("2001::/32", "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28", "2001:db8::/32"),
    *("2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10"),
    *("224.0.0.0/4", "ff00::/8", "fec0::/10"),
]


@pytest.mark.parametrize(
    ("url", "parsed", "authority"),
    [
        ("https://example.org", WebhookUrl("https", "example.org", 443, "/"), "example.org"),
        (
            "https://Example.org:8443/a?b=c",
            WebhookUrl("https", "example.org", 8443, "/a?b=c"),
            "example.org:8443",
        ),
        ("https://[2606:4700::1]/x", WebhookUrl("https", "2606:4700::1", 443, "/x"), "[2606:4700::1]"),
    ],
)
def test_a_url_is_read(url: str, parsed: WebhookUrl, authority: str) -> None:
    assert parse(url, ()) == parsed
    assert parsed.authority == authority


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "ftp://example.org/", "example.org/hook", "https://", "https:///hook"),
        *("https://user@example.org/", "https://user:pw@example.org/", "https://example.org/#part"),
        *("https://example.org:0/", "https://example.org:70000/", "https://example.org:x/", "https://[::1"),
        *("https://example.org/a b", "https://example.org/\r\nX: y", "https://exämple.org/"),
        *("https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/", "https://[fe80::1%25eth0]/"),
        "https://example.org/" + "x" * 2_000,
    ],
)
def test_what_webhooks_cant_be_sent_to_is_refused_at_once(url: str) -> None:
    with pytest.raises(BadUrl):
        parse(url, ())


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "1.1.1.1", "192.88.98.1", "2606:4700:4700::1111", "2a00:1450::1", "2001:200::1"],
)
def test_public_addresses_may_be_sent_to_with_tls_alone(address: str) -> None:
    assert may_send(HTTPS, ip_address(address), INSIDE)
    assert not may_send(HTTP, ip_address(address), INSIDE)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
        *("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "192.0.2.1"),
        *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
    ],
)
def test_addresses_that_are_not_the_internets_are_refused(address: str) -> None:
    assert not may_send(HTTPS, ip_address(address), INSIDE)


@pytest.mark.parametrize("block", SPECIAL)
def test_special_purpose_addresses_are_refused_whatever_pythons_tables_say(
    block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (IPv4Address, IPv6Address):
        monkeypatch.setattr(version, "is_global", property(lambda _: True))
    network = ip_network(block)
    for address in (network[0], network[network.num_addresses // 2], network[-1]):
        assert not may_send(HTTPS, address, ())
        if isinstance(address, IPv4Address):
            assert not may_send(HTTPS, ip_address(f"::ffff:{address}"), ())


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5"])
def test_allowed_networks_may_be_sent_to_in_clear_too(address: str) -> None:
    assert may_send(HTTPS, ip_address(address), INSIDE)
    assert may_send(HTTP, ip_address(address), INSIDE)
    assert parse("http://10.1.2.3:9000/hook", INSIDE).port == 9_000
