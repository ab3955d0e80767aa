"""Which endpoints may be called: the guard against requests forged through our server (SSRF).

Follows the OWASP cheat sheet on Server-Side Request Forgery Prevention. Checking a URL when it is
saved is a courtesy to whoever types it; the guard itself asks `allows` for every address that is
about to be connected to, so names that change their mind (DNS rebinding) gain nothing.
"""

import logging
from dataclasses import dataclass
from ipaddress import ip_network
from typing import ClassVar, Protocol, Self

from opensink_web.outbound.addresses import (
    METADATA_ADDRESSES,
    Address,
    Network,
    embedded_addresses,
    is_public,
    is_translated,
    parse_address,
)
from opensink_web.outbound.destination import Destination, InvalidDestination, parse_destination

_log = logging.getLogger("opensink.outbound")
_LOOPBACK = ("127.0.0.1", "::1")


class Policy(Protocol):
    """What the guard asks before it connects."""

    def objection(self, destination: Destination) -> str | None:
        """Say in a sentence why this destination is not called whatever its address, or None."""

    def allows(self, host: str, address: str) -> bool:
        """Return True if `host` may be reached at `address` (as a socket reports it)."""

    def refusal(self, host: str, address: str) -> str:
        """Say that an address is refused, and who can change that."""


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """What is permitted besides public addresses: entries add to them and take nothing away.

    A CIDR permits its addresses under any name. A host name permits any address that name leads
    to; `*.suffix` does so for every name below the suffix, not for the suffix itself. A cloud's
    metadata address is permitted by nothing but its own CIDR (/32 or /128).
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()
    setting: ClassVar[str] = "EXECUTION_ENDPOINT_HOSTS"
    """Where the entries stand."""

    @classmethod
    def from_entries(cls, entries: tuple[str, ...]) -> Self:
        """Build the policy from checked, lower-case entries; an address alone is its own CIDR."""
        networks = tuple(each for each in map(_network, entries) if each is not None)
        names = [entry.removesuffix(".") for entry in entries if _network(entry) is None]
        return cls(
            networks=networks,
            hosts=frozenset(name for name in names if not name.startswith("*.")),
            suffixes=tuple(name[1:] for name in names if name.startswith("*.")),
        )

    def check_url(self, url: str) -> str | None:
        """Say in a sentence why this URL can never be called, or None. Asks no name server."""
        return check_url(self, url)

    def objection(self, destination: Destination) -> str | None:
        """Object to no destination: its address decides."""
        return None

    def allows(self, host: str, address: str) -> bool:
        """Return True if `host` may be reached at `address` (as a socket reports it)."""
        parsed = parse_address(address)
        if parsed is None:
            return False
        if METADATA_ADDRESSES.intersection((parsed, *embedded_addresses(parsed))):
            return any(_is_exactly(network, parsed) for network in self.networks)
        return self._names(host) or self._permits(parsed)

    def lists(self, destination: Destination) -> bool:
        """Return True if an entry is for this destination, whether its address is public or not."""
        address = destination.address
        is_inside = address is not None and any(address in network for network in self.networks)
        return is_inside or self._names(destination.host)

    def refusal(self, host: str, address: str) -> str:
        """Say that an address is refused, and who can change that."""
        return refusal(host, address, self.setting)

    def _names(self, host: str) -> bool:
        name = host.lower().removesuffix(".")
        return name in self.hosts or name.endswith(self.suffixes)

    def _permits(self, address: Address) -> bool:
        if any(address in network for network in self.networks):
            return True
        if is_translated(address):
            return all(self._permits(each) for each in embedded_addresses(address))
        return is_public(address)


def check_url(policy: Policy, url: str) -> str | None:
    """Say in a sentence why a policy never lets this URL be called. Asks no name server."""
    try:
        destination = parse_destination(url)
    except InvalidDestination as reason:
        return str(reason)
    if objection := policy.objection(destination):
        return objection
    addresses = _known_addresses(destination)
    if not addresses or any(policy.allows(destination.host, each) for each in addresses):
        return None
    return policy.refusal(destination.host, addresses[0])


def refusal(host: str, address: str, setting: str) -> str:
    """Say that an address is refused, and by which setting it can be permitted.

    Where a name leads stands in the log alone: whoever reads a refusal may be a stranger to this
    network, and would learn its addresses by asking for names.
    """
    if host == address:
        return (
            f"{address} is not a public address, so it is not called. "
            f"Whoever runs this server can permit it with {setting}."
        )
    _log.warning("%s leads to %s, which is not permitted (%s)", host, address, setting)
    return (
        f"{host} does not lead to public addresses alone, so it is not called. Whoever runs this "
        f"server finds the address in its log, and can permit it with {setting}."
    )


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry.strip("[]"))
    except ValueError:
        return None


def _is_exactly(network: Network, address: Address) -> bool:
    return network.prefixlen == network.max_prefixlen and network.network_address == address


def _known_addresses(destination: Destination) -> tuple[str, ...]:
    """What is known of a destination without asking: RFC 6761 fixes localhost to loopback."""
    if destination.address is not None:
        return (str(destination.address),)
    name = destination.host.removesuffix(".")
    return _LOOPBACK if name == "localhost" or name.endswith(".localhost") else ()
