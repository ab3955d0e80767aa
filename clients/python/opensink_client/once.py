"""Which calls are made once: those of which the server keeps no response under a key.

Any other POST may be repeated with its Idempotency-Key, and the server does it once. A test
compares with what the API says of itself (tests/clients/test_once.py).
"""

import re

SENT_ONCE = (
    "/api/v1/absences",
    "/api/v1/deliveries/redeliver",
    "/api/v1/escalation-chains",
    "/api/v1/notification-channels",
    "/api/v1/notification-channels/{channel_id}/confirm",
    "/api/v1/notification-channels/{channel_id}/rules",
    "/api/v1/notification-channels/{channel_id}/test",
    "/api/v1/roles",
    "/api/v1/roles/{role_id}/members",
    "/api/v1/teams",
    "/auth/check-permissions",
    "/auth/login",
    "/auth/logout",
    "/auth/refresh",
)
_PATH = re.compile("|".join(re.sub(r"\{\w+\}", "[^/]+", path) for path in SENT_ONCE))


def is_sent_once(method: str, path: str) -> bool:
    """Return True if the server might do such a call twice that is repeated."""
    return method == "POST" and _PATH.fullmatch(path.partition("?")[0]) is not None
