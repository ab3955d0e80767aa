"""How the SDK speaks HTTP: its key, repeated attempts, errors; the calls stand in calls.py."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

TIMEOUT_SECONDS = 30

_RETRY = Retry(
    3, status_forcelist=[503], allowed_methods=None, backoff_factor=0.5, raise_on_status=False
)


class OpenSinkApiError(Exception):
    """The server refused; `errors` has a path and a message for each thing that is invalid."""

    def __init__(self, status: int, code: str, message: str, errors: list[dict[str, str]]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors


class Transport:
    """Calls one server with one key; nothing is done twice, however often a call is repeated."""

    def __init__(self, root_url: str, api_key: str) -> None:
        self._root_url = root_url
        self._api_key = api_key
        self._http = requests.Session()
        self._http.auth = self._authorize
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(max_retries=_RETRY))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def api(self, method: str, path: str, body: Any = None, *, wait_seconds: int = 0) -> Any:
        """Call the API of agents under /api/v1. Raises: OpenSinkApiError."""
        return self.root(method, "/api/v1" + path, body, wait_seconds=wait_seconds)

    def each(self, path: str, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield what a list of that API has, page by page. Raises: OpenSinkApiError."""
        query = dict(filters)
        while True:
            page = self.api("GET", f"{path}?{urlencode(query)}")
            yield from page["items"]
            if page["trail"] is None:
                return
            query["$trail"] = page["trail"]

    def root(self, method: str, path: str, body: Any = None, *, wait_seconds: int = 0) -> Any:
        """Call the execution API. Raises: OpenSinkApiError."""
        return self.with_headers(method, path, body, wait_seconds=wait_seconds)[0]

    def with_headers(
        self, method: str, path: str, body: Any = None, *, wait_seconds: int = 0
    ) -> tuple[Any, Mapping[str, str]]:
        """Return a response's content and headers. Raises: OpenSinkApiError."""
        response = self._http.request(
            method,
            self._root_url + path,
            json=body,
            # equal on every attempt of this call, so that the server does it once
            headers={"Idempotency-Key": str(uuid4())} if method == "POST" else {},
            timeout=TIMEOUT_SECONDS + wait_seconds,
        )
        if response.ok:
            return response.json() if response.content else None, response.headers
        raise _error_of(response)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the key as `auth` does: a header of the session loses to an entry in ~/.netrc."""
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


def _error_of(response: requests.Response) -> OpenSinkApiError:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    message = problem.get("error", f"The server answered {response.status_code}.")
    errors = problem.get("errors", [])
    return OpenSinkApiError(response.status_code, problem.get("code", ""), message, errors)
