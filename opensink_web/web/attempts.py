"""Bounded guessing on pages: passwords, codes, and the links that let somebody in.

Passwords are counted for the account and for the address that guesses. So that nobody can lock
somebody out by guessing at their account, a browser in which its owner has signed in before has
tries of its own, known by a cookie that it got then:
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

import secrets
from datetime import timedelta
from hashlib import sha256

from flask import Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from opensink_web.errors import RateLimited
from opensink_web.models import User
from opensink_web.models.transaction import writing
from opensink_web.operations.audit import record
from opensink_web.operations.credential import hash_password, is_outdated
from opensink_web.operations.password import renew_hash
from opensink_web.operations.user import authenticate, find_user
from opensink_web.rate_limit import Rate, network_of
from opensink_web.web.access import services

ACCOUNT_RATE = Rate("sign-in-account", 10, timedelta(minutes=15).total_seconds())
ADDRESS_RATE = Rate("sign-in-address", 50, timedelta(minutes=15).total_seconds())
CODE_RATE = Rate("second-factor", 10, timedelta(minutes=15).total_seconds())
LINK_RATE = Rate("link", 30, timedelta(minutes=10).total_seconds())

DEVICE_COOKIE = "opensink_device"
DEVICE_LIFETIME = timedelta(days=365)


def user_with_password(email: str, password: str) -> User | None:
    """Return the user whose password it is, or None. Raises: RateLimited, before looking.

    Each try counts until it is known to be right. An account that there is not is counted alike,
    and an address that has no tries left uses up none of the account's.
    """
    account = _digest(email.strip().lower())
    tries = ((ADDRESS_RATE, _network()), (ACCOUNT_RATE, _known_device(account) or account))
    for rate, key in tries:
        _refuse(services().limiter.take(rate, key))
    user = authenticate(email, password)
    if user is None:
        known = find_user(email)  # what was typed may be a password: it is not written down
        record(
            "password_refused", user=known.id if known else "unknown", address=request.remote_addr
        )
        return None
    for rate, key in tries:
        services().limiter.give_back(rate, key)
    _renew_hash(user, password)
    return user


def count_code(user: User) -> None:
    """Count a try at the account's second factor, until it is forgiven. Raises: RateLimited.

    Whoever uses the tries up knows the password already, so nobody else can lock the owner out.
    """
    _refuse(services().limiter.take(CODE_RATE, str(user.id)))


def forgive_code(user: User) -> None:
    """Undo count_code(): the code was right."""
    services().limiter.give_back(CODE_RATE, str(user.id))


def _renew_hash(user: User, password: str) -> None:
    """Hash the password anew if that is done more strongly today: now it is known."""
    old_hash = user.password_hash
    if old_hash is not None and is_outdated(old_hash):
        new_hash = hash_password(password)  # before the transaction, for it takes long
        with writing():
            renew_hash(user, old_hash, new_hash)


def remember_device(email: str) -> None:
    """Let the answer to this request give the browser a cookie that gives it tries of its own."""
    g.device_cookie = _signer().dumps([_digest(email.strip().lower()), secrets.token_hex(8)])


def set_device_cookie(response: Response) -> Response:
    """Send what remember_device() prepared, if it did."""
    cookie: str | None = g.pop("device_cookie", None)
    if cookie is not None:
        response.set_cookie(
            DEVICE_COOKIE,
            cookie,
            max_age=DEVICE_LIFETIME,
            path="/sign-in",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response


def refuse_guessing_links() -> None:
    """Raises: RateLimited when this address has tried too many links that open nothing."""
    _refuse(services().limiter.seconds_to_wait(LINK_RATE, _network()))


def note_bad_link() -> None:
    """Count a link that opens nothing."""
    services().limiter.take(LINK_RATE, _network())


def retry_after(error: RateLimited) -> dict[str, str]:
    """Return the header that says when to come again."""
    return {"Retry-After": str(error.retry_after_seconds)}


def _network() -> str:
    return network_of(request.remote_addr or "")


def _refuse(wait_seconds: float) -> None:
    if wait_seconds > 0:
        minutes = -int(-wait_seconds // 60)
        span = "a minute" if minutes == 1 else f"{minutes} minutes"
        message = f"There were too many attempts. Please wait {span} and try again."
        raise RateLimited(message, retry_after_seconds=wait_seconds)


def _known_device(account: str) -> str | None:
    """Return the name of this browser if the account's owner has signed in with it."""
    try:
        owner, name = _signer().loads(
            request.cookies.get(DEVICE_COOKIE, ""), max_age=int(DEVICE_LIFETIME.total_seconds())
        )
    except (BadSignature, ValueError):
        return None
    return f"{account}:{name}" if owner == account else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="device")


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
