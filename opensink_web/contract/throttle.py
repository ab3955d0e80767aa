"""How often wrong bearers may be tried from one address, and how often a right one may call.

Both are counted in this process alone: every call passes here, and whoever guesses 256 random bits
gains nothing from a second server. Only a bearer that opens nothing, and never did, is a guess: a
key that exists, and a token whose signature verifies, is never refused for what others try from the
same address. So each is looked at, which has to stay cheap:

- a token's signature needs no database;
- a key that is unknown stays so, for nobody can send one before it is made: those that were tried
  lately are known here, and cost no look-up;
- where too many are guessed, the unknown ones are looked up one at a time: one index, one
  connection, however many come at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from flask import Flask, current_app, request

from opensink_web.errors import NotAuthenticated, RateLimited
from opensink_web.operations.accounts.credential import hash_token
from opensink_web.rate_limit import Rate, RateLimiter, network_of
from opensink_web.services import EXTENSION, Services

WRONG_BEARER_RATE = Rate("wrong-key", 60, 60)
UNKNOWN_KEPT = 10_000
UNKNOWN = "This API key or access token is unknown, has expired or was revoked."
_GUESSES = "opensink-guesses"


class _Guesses:
    """What was tried and is unknown, and the turn to look another one up."""

    def __init__(self) -> None:
        self.unknown: set[str] = set()
        self.turn = threading.Lock()


def set_up(app: Flask) -> None:
    """Begin to remember which bearers were tried that open nothing."""
    app.extensions[_GUESSES] = _Guesses()


@contextmanager
def looking_up(bearer: str) -> Iterator[None]:
    """Look a bearer up within the block, when it is its turn.

    Raises: NotAuthenticated for one that was tried before and is unknown; RateLimited.
    """
    guesses = _guesses()
    if hash_token(bearer) in guesses.unknown:
        refuse_guess(bearer)
        raise NotAuthenticated(UNKNOWN)
    is_crowded = _limiter().seconds_to_wait(WRONG_BEARER_RATE, _address()) > 0
    with guesses.turn if is_crowded else nullcontext():
        yield


def refuse_guess(bearer: str) -> None:
    """Count a bearer that is unknown. Raises: RateLimited when too many came from here."""
    guesses = _guesses()
    if len(guesses.unknown) >= UNKNOWN_KEPT:
        guesses.unknown.clear()
    guesses.unknown.add(hash_token(bearer))
    wait_seconds = _limiter().take(WRONG_BEARER_RATE, _address())
    if wait_seconds > 0:
        raise RateLimited(
            "Too many calls from this address had an unknown API key or token, and this one is"
            " unknown too. The header Retry-After says when the next one is looked at.",
            retry_after_seconds=wait_seconds,
        )


def note_right_bearer(bearer: str) -> None:
    """Count a call with a bearer that opens something. Raises: RateLimited for too many."""
    rate = Rate("api", _services().settings.api_requests_per_minute, 60)
    wait_seconds = _limiter().take(rate, hash_token(bearer))
    if wait_seconds > 0:
        raise RateLimited(
            "This API key or token has called too often. The header Retry-After says when to call "
            "again.",
            retry_after_seconds=wait_seconds,
        )


def _address() -> str:
    return network_of(request.remote_addr or "")


def _guesses() -> _Guesses:
    kept: _Guesses = current_app.extensions[_GUESSES]
    return kept


def _limiter() -> RateLimiter:
    return _services().local_limiter


def _services() -> Services:
    services: Services = current_app.extensions[EXTENSION]
    return services
