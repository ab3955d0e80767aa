"""Values that a browser keeps for us and can neither read nor change: in cookies and in pages.

They are encrypted with the keyring, as secrets in the database are, so that a page left open, a
cookie jar and a proxy's log show nothing of them. A purpose stands inside, so that what was sealed
for one is nothing to another.
"""

import json
import zlib
from datetime import timedelta
from typing import Any

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models.sealed import keyring


def seal(purpose: str, value: JSONValue, *, lifetime: timedelta) -> str:
    """Return printable ASCII that unseal() opens for `lifetime`."""
    until = (clock.now() + lifetime).timestamp()
    # compressed, so that a form that just fitted into a request fits into the next one too
    return keyring().encrypt(zlib.compress(json.dumps([purpose, until, value]).encode()))


def unseal(purpose: str, text: str) -> Any:
    """Return what was sealed; None when it is nothing of ours, too old or for another purpose."""
    try:
        for_what, until, value = json.loads(zlib.decompress(keyring().decrypt(text)))
    except (UnreadableSecret, zlib.error):  # the latter for a secret that was sealed elsewhere
        return None
    return value if for_what == purpose and clock.now().timestamp() < until else None
