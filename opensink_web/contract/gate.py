"""How many keys may be guessed from one address, and how often one key may call.

Both are counted in this process alone: every call passes here, and whoever guesses 256 random bits
gains nothing from a second server. A key that was right before, from the same address, is let
through even while others are guessed there: one agent with an old key behind the same proxy
must not lock out its neighbours.
"""

from flask import Flask, current_app, request

from opensink_web.errors import RateLimited
from opensink_web.operations.credential import hash_token
from opensink_web.rate_limit import Rate, network_of
from opensink_web.services import EXTENSION, Services

WRONG_KEY_RATE = Rate("wrong-key", 60, 60)
PAIRS_KEPT = 10_000
_RIGHT_KEYS = "opensink-right-keys"


def set_up(app: Flask) -> None:
    """Begin to remember which keys were right from where."""
    app.extensions[_RIGHT_KEYS] = set()


def refuse_guessing(key: str) -> None:
    """Raises: RateLimited when too many wrong keys came from here, unless this one was right."""
    wait_seconds = _services().local_limiter.seconds_to_wait(WRONG_KEY_RATE, _address())
    if wait_seconds > 0 and (_address(), hash_token(key)) not in _right_keys():
        raise RateLimited(
            "Too many calls from this address had a wrong API key or token. The header Retry-After "
            "says when the next one is looked at.",
            retry_after_seconds=wait_seconds,
        )


def note_wrong_key() -> None:
    """Count a key that opens nothing."""
    _services().local_limiter.take(WRONG_KEY_RATE, _address())


def note_right_key(key: str) -> None:
    """Count a call with a key that does. Raises: RateLimited when it has called too often."""
    services, key_hash = _services(), hash_token(key)
    rate = Rate("api", services.settings.api_requests_per_minute, 60)
    wait_seconds = services.local_limiter.take(rate, key_hash)
    if wait_seconds > 0:
        raise RateLimited(
            "This API key or token has called too often. The header Retry-After says when to call "
            "again.",
            retry_after_seconds=wait_seconds,
        )
    right_keys = _right_keys()
    if len(right_keys) >= PAIRS_KEPT:
        right_keys.clear()  # whoever still calls is back in a moment
    right_keys.add((_address(), key_hash))


def _address() -> str:
    return network_of(request.remote_addr or "")


def _right_keys() -> set[tuple[str, str]]:
    kept: set[tuple[str, str]] = current_app.extensions[_RIGHT_KEYS]
    return kept


def _services() -> Services:
    services: Services = current_app.extensions[EXTENSION]
    return services
