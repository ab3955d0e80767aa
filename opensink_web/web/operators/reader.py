"""Who an operator is: whoever has METRICS_TOKEN, sent as a bearer token or typed into the page.

No sign-in is enough. Workspaces are separate worlds, and an admin is one of theirs: no role is of
the whole installation. Without METRICS_TOKEN only whoever is on this machine and comes through no
proxy is one, and only where the server is reached on this machine alone: behind a proxy everybody
seems to be here. So do two who are not, and are none: a page of another site, whose name leads here
(DNS rebinding), sends that name as Host; and what a member has workers call, whose answer they may
read, has headers that only OpenSink sends.
"""

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from opensink_web.operations.accounts.sign_in import refuse
from opensink_web.outbound.headers import is_own_name
from opensink_web.rate_limit import Rate, network_of
from opensink_web.setting_values import is_this_machine
from opensink_web.settings import Settings
from opensink_web.web.access import services
from opensink_web.web.below_path import cookie_path
from opensink_web.web.host import is_host_here
from opensink_web.web.seen import FORWARDED

COOKIE = "opensink_operator"
LIFETIME = timedelta(hours=12)
TOKEN_RATE = Rate("metrics-token", 10, timedelta(minutes=10).total_seconds())


def is_operator() -> bool:
    """Return True if whoever asks may know how the whole installation is.

    Raises: RateLimited, for who tries too many tokens.
    """
    settings = services().settings
    if not settings.metrics_token:
        return _comes_from_here(settings)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return scheme == "Bearer" and is_token(bearer)


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
        is_this_machine(request.remote_addr or "")
        and is_this_machine(urlsplit(settings.public_url).hostname or "")
        and is_host_here(request.headers.get("Host", "").lower())
        and not any(name in request.headers for name in FORWARDED)
        and not any(is_own_name(name) for name, _ in request.headers)
    )


def _mark_of(token: str) -> str:
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, b"operator " + token.encode(), hashlib.sha256).hexdigest()


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="operator")
