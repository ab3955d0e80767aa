"""What happens between PUBLIC_URL and this server: the doctor calls itself as a browser would.

A reverse proxy that loses the host, the scheme, the path, the caller's address or a cookie shows
only in what arrives. Nothing is changed; the server says what it saw to nobody but the doctor.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from opensink_web.errors import OpenSinkError
from opensink_web.factory import session_cookie_name
from opensink_web.operations.status.finding import Finding, Verdict
from opensink_web.outbound.client import Call, Client, Response
from opensink_web.outbound.destination import Destination
from opensink_web.settings import Settings
from opensink_web.web.forms.sealed_value import seal
from opensink_web.web.seen import DOCTOR_HEADER, DOCTOR_PURPOSE, SEEN_ADDRESS

WAIT_SECONDS = 60
"""The longest that a program waits with `?wait=`."""
_TIMEOUT_SECONDS = 10
_KEPT_BYTES = 64 * 1024
_NOBODYS_ADDRESS = "192.0.2.77"
"""For documentation (RFC 5737): nobody calls from there."""
_NOBODYS_PATH = "/nobodys-path"
_SUBJECT = "public URL"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class _Anywhere:
    """PUBLIC_URL is the operator's own address, wherever it leads."""

    def objection(self, destination: Destination) -> str | None:
        """Object to nothing."""
        return None

    def allows(self, host: str, address: str) -> bool:
        """Allow it."""
        return True

    def refusal(self, host: str, address: str) -> str:
        """Say what is never said."""
        return f"{address} is refused."


class _Refused(OpenSinkError):
    """There is nothing to compare: no answer of ours came back."""


def through_public_url(settings: Settings, *, waits: bool) -> Iterator[Finding]:
    """Say what does not arrive as it was sent; with `waits` also whether a long wait does.

    To be called within an application's context.
    """
    with Client(_Anywhere(), settings.outbound_ca_bundle) as client:
        visit = _Visit(client, settings)
        try:
            findings = [*visit.arrival(), *visit.forgery(), *visit.pages()]
        except _Refused as refused:
            yield Finding(Verdict.WARN, _SUBJECT, refused.message)
            return
        if waits:
            findings += visit.long_wait()
    yield from findings
    if not findings:
        sentence = (
            "What is sent there arrives here unchanged: host, scheme, path and caller's address."
        )
        yield Finding(Verdict.OK, _SUBJECT, sentence)


