"""Whether a form was sent by a page of ours: by Origin and Sec-Fetch-Site, else by Referer.

Browsers write these headers themselves; no page can. Where all three are missing no browser says
anything, and the form's token stands alone.
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
https://www.w3.org/TR/fetch-metadata/
"""

from urllib.parse import SplitResult, urlsplit

from flask import request
from flask_wtf.csrf import CSRFError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SHOWN_LENGTH_MAX = 200


class ForeignForm(CSRFError):  # type: ignore[misc]  # Flask-WTF ships no types
    """The form was sent from somewhere else, as far as this server knows its own address."""


def came_from_our_page(public_url: str) -> bool:
    """Return True if a browser says so; False if nothing is said at all. Raises: ForeignForm."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    referer = request.headers.get("Referer")
    ours = _our_origins(public_url)
    if site in {"cross-site", "same-site"}:
        raise ForeignForm(_by_another_site(origin or referer))
    if origin == "null" and site == "same-origin":  # a browser or extension that sends no referrer
        return True
    if origin is not None:
        if _origin_of(origin) not in ours:
            raise ForeignForm(_by_another_address(origin, public_url))
        return True
    if site == "same-origin":
        return True
    if referer is None:
        return False
    if _origin_of(referer) not in ours:
        raise ForeignForm(_by_another_address(referer, public_url))
    return True


def _our_origins(public_url: str) -> set[str | None]:
    """Return PUBLIC_URL's, and the one that the request itself names unless it only lacks TLS."""
    origins = {_origin_of(public_url)}
    if request.scheme == "https" or not public_url.startswith("https:"):
        origins.add(_origin_of(request.host_url))
    return origins - {None}


def _origin_of(address: str) -> str | None:
    """Return `scheme://host:port` of an http(s) address in one spelling, None for anything else."""
    parts = _parsed(address)
    if parts is None:
        return None
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _DEFAULT_PORTS[parts.scheme]}"


def _parsed(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        is_whole = parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole else None


def _by_another_site(address: str | None) -> str:
    parts = _parsed((address or "")[:_SHOWN_LENGTH_MAX])
    whose = f"at {parts.scheme}://{parts.netloc} " if parts is not None else ""
    return (
        f"This form was sent by a page {whose}that does not belong to this server, so nothing was"
        " changed. Open the page here and send it again."
    )


def _by_another_address(address: str, public_url: str) -> str:
    """Say what does not fit: often it is no attack but a proxy that hides the right address."""
    there = _parsed(address[:_SHOWN_LENGTH_MAX])
    if there is None:
        return _by_another_site(None)
    shown = f"{there.scheme}://{there.netloc.rpartition('@')[2]}"
    if _only_lacks_tls(there, public_url):
        return (
            f"This form was sent over plain HTTP, from {shown}, and nothing was changed: this"
            f" server takes forms over HTTPS alone. Open {public_url} instead."
        )
    return (
        f"This form was sent by a page at {shown}, but this server believes that its address is"
        f" {public_url} (and the request named {request.scheme}://{request.host}), so nothing was"
        f" changed. If {shown} is the right address, whoever runs this server has to set"
        f" PUBLIC_URL={shown}{urlsplit(public_url).path}, {_advice(there)} `opensink doctor` checks"
        " what a proxy passes on. If it is not, another site sent the form in your name."
    )


def _only_lacks_tls(there: SplitResult, public_url: str) -> bool:
    ours = urlsplit(public_url)
    return (there.scheme, ours.scheme) == ("http", "https") and there.hostname == ours.hostname


def _advice(there: SplitResult) -> str:
    """Return what a reverse proxy has to pass on, by what it seems to have lost."""
    host = _parsed(request.host_url)
    if host is None or host.hostname != there.hostname:
        return (
            "and have the reverse proxy pass the host on (nginx: proxy_set_header Host $http_host)."
        )
    if there.scheme != host.scheme and there.netloc == host.netloc:
        return "have the reverse proxy send X-Forwarded-Proto, and name it in TRUSTED_PROXIES."
    return (
        "and have the reverse proxy pass the host on with its port"
        " (nginx: proxy_set_header Host $http_host, not $host)."
    )
