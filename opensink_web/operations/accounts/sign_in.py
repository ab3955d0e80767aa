"""Whose password is it: asked by the sign-in page and by POST /auth/login, with one count of tries.

Tries are counted for the account and for the address that guesses. So that nobody can lock somebody
out by guessing at their account, or from the address they share, a browser or program with which
its owner has signed in before has tries of its own: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from opensink_web.errors import RateLimited
from opensink_web.models import AuditAction, User
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.credential import hash_password, is_outdated
from opensink_web.operations.accounts.queries import find_user
from opensink_web.operations.accounts.user import authenticate
from opensink_web.operations.audit.record import note_stranger, record_of_account
from opensink_web.rate_limit import Rate, RateLimiter, network_of

ACCOUNT_RATE = Rate("sign-in-account", 10, timedelta(minutes=15).total_seconds())
ADDRESS_RATE = Rate("sign-in-address", 50, timedelta(minutes=15).total_seconds())
CODE_RATE = Rate("second-factor", 10, timedelta(minutes=15).total_seconds())


@dataclass(frozen=True, slots=True)
class Known:
    """A browser or a program with which the account's owner has signed in.

    What it is known by may be `shared`, such as a network: then whoever else is taken for it must
    not have tries at every account that is known there.
    """

    name: str
    shared: str | None = None


def user_with_password(
    limiter: RateLimiter, email: str, password: str, *, address: str, known: Known | None = None
) -> User | None:
    """Return the user whose password it is, or None. Raises: RateLimited, before looking.

    Each try counts until it is known to be right. An account that there is not is counted alike,
    and an address that has no tries left uses up none of the account's. What is `known` has tries
    of its own.
    """
    account = account_key(email)
    tries = [(ADDRESS_RATE, network_of(address)), (ACCOUNT_RATE, account)]
    if known is not None:
        tries = [(ACCOUNT_RATE, f"{account}:{known.name}")]
        if known.shared is not None:
            tries.insert(0, (ADDRESS_RATE, known.shared))
    for rate, key in tries:
        refuse(limiter.take(rate, key))
    user = authenticate(email, password)
    if user is None:
        owner = find_user(email)  # what was typed may be a password: it is not written down
        if owner is None:
            note_stranger(AuditAction.PASSWORD_REFUSED)
        else:
            with writing():
                record_of_account(AuditAction.PASSWORD_REFUSED, owner, is_proven=False)
        return None
    for rate, key in tries:
        limiter.give_back(rate, key)
    return user


def stronger_hash(user: User, password: str) -> str | None:
    """Return a new hash if passwords are hashed more strongly today; now this one is known.

    It takes long: call it before the transaction that stores it.
    """
    if user.password_hash is None or not is_outdated(user.password_hash):
        return None
    return hash_password(password)


def count_code(limiter: RateLimiter, user: User) -> None:
    """Count a try at the account's second factor, until it is forgiven. Raises: RateLimited.

    Whoever uses the tries up knows the password already, so nobody else can lock the owner out.
    """
    refuse(limiter.take(CODE_RATE, str(user.id)))


def forgive_code(limiter: RateLimiter, user: User) -> None:
    """Undo count_code(): the code was right."""
    limiter.give_back(CODE_RATE, str(user.id))


def refuse(wait_seconds: float) -> None:
    """Raises: RateLimited if there is anything to wait for."""
    if wait_seconds > 0:
        minutes = -int(-wait_seconds // 60)
        span = "a minute" if minutes == 1 else f"{minutes} minutes"
        message = f"There were too many attempts. Please wait {span} and try again."
        raise RateLimited(message, retry_after_seconds=wait_seconds)


def account_key(email: str) -> str:
    """Return what an account is counted by, whether there is one or not."""
    return sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
