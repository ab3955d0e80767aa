"""Evidence of what a person was shown: a digest of it, which goes into the decision."""

import hashlib
import json

from opensink_web.errors import Superseded
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import InputRequest


def digest_of(
    title: str,
    message: str,
    schema: JSONValue,
    proposed_response: JSONObject | None,
    revision: int = 1,
) -> str:
    """Return the SHA-256, in hexadecimal, of what is shown, written as JSON with sorted keys, no
    spaces and no needless escapes, in UTF-8; so anybody can work it out again.
    """
    shown = {
        "title": title,
        "message": message,
        "schema": schema,
        "proposed_response": proposed_response,
        "revision": revision,
    }
    text = json.dumps(shown, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_request(request: InputRequest) -> str:
    """Return the digest of what is shown of a request; of an old one it is worked out."""
    return request.digest or digest_of(
        request.title,
        request.message,
        request.schema,
        request.proposal,
        request.revision,
    )


CHANGED = "This was changed while you had it open. Look at what is asked now, and decide on that."


def check_seen(request: InputRequest, seen: str | None) -> None:
    """Raises: Superseded, when something else was `seen` than is decided; None says nothing."""
    if seen is not None and seen != digest_of_request(request):
        raise Superseded(CHANGED)
