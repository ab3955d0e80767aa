"""An endpoint's URL, taken apart once and strictly: what was checked is what is connected to.

Follows RFC 3986 and, for hosts that are numbers, the WHATWG URL standard
(https://url.spec.whatwg.org/#ends-in-a-number-checker): every spelling of an IPv4 address but
the plain dotted one is refused, so that no resolver reads an address into it later.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from opensink_web.outbound.addresses import Address, parse_address

MAX_URL_LENGTH = 4096
DEFAULT_PORTS = {"http": 80, "https": 443}

_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u1680\u2000-\u200f\u2028-\u202f\u3000]")
_START = re.compile(r"(?:http|https)://[^/?#]", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PLAIN_IPV4 = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")


class InvalidDestination(Exception):
    """The URL can never be called; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads. `host` is lower-case ASCII (punycode), an IPv6 address without brackets,
    and may end with a dot; `address` is set if the host is an address; `path` includes the query.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None


@lru_cache(maxsize=256)
def parse_destination(url: str) -> Destination:
    """Take a URL apart.

    Raises: InvalidDestination.
    """
    _check_text(url)
    parts = _split(url)
    scheme, port = parts.scheme or "", parts.port
    if port == 0:
        raise InvalidDestination("The URL has port 0; ports go from 1 to 65535.")
    host, address = _host(parts.host or "")
    return Destination(scheme, host, port or DEFAULT_PORTS[scheme], parts.request_uri, address)


def _check_text(url: str) -> None:
    if len(url) > MAX_URL_LENGTH:
        raise InvalidDestination(f"The URL is longer than {MAX_URL_LENGTH} characters.")
    if _FORBIDDEN_CHARACTERS.search(url):
        raise InvalidDestination(
            "The URL has a space, a backslash or a control character in it; encode it (%20, %5C)."
        )
    if not _START.match(url):
        raise InvalidDestination("The URL must start with http:// or https:// and a host name.")
    if "@" in re.split(r"[/?#]", url, maxsplit=3)[2]:
        raise InvalidDestination(
            "The URL has a user name or password in it; send them in a header instead."
        )


def _split(url: str) -> Url:
    try:
        return parse_url(url)
    except LocationParseError:
        raise InvalidDestination(
            "The URL is not well-formed: check its host name and port (1 to 65535)."
        ) from None


def _host(host: str) -> tuple[str, Address | None]:
    if host.startswith("["):
        return _ipv6_host(host[1:-1])
    name = host.removesuffix(".")
    labels = name.split(".")
    if _NUMBER_LABEL.fullmatch(labels[-1]):
        return _ipv4_host(name)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidDestination("The URL's host is not a valid host name.")
    return host, None


def _ipv6_host(text: str) -> tuple[str, Address]:
    address = None if "%" in text else parse_address(text)
    if not isinstance(address, IPv6Address):
        raise InvalidDestination("The URL's host is not a valid IPv6 address (without a zone).")
    return str(address), address


def _ipv4_host(text: str) -> tuple[str, Address]:
    address = parse_address(text) if _PLAIN_IPV4.fullmatch(text) else None
    if address is None:
        raise InvalidDestination(
            "The URL's host is a number. Write an address as four decimal numbers, as in 192.0.2.1."
        )
    return text, address
