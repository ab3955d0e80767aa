"""How the text of a setting is read and checked; which settings there are stands in settings.py.

A reader takes the text that an operator wrote, "" if nothing, and returns the value. It raises
NotValid with what is wrong, in words that follow the setting's name.
"""

import ipaddress
import re
import ssl
from collections.abc import Callable
from email.utils import formataddr, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MAX_PROXIES_IN_A_ROW = 10
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z0-9-]+")
_PATH = re.compile(r"(?:/(?!\.)[A-Za-z0-9._~-]+)*")
# A name whose last label is no number, which would be read as an address.
_HOST = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_-]{1,63}\.)*(?!(?:[0-9]+|0x[0-9a-f]*)\.?$)[a-z0-9_-]{1,63}\.?"
)

Reader = Callable[[str], Any]


class NotValid(Exception):
    """The text of a setting is wrong; the message goes on after the setting's name."""


def whole_number(least: int, most: int) -> Reader:
    """Return a reader of whole numbers in this range."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise NotValid(f"must be a whole number from {least} to {most}")
        return number

    return read


def switch(text: str) -> bool:
    """Read whether something is on: `1` alone says so."""
    return text == "1"


def folder(text: str) -> Path:
    """Read a path, which is made absolute."""
    return Path(text).absolute()


def listed(text: str) -> tuple[str, ...]:
    """Read what is separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def names(text: str) -> tuple[str, ...]:
    """Read host names, patterns and CIDRs, of which only the CIDRs are checked."""
    parts = listed(text.lower())
    for part in parts:
        if "/" in part:
            try:
                ipaddress.ip_network(part)
            except ValueError as error:
                raise NotValid(
                    f"has an entry that looks like a CIDR but is not one: {error}"
                ) from None
    return parts


def cidrs(text: str) -> tuple[str, ...]:
    """Read CIDRs and addresses."""
    try:
        return tuple(str(ipaddress.ip_network(part)) for part in listed(text))
    except ValueError as error:
        raise NotValid(
            f"must be CIDRs such as 10.20.0.0/16, separated by commas: {error}"
        ) from None


def database_url(text: str) -> str:
    """Read the address of a database, and name the driver for PostgreSQL."""
    for prefix in ("postgres://", "postgresql://"):
        if text.startswith(prefix):
            return "postgresql+psycopg://" + text.removeprefix(prefix)
    if text and not text.startswith(("postgresql+psycopg://", "sqlite:///")):
        raise NotValid("must start with postgresql:// (PostgreSQL) or sqlite:/// (a file)")
    return text


def redis_url(text: str) -> str:
    """Read the address of a server for Redis."""
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise NotValid("must start with redis://, rediss:// or unix://")
    return text


def public_url(text: str) -> str:
    """Read the address at which browsers find us, without a slash at the end."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, or half an IPv6 address
        is_whole = False
    if not is_whole:
        raise NotValid("must be an http:// or https:// address")
    path = parts.path.rstrip("/")
    if parts.username is not None or parts.query or parts.fragment or not _PATH.fullmatch(path):
        raise NotValid(
            "must be a scheme, a host, an optional port and a path of plain names, such as"
            " https://example.com/opensink, with nothing before the host and nothing after the path"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def trace_url(text: str) -> str:
    """Read the address of a trace, with the place of its id."""
    place = "{trace_id}"
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_whole = False
    is_in_host = is_whole and (place in parts.netloc or parts.username is not None)
    is_printed = text.isascii() and text.isprintable() and not {*' "<>'} & {*text}
    if text and (not is_whole or is_in_host or not is_printed or place not in text):
        raise NotValid(
            f"must be an http:// or https:// address with {place} in its path, query or fragment,"
            f" such as https://traces.example.com/trace/{place}"
        )
    return text


def callback_hosts(text: str) -> tuple[str, ...]:
    """Read exact hosts, or `*`."""
    hosts = names(text)
    for host in hosts:
        if host != "*" and not _HOST.fullmatch(host) and not _is_address(host):
            raise NotValid(
                "must be exact host names such as app.example.com (non-ASCII ones as xn--…),"
                " without scheme, port or pattern, separated by commas; or * for any host"
            )
    return hosts


def ca_bundle(text: str) -> Path | None:
    """Read the path of a file with certificates, and look into it."""
    if not text:
        return None
    path = Path(text).absolute()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise NotValid(f"names {path}, which contains no PEM certificate") from None
    except OSError as error:
        raise NotValid(f"names {path}, which cannot be read ({error.strerror})") from None
    return path


def trusted_proxies(text: str) -> tuple[str, ...]:
    """Read the number of proxies in a row, or their addresses and CIDRs."""
    parts = names(text)
    if len(parts) == 1 and parts[0].isdecimal() and int(parts[0]) <= MAX_PROXIES_IN_A_ROW:
        return parts if int(parts[0]) else ()
    try:
        return tuple(str(ipaddress.ip_network(part)) for part in parts)
    except ValueError:
        raise NotValid(
            "must be the number of proxies in a row in front of this server, or their addresses"
            " and CIDRs, separated by commas"
        ) from None


def issuer(text: str) -> str:
    """Read the address by which an OpenID Connect provider calls itself."""
    if not text:
        return ""
    parts = urlsplit(text)
    is_local = parts.hostname == "localhost" or is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        raise NotValid("must be an https:// address, exactly as the provider gives it")
    return text


def domains(text: str) -> tuple[str, ...]:
    """Read whole domains."""
    parts = names(text)
    if not all(map(_DOMAIN.fullmatch, parts)):
        raise NotValid("must be whole domains such as example.com, separated by commas")
    return parts


def role_to_join_with(text: str) -> str:
    """Read a role that one may join with; an admin is made by an admin."""
    if text not in {"viewer", "reviewer"}:
        raise NotValid("must be viewer or reviewer")
    return text


def makers_of_workspaces(text: str) -> str:
    """Read who may make a workspace in the browser."""
    if text not in {"admins", "anyone", "operators"}:
        raise NotValid("must be admins, anyone or operators")
    return text


def host(text: str) -> str:
    """Read the name or the address of one server."""
    name = text.lower()
    if name and not _HOST.fullmatch(name) and not _is_address(name):
        raise NotValid("must be the name or the address of a server, without scheme or port")
    return name


def smtp_security(text: str) -> str:
    """Read when TLS begins on a connection to a mail server."""
    if text not in {"starttls", "tls", "none"}:
        raise NotValid("must be starttls, tls or none")
    return text


def sender(text: str) -> str:
    """Read an address that mails are from, with or without a name before it."""
    name, address = parseaddr(text)
    is_written_so = text in {address, formataddr((name, address), charset="utf-8")}
    plain = f"{name} <{address}>"
    local, at, domain = address.rpartition("@")
    is_address = bool(local and at and _HOST.fullmatch(domain.lower())) and address.isascii()
    if text and not (is_address and text.isprintable() and (is_written_so or text == plain)):
        raise NotValid("must be an address such as opensink@example.com, or `Name <address>`")
    return text


def is_loopback(host: str) -> bool:
    """Return True if this is an address that only this machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_this_machine(host: str) -> bool:
    """Return True for a name or address that leads nowhere but here."""
    return host == "localhost" or is_loopback(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host