class _Visit:
    """One look through PUBLIC_URL. Everything raises: _Refused, when it leads not to us."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._url = settings.public_url
        self._parts = urlsplit(settings.public_url)
        self._token = seal(DOCTOR_PURPOSE, True, lifetime=timedelta(minutes=5))

    def arrival(self) -> Iterator[Finding]:
        """Compare what arrives with what was sent."""
        seen = self._seen()
        host = seen["host"].removesuffix(_DEFAULT_PORTS[self._parts.scheme])
        host_sent = self._parts.netloc.removesuffix(_DEFAULT_PORTS[self._parts.scheme])
        if host != host_sent:
            yield _warn(
                f"Requests arrive with the host {host} instead of {host_sent}; have the proxy"
                " forward the Host header, with its port (nginx: proxy_set_header Host"
                " $http_host)."
            )
        yield from self._scheme(seen)
        yield from self._address(seen)

    def _scheme(self, seen: dict[str, Any]) -> Iterator[Finding]:
        said = seen["forwarded"].get("X-Forwarded-Proto")
        if self._parts.scheme == "http" and "https" in {seen["scheme"], said}:
            yield _fail(
                "People connect over HTTPS, but PUBLIC_URL begins with http://; change it to https://."
            )
        elif self._parts.scheme == "https" and seen["scheme"] == "http":
            yield _warn(
                "X-Forwarded-Proto arrives from a proxy that is not trusted; name the proxy in"
                " TRUSTED_PROXIES."
                if said
                else "Requests arrive as plain HTTP; have the proxy send X-Forwarded-Proto, and"
                " name the proxy in TRUSTED_PROXIES."
            )

    def _address(self, seen: dict[str, Any]) -> Iterator[Finding]:
        address, said = seen["address"], seen["forwarded"]
        speaks = {"X-Forwarded-For", "Forwarded", "X-Real-IP"} & said.keys()
        if speaks and not self._settings.trusted_proxies:
            yield _fail(
                f"A proxy at {address} says whom it forwards for but is not trusted, so everybody"
                f" counts as one caller; set TRUSTED_PROXIES={address}."
            )
        elif self._settings.trusted_proxies and "X-Forwarded-For" not in said:
            yield _warn(
                "TRUSTED_PROXIES is set, but no X-Forwarded-For arrives, so everybody counts as"
                " one caller, {address}; have the proxy send it (nginx: proxy_set_header"
                " X-Forwarded-For $proxy_add_x_forwarded_for)."
            )

    def forgery(self) -> Iterator[Finding]:
        """Look whether callers can say of themselves what only a proxy may."""
        seen = self._seen(
            ("X-Forwarded-For", _NOBODYS_ADDRESS), ("X-Forwarded-Prefix", _NOBODYS_PATH)
        )
        if seen["address"] == _NOBODYS_ADDRESS:
            yield _fail(
                "Callers can choose the address they seem to call from. TRUSTED_PROXIES names"
                " more proxies than there are, or the proxy forwards the X-Forwarded-For it"
                " receives instead of adding to it."
            )
        if seen["path"] == _NOBODYS_PATH:
            yield _warn(
                "The proxy forwards the X-Forwarded-Prefix it receives, so callers can choose"
                " where links lead; have it send its own, or none (nginx: proxy_set_header"
                ' X-Forwarded-Prefix "").'
            )

    def pages(self) -> Iterator[Finding]:
        """Look whether a person could sign in: the redirect, the cookie and the files of a page."""
        redirect = self._get("/workspaces")
        place = urljoin(f"{self._url}/workspaces", _header(redirect, "Location"))
        if redirect.status_code != 303 or not place.startswith(f"{self._url}/sign-in"):
            yield _fail(
                f"A redirect to {self._url}/sign-in comes back as {redirect.status_code} to"
                f" {place}; have the proxy leave Location unchanged (nginx: proxy_redirect off)."
            )
        page = self._get("/sign-in")
        yield from self._cookie(page)
        script = re.search(rb'src="([^"]*theme\.js[^"]*)"', page.body)
        file = self._ask(urljoin(f"{self._url}/sign-in", script[1].decode())) if script else None
        if file is None or file.status_code != 200 or b"use strict" not in file.body:
            yield _fail(
                f"Files such as {self._url}/static/js/theme.js do not come from this server; have"
                " the proxy forward every path."
            )

    def _cookie(self, page: Response) -> Iterator[Finding]:
        name = session_cookie_name(self._url)
        cookies = [value for key, value in page.headers if key.lower() == "set-cookie"]
        mine = next((each for each in cookies if each.startswith(f"{name}=")), None)
        if mine is None:
            yield _fail(
                "The cookie that signing in needs is lost on the way; make sure that the proxy"
                " neither removes cookies nor caches responses."
            )
            return
        attributes = {part.strip().lower() for part in mine.split(";")[1:]}
        if f"path={self._parts.path or '/'}".lower() not in attributes:
            yield _fail(
                f"The sign-in cookie comes back as {mine.partition(';')[2].strip()}; its path"
                f" must stay {self._parts.path or '/'} (nginx: no proxy_cookie_path)."
            )
        if self._parts.scheme == "https" and "secure" not in attributes:
            yield _fail(
                "The sign-in cookie loses its Secure attribute on the way; have the proxy leave"
                " cookies unchanged."
            )

    def long_wait(self) -> list[Finding]:
        """Look whether an answer may take as long as a program may wait for one."""
        answer = self._ask(
            f"{self._url}{SEEN_ADDRESS}?seconds={WAIT_SECONDS}", timeout_seconds=WAIT_SECONDS + 15
        )
        if answer.error is None and answer.status_code == 200:
            return []
        return [
            _fail(
                f"A response that takes {WAIT_SECONDS} s, as with ?wait={WAIT_SECONDS}, does not"
                f" come back ({_outcome(answer)}); have the proxy wait longer (nginx:"
                " proxy_read_timeout 120s)."
            )
        ]

    def _seen(self, *headers: tuple[str, str]) -> dict[str, Any]:
        answer = self._get(SEEN_ADDRESS, *headers)
        if answer.status_code in {301, 302, 303, 307, 308}:
            raise _Refused(
                f"{self._url} redirects to {_header(answer, 'Location')}; set PUBLIC_URL to the"
                " address where people end up."
            )
        try:
            seen: dict[str, Any] = json.loads(answer.body)
            return seen if seen["forwarded"] is not None else {}
        except (ValueError, KeyError, TypeError):
            raise _Refused(
                f"What answers at {self._url} is not this server ({_outcome(answer)}): the proxy"
                " does not forward this path, or forwards to another server, or that server has"
                " different ENCRYPTION_KEYS from this command."
            ) from None

    def _get(self, path: str, *headers: tuple[str, str]) -> Response:
        answer = self._ask(f"{self._url}{path}", *headers)
        if answer.error is not None:
            raise _Refused(
                f"{self._url} does not answer this machine ({answer.error.message}), so what a"
                " proxy forwards was not checked. Is the server running, and can its own address"
                " be reached from here?"
            )
        return answer

    def _ask(
        self, url: str, *headers: tuple[str, str], timeout_seconds: float = _TIMEOUT_SECONDS
    ) -> Response:
        sent = ((DOCTOR_HEADER, self._token), *headers)
        return self._client.send(Call("GET", url, sent, None, timeout_seconds, _KEPT_BYTES))


def _warn(sentence: str) -> Finding:
    return Finding(Verdict.WARN, _SUBJECT, sentence)


def _fail(sentence: str) -> Finding:
    return Finding(Verdict.FAIL, _SUBJECT, sentence)


def _header(answer: Response, name: str) -> str:
    return next((value for key, value in answer.headers if key.lower() == name.lower()), "")


def _outcome(answer: Response) -> str:
    return answer.error.message if answer.error is not None else f"status {answer.status_code}"
