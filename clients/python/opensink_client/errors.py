"""What can go wrong: a call was refused, the server cannot be reached, a call is not OpenSink's."""

from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests


class OpenSinkError(Exception):
    """Whatever goes wrong here; invalid arguments are a ValueError."""


class OpenSinkApiError(OpenSinkError):
    """The server refused; `errors` has a path and a message for each thing that is invalid.

    `retry_after_seconds` is when it wants to be asked again, where it says so.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        errors: list[dict[str, str]],
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds


class InvalidRequest(OpenSinkApiError):
    """What was sent is not what the route takes (400, 413, 415, 422): see `errors`."""


class NotAuthenticated(OpenSinkApiError):
    """The key or token is not valid, or not any more (401)."""


class Forbidden(OpenSinkApiError):
    """The key, or whose it is, may not do that (403)."""


class NotFound(OpenSinkApiError):
    """It is not there, or in another workspace (404)."""


class Conflict(OpenSinkApiError):
    """It is no longer, or not yet, in a state for that (409): somebody else has decided, say."""


class RateLimited(OpenSinkApiError):
    """Too many calls (429), also after as many attempts as are made."""


class Redirected(OpenSinkApiError):
    """The server is elsewhere now (3xx): where, the sentence says. Nothing was sent there."""


class ServerError(OpenSinkApiError):
    """The server, or what stands before it, failed (5xx), also after some attempts."""


class Unreachable(OpenSinkError, requests.ConnectionError):
    """No response came, whatever the reason, also after the attempts that may be made."""


class TimedOut(Unreachable, requests.Timeout):
    """No response came in time."""


_KINDS: dict[int, type[OpenSinkApiError]] = {
    400: InvalidRequest,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
}


def refusal(response: requests.Response, retry_after_seconds: float | None) -> OpenSinkApiError:
    """Return the error that a response describes, also one that is not OpenSink's."""
    if 300 <= response.status_code < 400:
        return Redirected(response.status_code, "", _redirection(response), [])
    problem = _problem_of(response)
    message = problem.get("error", f"The server answered {response.status_code}.")
    fallback = ServerError if response.status_code >= 500 else OpenSinkApiError
    return _KINDS.get(response.status_code, fallback)(
        response.status_code,
        problem.get("code", ""),
        message,
        problem.get("errors", []),
        retry_after_seconds,
    )


def _redirection(response: requests.Response) -> str:
    try:
        url = urlsplit(urljoin(response.url, response.headers["Location"]))
    except (KeyError, ValueError):
        return f"The server answered {response.status_code}: it is at another address."
    # neither a password nor a query goes into a log
    address = urlunsplit((url.scheme, url.netloc.rpartition("@")[2], url.path, "", ""))
    return f"The server answered {response.status_code}: this is at {address} now."


def _problem_of(response: requests.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
