"""How the SDK speaks HTTP: its key, repeated attempts, errors; the calls stand in other modules."""

import os
import random
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from itertools import count
from math import inf
from time import monotonic, sleep, time
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from .errors import OpenSinkApiError as OpenSinkApiError
from .errors import TimedOut, Unreachable, refusal
from .once import is_sent_once
from .tracing import trace_headers

URL_DEFAULT = "http://127.0.0.1:7465"
TIMEOUT_SECONDS = 30
ATTEMPTS_MAX = 4
PAUSE_SECONDS = 0.25
"""Before the second attempt; before each further one twice as long."""
RETRY_AFTER_SECONDS_MAX = 60
"""Whoever is to wait for longer is told at once."""
GRACE_SECONDS = 2
"""What a response may take beyond a deadline, so that one that is sent at it still arrives."""
CONNECTIONS_MAX = 100
SLICE = 100
_LATER = {429, 502, 503, 504}


class Transport:
    """Calls one server with one key, and repeats only what the server does once all the same."""

    def __init__(
        self, root_url: str, api_key: str | None, headers: Mapping[str, str] | None = None
    ) -> None:
        self._root_url = root_url
        self._api_key = api_key
        self._http = _OneServer()
        self._http.auth = self._authorize
        self._http.headers.update(headers or {})
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS_MAX))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        wait_seconds: int = 0,
        deadline: float = inf,
    ) -> Any:
        """Call the API of agents under /api/v1. Raises: OpenSinkApiError; Unreachable."""
        path = "/api/v1" + path
        return self.with_headers(method, path, body, wait_seconds=wait_seconds, deadline=deadline)[
            0
        ]

    def each(self, path: str, filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what a list of that API has, page by page. Raises: OpenSinkApiError."""
        query = dict(filters)
        while True:
            page = self.api("GET", path + query_of(query))
            yield from page["items"]
            if page.get("trail") is None:
                return
            query["$trail"] = page["trail"]

    def each_skipping(
        self, path: str, filters: Mapping[str, Any], id_field: str
    ) -> Iterator[dict[str, Any]]:
        """Yield what a list of the execution API has, page by page. Raises: OpenSinkApiError."""
        skip, known = 0, set[str]()
        while True:
            query = {**filters, "skip": skip, "limit": SLICE}
            page: list[dict[str, Any]] = self.root("GET", path + query_of(query))
            # what came meanwhile has moved the others on by as many
            yield from (each for each in page if each[id_field] not in known)
            if len(page) < SLICE:
                return
            known = {each[id_field] for each in page}
            skip += SLICE

    def root(self, method: str, path: str, body: Any = None, *, wait_seconds: int = 0) -> Any:
        """Call the execution API. Raises: OpenSinkApiError; Unreachable."""
        return self.with_headers(method, path, body, wait_seconds=wait_seconds)[0]

    def with_headers(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        wait_seconds: int = 0,
        deadline: float = inf,
    ) -> tuple[Any, Mapping[str, str]]:
        """Return a response's content and headers.

        It is tried again when no response came, or one that says later, until `deadline`, a moment
        of the monotonic clock. What the server might do twice is tried again only when it says that
        it has not begun. Raises: OpenSinkApiError; Unreachable.
        """
        once = is_sent_once(method, path)
        # equal on every attempt of this call, so that the server does it once
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" and not once else {}
        headers |= trace_headers()
        for attempt in count(1):
            left_seconds = max(0.0, deadline - monotonic()) + GRACE_SECONDS
            timeout_seconds = min(TIMEOUT_SECONDS + wait_seconds, left_seconds)
            outcome = self._attempt(method, path, body, headers, timeout_seconds)
            if isinstance(outcome, requests.Response) and (
                outcome.status_code < 300
                # a DELETE whose response was lost has done its work
                or (method == "DELETE" and attempt > 1 and outcome.status_code == 404)
            ):
                return _content(outcome), outcome.headers
            pause_seconds = _pause_seconds(outcome, attempt, once)
            if pause_seconds is None or monotonic() + pause_seconds >= deadline:
                break
            sleep(pause_seconds)
        if isinstance(outcome, Unreachable):
            raise outcome
        raise refusal(outcome, _retry_after(outcome))

    def _attempt(
        self, method: str, path: str, body: Any, headers: dict[str, str], timeout_seconds: float
    ) -> requests.Response | Unreachable:
        try:
            return self._http.request(
                method, self._root_url + path, json=body, headers=headers, timeout=timeout_seconds
            )
        except requests.Timeout as error:
            outcome: Unreachable = TimedOut("The server did not answer in time.")
            outcome.__cause__ = error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            outcome = Unreachable(f"The server cannot be reached: {error}")
            outcome.__cause__ = error
        return outcome

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the key as `auth` does: a header of the session loses to an entry in ~/.netrc."""
        if self._api_key is not None:
            request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


class _OneServer(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow none: secrets and bodies are for this server alone, and no POST becomes a GET."""


def address_of(base_url: str | None) -> str:
    """Return the server's address: the one given, or else OPENSINK_URL, or this machine's."""
    return (base_url or os.environ.get("OPENSINK_URL") or URL_DEFAULT).rstrip("/")


def is_on_this_machine(address: str) -> bool:
    """Return True if only programs on this machine reach what is at an address."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def query_of(filters: Mapping[str, Any]) -> str:
    """Return filters as they follow a path; one that is None is none."""
    texts = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in filters.items()
        if value is not None
    }
    texts |= {name: str(value).lower() for name, value in texts.items() if isinstance(value, bool)}
    return f"?{urlencode(texts)}" if texts else ""


def part(text: str) -> str:
    """Return an id or a name as a part of a path, whatever characters it has."""
    return quote(text, safe="")


def _content(response: requests.Response) -> Any:
    if not (response.ok and response.content):
        return None
    try:
        return response.json()
    except ValueError:
        message = "What the server answered is no JSON. Is this the address of OpenSink?"
        raise OpenSinkApiError(response.status_code, "", message, []) from None


def _pause_seconds(
    outcome: requests.Response | Unreachable, attempt: int, once: bool
) -> float | None:
    """Return how long to wait for the next attempt; None if there is none."""
    if attempt == ATTEMPTS_MAX:
        return None
    # not all who were refused at one moment come back at another
    seconds = PAUSE_SECONDS * 2.0 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311
    if isinstance(outcome, Unreachable):
        return None if once else seconds
    # whoever is over a limit is refused before anything is done
    if outcome.status_code not in ({429} if once else _LATER) and not _is_in_progress(outcome):
        return None
    seconds = max(seconds, _retry_after(outcome) or 0)
    return seconds if seconds <= RETRY_AFTER_SECONDS_MAX else None


def _is_in_progress(response: requests.Response) -> bool:
    """Return True if an earlier attempt of the same call, whose response was lost, still goes on.

    Once it has ended, its response is the answer to the next one.
    """
    return response.status_code == 409 and refusal(response, None).code == "idempotency_in_progress"


def _retry_after(response: requests.Response) -> float | None:
    """Return in how many seconds the server wants to be asked again; None if it does not say."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (TypeError, ValueError, OverflowError):
        return None
