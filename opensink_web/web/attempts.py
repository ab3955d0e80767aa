"""Bounded guessing on pages: passwords, codes, and the links that let somebody in.

A browser in which an account's owner has signed in before has tries of its own (see
operations/accounts/sign_in.py), known by a cookie that it got then.
"""

import secrets
from datetime import timedelta

from flask import Response, current_app, g, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer

from opensink_web.errors import RateLimited
from opensink_web.models import User
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts import sign_in
from opensink_web.operations.accounts.password import renew_hash
from opensink_web.operations.accounts.sign_in import Known, account_key, refuse
from opensink_web.rate_limit import Rate, network_of
from opensink_web.web.access import services
from opensink_web.web.below_path import cookie_path

LINK_RATE = Rate("link", 30, timedelta(minutes=10).total_seconds())

DEVICE_COOKIE = "opensink_device"
DEVICE_LIFETIME = timedelta(days=365)


def user_with_password(email: str, password: str) -> User | None:
    """Return the user whose password it is, or None. Raises: RateLimited, before looking."""
    user = sign_in.user_with_password(
        services().limiter,
        email,
        password,
        address=request.remote_addr or "",
        known=_known_device(account_key(email)),
    )
    if user is not None:
        _renew_hash(user, password)
    return user


def count_code(user: User) -> None:
    """Count a try at the account's second factor, until it is forgiven. Raises: RateLimited."""
    sign_in.count_code(services().limiter, user)


def forgive_code(user: User) -> None:
    """Undo count_code(): the code was right."""
    sign_in.forgive_code(services().limiter, user)


def _renew_hash(user: User, password: str) -> None:
    old_hash, new_hash = user.password_hash, sign_in.stronger_hash(user, password)
    if old_hash is not None and new_hash is not None:
        with writing():
            renew_hash(user, old_hash, new_hash)


def remember_device(email: str) -> None:
    """Let the answer to this request give the browser a cookie that gives it tries of its own."""
    g.device_cookie = _signer().dumps([account_key(email), secrets.token_hex(8)])


def set_device_cookie(response: Response) -> Response:
    """Send what remember_device() prepared, if it did."""
    cookie: str | None = g.pop("device_cookie", None)
    if cookie is not None:
        response.set_cookie(
            DEVICE_COOKIE,
            cookie,
            max_age=DEVICE_LIFETIME,
            path=cookie_path("/sign-in"),
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response


def count_bad_link() -> None:
    """Count a link that opens nothing. Raises: RateLimited for too many from this address.

    One that opens something is never refused for them: nobody guesses it, and others who share the
    address must not keep its owner out.
    """
    refuse(services().limiter.take(LINK_RATE, network_of(request.remote_addr or "")))


def retry_after(error: RateLimited) -> dict[str, str]:
    """Return the header that says when to come again."""
    return {"Retry-After": str(error.retry_after_seconds)}


def _known_device(account: str) -> Known | None:
    """Return this browser if the account's owner has signed in with it, or is."""
    if current_user.is_authenticated and account_key(current_user.email) == account:
        return Known(str(current_user.session_id))
    try:
        owner, name = _signer().loads(
            request.cookies.get(DEVICE_COOKIE, ""), max_age=int(DEVICE_LIFETIME.total_seconds())
        )
    except (BadSignature, ValueError):
        return None
    return Known(str(name)) if owner == account else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="device")
