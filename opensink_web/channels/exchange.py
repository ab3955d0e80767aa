"""One call to a service that passes messages on, and what its answer means for the message.

Of what a service answers nothing is shown but its status, where it redirects to, and words that a
channel knows: whoever names a URL must not be able to read what stands there.
"""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from opensink_web.channels.base import Sent
from opensink_web.outbound.client import Call, Headers, Response
from opensink_web.outbound.endpoint_call import USER_AGENT
from opensink_web.outbound.explained import status_sentence
from opensink_web.outbound.redaction import PART_LENGTH_MIN, spelled
from opensink_web.outbound.retry import retry_after_seconds

TIMEOUT_SECONDS = 10.0
_AGAIN = frozenset(
    (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    )
)
"""Refusals that pass; any other status below 500 would come again."""
_FINAL_ERRORS = frozenset(("invalid_url", "invalid_request", "refused_by_policy"))


def call_to(method: str, url: str, headers: Headers, body: bytes | None = None) -> Call:
    """Return one call to make."""
    always = (("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"))
    return Call(method, url, (*always, *headers), body, TIMEOUT_SECONDS)


def failed(
    who: str, call: Call, response: Response, now: datetime, *, topic: str = "", detail: str = ""
) -> Sent:
    """Say why a message did not arrive, and when and whether it is worth trying again.

    `detail` is what a channel adds for whoever can mend it. Whoever knows the path of a webhook or
    of a push subscription, or a `topic`, may use it: an answer may repeat neither.
    """
    if response.error is not None:
        is_final = response.error.code in _FINAL_ERRORS
        message = response.error.message.replace("The endpoint", who).replace(
            "the endpoint's ", "the "
        )
        return Sent(ok=False, error=message, is_final=is_final)
    status = response.status_code or 0
    wait = retry_after_seconds(response.headers, now)
    parts = (*urlsplit(call.url).path.split("/"), topic)
    opening = spelled(part for part in parts if len(part) >= PART_LENGTH_MIN)
    sentence = status_sentence(who, call, response, opening)
    return Sent(
        ok=False,
        error=f"{sentence} {detail}".strip(),
        is_final=status < 500 and status not in _AGAIN,
        retry_after_seconds=wait or None,
    )
