"""Who is calling, over which scheme and below which path, when a reverse proxy stands before us.

X-Forwarded-For is a list to which each proxy adds whom it heard from; whatever stands to the left
of what trusted proxies added, the caller may have made up.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For
"""

import ipaddress
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

from flask import Flask
from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_Network: TypeAlias = IPv4Network | IPv6Network


def trust_proxies(app: Flask, trusted: Sequence[str]) -> None:
    """Believe these proxies: a single number of them in a row, or addresses and CIDRs."""
    if not trusted:
        return
    if trusted[0].isdecimal():
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=int(trusted[0]), x_prefix=1)  # type: ignore[method-assign]  # Flask's documented way
    else:
        networks = [ipaddress.ip_network(each) for each in trusted]
        app.wsgi_app = _KnownProxies(app.wsgi_app, networks)  # type: ignore[method-assign]  # as above


class _KnownProxies:
    """Counts how many known proxies the request came through, and believes as many."""

    def __init__(self, application: "WSGIApplication", networks: Sequence[_Network]) -> None:
        self._application = application
        self._networks = networks

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        count = self._known_in_a_row(environ)
        fixed = ProxyFix(
            self._application, x_for=count, x_proto=min(count, 1), x_prefix=min(count, 1)
        )
        return fixed(environ, start_response)

    def _known_in_a_row(self, environ: "WSGIEnvironment") -> int:
        """Count from this server outwards; what the outermost one says is still believed."""
        said = parse_list_header(environ.get("HTTP_X_FORWARDED_FOR", ""))
        heard_from = [environ.get("REMOTE_ADDR", ""), *reversed(said)][: len(said) or 1]
        return sum(1 for _ in takewhile(self._is_known, heard_from))

    def _is_known(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks)
