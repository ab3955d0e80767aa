"""What an IP address means to a guard: public or special, and which addresses hide inside it.

The ranges are written out, not asked of `ipaddress.is_global`, whose answers differ between
Python releases. They follow the IANA special-purpose registries
(https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry).
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

METADATA_ADDRESSES: frozenset[Address] = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, Oracle, DigitalOcean and most others
        "169.254.170.2",  # AWS ECS task credentials
        "169.254.170.23",  # AWS EKS pod identity
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure's host agent, in an otherwise public range
        "192.0.0.192",  # Oracle Cloud classic
        "fd00:ec2::254",  # AWS over IPv6
        "fd00:ec2::23",  # AWS EKS pod identity over IPv6
        "fd20:ce::254",  # Google over IPv6
        "fd00:c1::a9fe:a9fe",  # Oracle over IPv6
        "fd00:42::42",  # Scaleway over IPv6
    )
)

_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network": Linux connects 0.0.0.0 to itself
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent
        "169.254.0.0/16",  # link-local
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relay anycast, deprecated
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the broadcast address
    )
)
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments: benchmarking, ORCHID and others
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
# An address in these is public if the IPv4 addresses inside it are.
_TRANSLATED = tuple(
    IPv6Network(text)
    for text in (
        "::ffff:0:0/96",  # IPv4-mapped
        "64:ff9b::/96",  # NAT64
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
    )
)
_COMPATIBLE = IPv6Network("::/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")  # RFC 5214, section 6.1


def parse_address(text: str) -> Address | None:
    """Read an address as sockets report it; a scope (`%eth0`) is dropped."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def embedded_addresses(address: Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that traffic to this IPv6 address would be passed on to."""
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64 or address in _COMPATIBLE:
        return (IPv4Address(address.packed[12:]),)
    if address in _LOCAL_NAT64:
        return _in_local_nat64(address.packed)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.packed[8:12] in _ISATAP:
        return (IPv4Address(address.packed[12:]),)
    return address.teredo or ()


def _in_local_nat64(packed: bytes) -> tuple[IPv4Address, ...]:
    """Read the address at every place where RFC 6052, section 2.2, lets a prefix put it."""
    places = (packed[6:8] + packed[9:11], packed[7:8] + packed[9:12], packed[9:13], packed[12:])
    return tuple(IPv4Address(each) for each in places)


def is_translated(address: Address) -> bool:
    """Return True if this address is nothing but a way to write the IPv4 addresses in it."""
    return isinstance(address, IPv6Address) and any(address in each for each in _TRANSLATED)


def is_public(address: Address) -> bool:
    """Return True if this is a host on the public internet, whatever way it is written."""
    if not all(map(is_public, embedded_addresses(address))):
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    if is_translated(address):
        return True
    return address in _GLOBAL_UNICAST_V6 and not any(address in each for each in _SPECIAL_V6)
