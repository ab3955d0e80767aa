"""Who comes in: whoever is on this machine, and no page of another site in a browser on it.

A browser on this machine sends what any page in it likes. So a call is looked at before it counts
as its author's own:

- its Host is a name of this machine. A page whose name was made to lead here (DNS rebinding) sends
  that name.
- browsers say whose page sends it (Sec-Fetch-Site, Origin, Referer); a page of another address,
  also one at another port of this machine, calls nothing and sends no form. A link on it may lead
  to a page here, which changes nothing.
- nobody has passed it on from another machine, or from nobody says where (X-Forwarded-For and the
  others by which proxies say so).
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, request, session
from flask_login import current_user

from opensink_web.contract.problem import error_response
from opensink_web.contract.surface import surface_of
from opensink_web.dev.admission import Admission
from opensink_web.errors import ForeignCall
from opensink_web.models import User, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.bearer import was_a_bearer
from opensink_web.services import EXTENSION, Services
from opensink_web.setting_values import is_loopback
from opensink_web.web.access import begin_session
from opensink_web.web.host import is_host_here
from opensink_web.web.security import set_headers
from opensink_web.web.seen import FORWARDED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_READS = frozenset({"GET", "HEAD"})
_OF_SINKS = "/api/v1/sink"
_FORWARDED = frozenset(f"HTTP_{name.upper().replace('-', '_')}" for name in (*FORWARDED, "Via"))
_CALLER = frozenset({"HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP"})


def open_door(app: Flask, admission: Admission) -> Flask:
    """Have an application ask for no sign-in and no key, of those who may come in at all."""
    port = urlsplit(_services(app).settings.public_url).port
    # cookies know no ports: that of another server at this address stays as it is
    app.config["SESSION_COOKIE_NAME"] = f"opensink_dev_{port}"
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: _sign_in(admission))
    app.wsgi_app = _Door(app, app.wsgi_app, admission.api_key)  # type: ignore[method-assign]  # Flask's documented way
    return app


def _sign_in(admission: Admission) -> None:
    """Sign a browser in that opens a page, or that was sent to the sign-in."""
    is_page = request.path in {"/", "/sign-in"} or request.path.startswith("/w/")
    if request.method != "GET" or not is_page or "HX-Request" in request.headers:
        return
    if current_user.is_authenticated:
        return
    session.clear()  # of another start, perhaps
    with writing():
        begin_session(db.session.get_one(User, admission.person_id))


class _Door:
    def __init__(self, app: Flask, application: "WSGIApplication", api_key: str) -> None:
        self._app = app
        self._application = application
        self._api_key = api_key

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        surface = surface_of(environ["PATH_INFO"])
        reason = why_refused(environ, is_page=surface is None)
        if reason is not None:
            return self._refusal(environ["PATH_INFO"], reason)(environ, start_response)
        if surface is not None and not self._has_a_bearer(environ):
            environ.pop("HTTP_X_API_KEY", None)
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self._api_key}"
        return self._application(environ, start_response)

    def _has_a_bearer(self, environ: "WSGIEnvironment") -> bool:
        """Return True if a call has what opens something by itself, or did: it counts as in life.

        So does the token of an execution. Whatever else stands in place of a key is none.
        """
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        bearer = bearer or environ.get("HTTP_X_API_KEY", "").strip()
        if not bearer:
            is_for_sink = environ["PATH_INFO"].startswith(_OF_SINKS)
            return is_for_sink and "HTTP_X_OPENSINK_SECRET" in environ
        with self._app.app_context(), reading():
            return was_a_bearer(bearer, _services(self._app).signer)

    def _refusal(self, path: str, reason: str) -> Response:
        error = ForeignCall(reason)
        surface = surface_of(path)
        with self._app.app_context():
            if surface is not None:
                return set_headers(error_response(error, surface))
            return set_headers(Response(f"{reason}\n", error.status, content_type="text/plain"))


def why_refused(environ: "WSGIEnvironment", *, is_page: bool) -> str | None:
    """Return why a call is not let in; None if it is."""
    host = environ.get("HTTP_HOST", "").lower()
    if not is_host_here(host):
        return "`opensink dev` answers at localhost and 127.0.0.1 alone, not at another name."
    if not is_loopback(environ.get("REMOTE_ADDR", "")) or _is_passed_on(environ):
        return "`opensink dev` answers this machine alone, and this was passed on from another."
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    is_link = is_page and environ["REQUEST_METHOD"] in _READS
    if is_link and environ.get("HTTP_SEC_FETCH_MODE") == "navigate":
        return None
    ours = f"http://{host}"
    is_foreign = site in {"cross-site", "same-site"}
    if origin is not None:
        is_foreign |= origin.lower() != ours and (origin, site) != ("null", "same-origin")
    elif site is None and "HTTP_REFERER" in environ:
        is_foreign |= _origin_of(environ["HTTP_REFERER"]) != ours
    if is_foreign:
        return (
            "A page of another address sent this, and `opensink dev` takes calls without a key from"
            " its own pages and from programs alone. Call it from your program's server side."
        )
    return None


def _is_passed_on(environ: "WSGIEnvironment") -> bool:
    """Return True if a proxy passed it on, unless it says that a caller on this machine did call
    it, and names this machine alone.
    """
    names = {name for name in environ if name in _FORWARDED or name.startswith("HTTP_X_FORWARDED_")}
    if not names:
        return False
    parts = [part for name in names for part in _addresses_in(name, environ[name])]
    says_who_calls = any(is_caller for is_caller, _ in parts)
    return not says_who_calls or not all(
        is_loopback(address) or is_host_here(address) for _, address in parts
    )


def _addresses_in(name: str, text: str) -> Iterator[tuple[bool, str]]:
    """Yield the addresses in a header of a proxy's, each with True if it is of who called it."""
    for part in text.replace(";", ",").split(","):
        word = part.strip()
        match name:
            case "HTTP_FORWARDED":
                key, _, value = word.partition("=")
                if key.strip().lower() != "proto":
                    yield key.strip().lower() == "for", value.strip().strip('"').lower()
            case "HTTP_VIA":
                yield False, word.split(" ")[1].lower() if " " in word else ""
            case "HTTP_X_FORWARDED_FOR" | "HTTP_X_REAL_IP" | "HTTP_X_FORWARDED_HOST":
                yield name in _CALLER, word.lower()
            case _:  # X-Forwarded-Proto and the like name nobody
                pass


def _origin_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def _services(app: Flask) -> Services:
    wired: Services = app.extensions[EXTENSION]
    return wired
