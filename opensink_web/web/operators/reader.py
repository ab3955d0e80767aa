"""Who an operator is: whoever has METRICS_TOKEN, sent as a bearer token or typed into the page.

No sign-in is enough. Workspaces are separate worlds, and an admin is one of theirs: no role is of
the whole installation. Without METRICS_TOKEN only whoever is on this machine and comes through no
proxy is one, and only where the server is reached on this machine alone: behind a proxy everybody
seems to be here.
"""

import hashlib
import hmac
import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from opensink_web.operations.accounts.sign_in import refuse
from opensink_web.rate_limit import Rate, network_of
from opensink_web.settings import Settings
from opensink_web.web.access import services
from opensink_web.web.below_path import cookie_path
from opensink_web.web.seen import FORWARDED

COOKIE = "opensink_operator"
LIFETIME = timedelta(hours=12)
TOKEN_RATE = Rate("metrics-token", 10, timedelta(minutes=10).total_seconds())


def is_operator() -> bool:
    """Return True if whoever asks may know how the whole installation is."""
    settings = services().settings
    if settings.metrics_token:
        said = request.headers.get("Authorization", "")
        return hmac.compare_digest(said.encode(), f"Bearer {settings.metrics_token}".encode())
    return _comes_from_here(settings)


def has_entered_token() -> bool:
    """Return True for a browser in which the token that is set now was typed."""
    settings = services().settings
    if not settings.metrics_token:
        return False
    age = int(LIFETIME.total_seconds())
    try:
        mark = _signer().loads(request.cookies.get(COOKIE, ""), max_age=age)
    except BadSignature:
        return False
    return hmac.compare_digest(str(mark), _mark_of(settings.metrics_token))


def is_token(typed: str) -> bool:
    """Return True if it is the token. Raises: RateLimited, for who tries too many."""
    limiter, network = services().limiter, network_of(request.remote_addr or "")
    refuse(limiter.take(TOKEN_RATE, network))
    token = services().settings.metrics_token
    matches = bool(token) and hmac.compare_digest(typed.encode(), token.encode())
    if matches:
        limiter.give_back(TOKEN_RATE, network)
    return matches


def let_in(response: Response) -> Response:
    """Have this browser be an operator's for some hours, on the status page alone."""
    response.set_cookie(
        COOKIE,
        _signer().dumps(_mark_of(services().settings.metrics_token)),
        max_age=LIFETIME,
        path=cookie_path("/status"),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Strict",
    )
    return response


def _comes_from_here(settings: Settings) -> bool:
    return (
        _is_here(request.remote_addr or "")
        and _is_here(urlsplit(settings.public_url).hostname or "")
        and not any(name in request.headers for name in FORWARDED)
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _mark_of(token: str) -> str:
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, b"operator " + token.encode(), hashlib.sha256).hexdigest()


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="operator")
