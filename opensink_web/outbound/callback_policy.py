"""Which URLs results may be sent to: the guard of callbacks, stricter than that of endpoints.

Whoever may start an execution names the URL, not an admin, so that a host has to be listed, HTTPS
is all that is spoken, and a listed host may still not lead to a private address. The check of a
submitted URL asks the name server and remembers the answer for a while; what counts is the guard
at the connection, which asks `objection` and `allows` about the very address connected to.
"""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from opensink_web.outbound.destination import Destination, InvalidDestination, parse_destination
from opensink_web.outbound.policy import EndpointPolicy, refusal
from opensink_web.outbound.resolver import resolve

ANY_HOST = "*"
LOOKUP_TIMEOUT_SECONDS = 3.0
REMEMBERED_SECONDS = 30.0
REMEMBERED_FAILURE_SECONDS = 2.0
REMEMBERED_HOSTS = 256


class CallbackPolicy:
    """Permits https URLs on listed hosts at public addresses. Safe to share between threads.

    `hosts` are exact names or addresses, or `*` for any; without one callbacks are disabled.
    `allow_cidrs` are addresses permitted besides public ones.
    """

    def __init__(self, hosts: tuple[str, ...], allow_cidrs: tuple[str, ...] = ()) -> None:
        self._takes_any_host = ANY_HOST in hosts
        self._hosts = frozenset(_canonical(host) for host in hosts if host != ANY_HOST)
        self._is_enabled = bool(hosts)
        self._addresses = EndpointPolicy.from_entries(allow_cidrs)
        self._lookups = _Lookups(self._look_up)

    def check_url(self, url: str) -> str | None:
        """Say in a sentence why results cannot be sent to this URL, or None.

        Asks the name server, LOOKUP_TIMEOUT_SECONDS at most, once in a while for each host.
        """
        if not self._is_enabled:
            return _DISABLED
        try:
            destination = parse_destination(url)
        except InvalidDestination as reason:
            return str(reason)
        return self.objection(destination) or self._check_addresses(destination)

    def objection(self, destination: Destination) -> str | None:
        """Say in a sentence why this destination is not called whatever its address, or None."""
        if not self._is_enabled:
            return _DISABLED
        if destination.scheme != "https":
            return "A callback's URL must start with https://."
        host = destination.host.removesuffix(".")
        if self._takes_any_host or host in self._hosts:
            return None
        return (
            f"Callbacks to {host} are not permitted. "
            "Whoever runs this server can permit the host with CALLBACK_URL_HOSTS."
        )

    def allows(self, host: str, address: str) -> bool:
        """Return True if `host` may be reached at `address` (as a socket reports it)."""
        return self._addresses.allows(host, address)

    def refusal(self, host: str, address: str) -> str:
        """Say that an address is refused, and who can change that."""
        return refusal(host, address, "CALLBACK_ALLOW_CIDRS")

    def _check_addresses(self, destination: Destination) -> str | None:
        if destination.address is not None:
            return self._check_address(destination.host, str(destination.address))
        return self._lookups.verdict(destination.host)

    def _check_address(self, host: str, address: str) -> str | None:
        return None if self.allows(host, address) else self.refusal(host, address)

    def _look_up(self, host: str) -> str | None:
        try:
            addresses = resolve(host, 443, LOOKUP_TIMEOUT_SECONDS)
        except TimeoutError:
            return f"The name {host} could not be looked up in time. Try again in a moment."
        except socket.gaierror:
            return f"The name {host} could not be found. Check the callback's URL."
        verdicts = (self._check_address(host, address) for address in addresses)
        return next((verdict for verdict in verdicts if verdict is not None), None)


_DISABLED = (
    "Callbacks are disabled on this server. "
    "Whoever runs it can permit hosts with CALLBACK_URL_HOSTS."
)


@dataclass(slots=True)
class _Lookup:
    """One question to the name server; those who ask meanwhile wait for the same answer."""

    verdict: Future[str | None] = field(default_factory=Future)
    fresh_until: float = float("inf")

    def run(self, look_up: Callable[[str], str | None], host: str) -> None:
        try:
            verdict = look_up(host)
        except BaseException as error:
            self.verdict.set_exception(error)
            self.fresh_until = 0.0
            raise
        lifetime = REMEMBERED_SECONDS if verdict is None else REMEMBERED_FAILURE_SECONDS
        self.fresh_until = time.monotonic() + lifetime
        self.verdict.set_result(verdict)


class _Lookups:
    """What was found out about hosts a moment ago; refusals for less, because names get mended."""

    def __init__(self, look_up: Callable[[str], str | None]) -> None:
        self._look_up = look_up
        self._lock = threading.Lock()
        self._known: dict[str, _Lookup] = {}

    def verdict(self, host: str) -> str | None:
        lookup, is_new = self._find(host)
        if is_new:
            lookup.run(self._look_up, host)
        return lookup.verdict.result()

    def _find(self, host: str) -> tuple[_Lookup, bool]:
        with self._lock:
            known = self._known.get(host)
            if known is not None and time.monotonic() < known.fresh_until:
                return known, False
            self._known.pop(host, None)
            if len(self._known) >= REMEMBERED_HOSTS:
                del self._known[next(iter(self._known))]
            made = self._known[host] = _Lookup()
            return made, True


def _canonical(host: str) -> str:
    """Spell a listed host as a parsed URL does: lower case, punycode, no dot at the end.

    Raises: InvalidDestination
    """
    bracketed = f"[{host}]" if ":" in host else host
    return parse_destination(f"https://{bracketed}/").host.removesuffix(".")
