"""Which calls are made once: those of which the server keeps no response, for it has tokens in it.

Any other POST may be repeated with its Idempotency-Key, and the server does it once. A test
compares with what the API says of itself (tests/clients/test_once.py).
"""

SENT_ONCE = (
    "/auth/login",
    "/auth/logout",
    "/auth/refresh",
)


def is_sent_once(method: str, path: str) -> bool:
    """Return True if the server might do such a call twice that is repeated."""
    return method == "POST" and path in SENT_ONCE
