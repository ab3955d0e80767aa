"""The Python SDK for agents' authors: ask a person, wait for the answer, say how it goes.

    opensink = Client("http://127.0.0.1:5000", api_key)
    session = opensink.start_session(agent_id)
    request = opensink.ask(session, key="buy", title="Buy?", message="Ten.", schema=SCHEMA)
    answer = opensink.wait_for_answer(request.id).response

It knows nothing of the server but its API, and needs only `requests`.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from math import inf
from typing import Any, Self, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

PAUSE_SECONDS = 0.5
TIMEOUT_SECONDS = 30
WAIT_SECONDS = 25

_RETRY = Retry(
    3, status_forcelist=[503], allowed_methods=None, backoff_factor=0.5, raise_on_status=False
)
Resource = TypeVar("Resource")


class OpenSinkApiError(Exception):
    """The server refused; `errors` has a path and a message for each thing that is invalid."""

    def __init__(self, status: int, code: str, message: str, errors: list[dict[str, str]]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Agent:
    id: str
    name: str
    namespace: str
    slug: str
    status: str | None
    execution_endpoint: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class AgentSession:
    id: str
    agent_id: str
    status: str
    state: dict[str, Any]
    metadata: dict[str, Any]
    error_message: str | None


@dataclass(frozen=True, slots=True)
class InputRequest:
    """A question; `response` is null until `status` is `resolved`.

    An agent asked it in a session, or an execution, of which `declined` ends it for a reason.
    """

    id: str
    session_id: str | None
    agent_id: str | None
    execution_id: str | None
    kind: str
    key: str
    title: str
    status: str
    response: dict[str, Any] | None
    decline_reason: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """Something to execute by name; `target` says what carries it out."""

    id: str
    namespace: str
    name: str
    description: str | None
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    timeout_seconds: int
    requires_approval: bool
    is_active: bool
    target: dict[str, Any] | None


class Client:
    """Speaks to one server with one API key.

    Calls are repeated when the server cannot be reached or is overloaded; nothing is done twice.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self._base_url = base_url.rstrip("/") + "/api/v1"
        self._api_key = api_key
        self._http = requests.Session()
        self._http.auth = self._authorize
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(max_retries=_RETRY))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()

    def create_agent(self, name: str, **settings: Any) -> Agent:
        """Make an agent; `settings` are the API's other fields, such as execution_endpoint."""
        return _read(Agent, self._call("POST", "/agents", {"name": name, **settings}))

    def update_agent(self, agent_id: str, **changes: Any) -> Agent:
        return _read(Agent, self._call("PATCH", f"/agents/{agent_id}", changes))

    def start_session(self, agent_id: str, **settings: Any) -> AgentSession:
        """Begin a run; `settings` are state, metadata and status."""
        body = {"agent_id": agent_id, **settings}
        return _read(AgentSession, self._call("POST", "/agent-sessions", body))

    def get_session(self, session_id: str) -> AgentSession:
        return _read(AgentSession, self._call("GET", f"/agent-sessions/{session_id}"))

    def update_session(self, session_id: str, **changes: Any) -> AgentSession:
        """Change status, state, metadata or error_message."""
        return _read(AgentSession, self._call("PATCH", f"/agent-sessions/{session_id}", changes))

    def ask(
        self, session: AgentSession, *, key: str, title: str, message: str, schema: dict[str, Any]
    ) -> InputRequest:
        """Ask a person; the answer has to fit `schema`, a JSON Schema."""
        body = {"key": key, "title": title, "message": message, "schema": schema}
        body |= {"session_id": session.id, "agent_id": session.agent_id}
        return _read(InputRequest, self._call("POST", "/agent-session-input-requests", body))

    def get_input_request(self, request_id: str, *, wait_seconds: int = 0) -> InputRequest:
        """Read a request, at once or when it is answered within `wait_seconds` (at most 60)."""
        path = f"/agent-session-input-requests/{request_id}?wait={wait_seconds}"
        return _read(InputRequest, self._call("GET", path, wait_seconds=wait_seconds))

    def wait_for_answer(self, request_id: str, *, timeout_seconds: float = inf) -> InputRequest:
        """Return the request once it waits no more. Raises: TimeoutError."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            left_seconds = max(0, min(WAIT_SECONDS, deadline - time.monotonic()))
            request = self.get_input_request(request_id, wait_seconds=round(left_seconds))
            if request.status != "pending":
                return request
            if time.monotonic() >= deadline:
                raise TimeoutError("Nobody has answered in time.")
            time.sleep(PAUSE_SECONDS)  # a busy server answers at once

    def log_activity(self, session: AgentSession, message: str, **details: Any) -> None:
        """Say what happens; `details` are the API's other fields, such as payload and links."""
        body = {"type": "message", "source": "agent", "message": message, **details}
        body |= {"session_id": session.id, "agent_id": session.agent_id}
        self._call("POST", "/agent-session-activities", body)

    def create_function(
        self, namespace: str, name: str, target: dict[str, Any], **settings: Any
    ) -> Function:
        """Make a function; `settings` are the API's other fields, such as input_schema."""
        body = {"namespace": namespace, "name": name, "target": target, **settings}
        return _read(Function, self._call("POST", "/functions", body))

    def get_function(self, namespace: str, name: str) -> Function:
        return _read(Function, self._call("GET", f"/functions/{namespace}/{name}"))

    def list_functions(self, **filters: str) -> Iterator[Function]:
        """Yield every function, newest first; filters are namespace, kind, is_active, search."""
        query = dict(filters)
        while True:
            page = self._call("GET", f"/functions?{urlencode(query)}")
            yield from (_read(Function, item) for item in page["items"])
            if page["trail"] is None:
                return
            query["$trail"] = page["trail"]

    def update_function(self, namespace: str, name: str, **changes: Any) -> Function:
        path = f"/functions/{namespace}/{name}"
        return _read(Function, self._call("PATCH", path, changes))

    def delete_function(self, namespace: str, name: str) -> None:
        self._call("DELETE", f"/functions/{namespace}/{name}")

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the key as `auth` does: a header of the session loses to an entry in ~/.netrc."""
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request

    def _call(self, method: str, path: str, body: Any = None, *, wait_seconds: int = 0) -> Any:
        answer = self._http.request(
            method,
            self._base_url + path,
            json=body,
            # equal on every attempt of this call, so that the server does it once
            headers={"Idempotency-Key": str(uuid4())} if method == "POST" else {},
            timeout=TIMEOUT_SECONDS + wait_seconds,
        )
        if answer.ok:
            return answer.json() if answer.content else None
        raise _error_of(answer)


def _error_of(answer: requests.Response) -> OpenSinkApiError:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    message = problem.get("error", f"The server answered {answer.status_code}.")
    errors = problem.get("errors", [])
    return OpenSinkApiError(answer.status_code, problem.get("code", ""), message, errors)


def _read(kind: type[Resource], content: dict[str, Any]) -> Resource:
    return kind(**{each.name: content[each.name] for each in fields(kind)})  # type: ignore[arg-type]  # every kind is a dataclass
