"""Passwords, and the random tokens behind keys, links and cookies.

Passwords are argon2id. Tokens carry 256 random bits, so a plain SHA-256 is enough to keep them
by, and finding a row by the hash compares nothing secret byte by byte.
"""

import secrets
from functools import cache
from hashlib import sha256
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.operations.accounts.common_passwords import COMMON_PASSWORDS

PasswordHash = NewType("PasswordHash", str)

PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 1024
DIFFERENT_CHARACTERS_MIN = 4

hasher = PasswordHasher()
"""The parameters that argon2-cffi recommends; tests take cheaper ones."""


def new_token(prefix: str = "") -> str:
    """Make a token that nobody can guess."""
    return prefix + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what is stored of a token: 64 hexadecimal digits."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_password_hash(password: str, *, email: str) -> PasswordHash:
    """Return what is stored of a new password of the account with this address.

    It takes long: call it before the transaction that stores it. Raises: InvalidInput for one that
    is too short or too easily guessed.
    """
    message = _fault_of(password, email)
    if message is not None:
        raise InvalidInput(message, errors=(FieldError("/password", message),))
    return hash_password(password)


def _fault_of(password: str, email: str) -> str | None:
    folded = password.casefold()
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        return f"A password has at least {PASSWORD_LENGTH_MIN} characters."
    if folded in {email.casefold(), email.casefold().partition("@")[0]}:
        return "Your e-mail address is the first that somebody would try. Choose another password."
    if folded in COMMON_PASSWORDS or len(set(folded)) < DIFFERENT_CHARACTERS_MIN:
        return "This password is among the first that somebody would try. Choose another."
    return None


def hash_password(password: str) -> PasswordHash:
    """Return what is stored of a password; it takes long."""
    return PasswordHash(hasher.hash(password))


def is_outdated(password_hash: str) -> bool:
    """Return True if the hash was made with other parameters than it would be today."""
    return hasher.check_needs_rehash(password_hash)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Return True if the password is the one that was hashed; takes equally long without a hash."""
    try:
        hasher.verify(password_hash or _nobodys_hash(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobodys_hash() -> str:
    """What is checked when there is no such user, so that the answer takes as long."""
    return hasher.hash(secrets.token_urlsafe())
