"""One call to a service that passes messages on, and what its answer means for the message.

Of what a service answers nothing is shown but its status, where it redirects to, and words that a
channel knows: whoever names a URL must not be able to read what stands there.
"""

from datetime import datetime
from http import HTTPStatus

from opensink_web.channels.base import Sent
from opensink_web.outbound.client import Call, Client, Headers, Response
from opensink_web.outbound.endpoint_call import USER_AGENT
from opensink_web.outbound.explained import status_sentence
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


def exchange(
    client: Client, method: str, url: str, headers: Headers, body: bytes | None
) -> Response:
    """Make one call."""
    always = (("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"))
    return client.send(Call(method, url, (*always, *headers), body, TIMEOUT_SECONDS))


def failed(who: str, response: Response, now: datetime, *, detail: str = "") -> Sent:
    """Say why a message did not arrive, and when and whether it is worth trying again.

    `detail` is what a channel adds for whoever can mend it.
    """
    if response.error is not None:
        is_final = response.error.code in _FINAL_ERRORS
        message = response.error.message.replace("The endpoint", who).replace(
            "the endpoint's ", "the "
        )
        return Sent(ok=False, error=message, is_final=is_final)
    status = response.status_code or 0
    wait = retry_after_seconds(response.headers, now)
    sentence = status_sentence(who, response, ())
    return Sent(
        ok=False,
        error=f"{sentence} {detail}".strip(),
        is_final=status < 500 and status not in _AGAIN,
        retry_after_seconds=wait or None,
    )
