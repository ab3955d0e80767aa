"""The Python SDK for agents' authors: ask a person, wait for the answer, say how it goes.

    opensink = Client()  # at OPENSINK_URL, with the key in OPENSINK_API_KEY
    session = opensink.start_session(agent_id)
    request = opensink.ask(session, key="buy", title="Buy?", message="Ten.", schema=SCHEMA)
    answer = opensink.wait_for_answer(request.id).response

And for applications that execute functions, one or many:

    batch = opensink.execute_batch("images", "resize", [{"url": url} for url in urls])
    print(opensink.wait_for_batch(batch.batch_id).status)

And for what OpenSink calls, to tell its calls from others': `is_signed`.

It knows nothing of the server but its API, and needs only `requests`.
"""

import base64
import hmac
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from math import inf
from typing import Any, Self, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

URL_DEFAULT = "http://127.0.0.1:7465"
PAUSE_SECONDS = 0.5
TIMEOUT_SECONDS = 30
WAIT_SECONDS = 25
FUNCTION_SECONDS_MAX = 86_400
SLICE = 100
SIGNATURE_SECONDS_MAX = 300

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
    """`signing_secret` signs the calls to it; None for keys that may not write agents."""

    id: str
    name: str
    namespace: str
    slug: str
    status: str | None
    execution_endpoint: dict[str, Any] | None
    signing_secret: str | None


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that happened in a session.

    Whoever posts one names `type` and `source` as they like. `recorded_by` is `opensink` for what
    the server wrote down itself, and `agent` for what was posted.
    """

    id: str
    session_id: str
    type: str
    source: str
    recorded_by: str
    message: str | None
    payload: Any
    related_entity_id: str | None
    created_at: str


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
    """Something to execute by name; `target` says what carries it out.

    `signing_secret` signs the calls to it; None for keys that may not write functions.
    """

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
    signing_secret: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an execution went: `status` is success, error or timeout, which may go on."""

    status: str
    execution_id: str
    result: Any
    error: str | None


@dataclass(frozen=True, slots=True)
class Queued:
    """An execution that was taken on; `status` is awaiting_input where a person approves it."""

    execution_id: str
    status: str


@dataclass(frozen=True, slots=True)
class QueuedBatch:
    """A batch that was taken on; the ids are in the inputs' order."""

    batch_id: str
    execution_ids: list[str]
    total: int
    status: str


@dataclass(frozen=True, slots=True)
class QueuedChats(QueuedBatch):
    """Chats with an agent that were taken on; the ids are in the inputs' order."""

    chat_ids: list[str]


@dataclass(frozen=True, slots=True)
class Chat:
    """What was said: each message has `role`, `content`, `tool_calls` and `created_at`.

    `agent` is its `namespace` and `slug`, and None once it is deleted.
    """

    chat_id: str
    agent: dict[str, str] | None
    title: str | None
    user_id: str
    created_at: str
    input_variables: dict[str, Any]
    messages: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Execution:
    """One run: queued, running, awaiting_input, completed, failed or cancelled."""

    execution_id: str
    function_namespace: str
    function_name: str
    trigger_id: str
    batch_id: str | None
    user_id: str
    status: str
    input_data: dict[str, Any]
    output_data: Any
    error: str | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    duration_ms: int | None
    callback_status: str | None
    callback_response_code: int | None


@dataclass(frozen=True, slots=True)
class Batch:
    """How far a batch is: queued or running, then completed, partial, failed or cancelled."""

    batch_id: str
    target: dict[str, str]
    user_id: str
    total: int
    completed: int
    failed: int
    running: int
    queued: int
    cancelled: int
    awaiting_input: int
    status: str
    started_at: str | None
    finished_at: str | None
    trigger_id_prefix: str | None


@dataclass(frozen=True, slots=True)
class Me:
    """Who the key or token speaks for; `scopes` that are None limit nothing."""

    id: str
    email: str
    workspace: dict[str, str]
    roles: list[str]
    permissions: list[str]
    scopes: list[str] | None
    execution_id: str | None


class Client:
    """Speaks to one server with one API key, or with an access token.

    What is not given is taken from OPENSINK_URL and OPENSINK_API_KEY.
    Calls are repeated when the server cannot be reached or is overloaded; nothing is done twice.
    """

    def __init__(self, base_url: str | None = None, api_key: str | None = None) -> None:
        self._root_url = (base_url or os.environ.get("OPENSINK_URL") or URL_DEFAULT).rstrip("/")
        self._api_key = api_key or os.environ.get("OPENSINK_API_KEY") or ""
        if not self._api_key:
            raise ValueError("There is no API key: pass api_key, or set OPENSINK_API_KEY.")
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
                raise TimeoutError("Nobody answered in time.")
            time.sleep(PAUSE_SECONDS)  # a busy server answers at once

    def log_activity(self, session: AgentSession, message: str, **details: Any) -> None:
        """Say what happens; `details` are the API's other fields, such as payload and links."""
        body = {"type": "message", "source": "agent", "message": message, **details}
        body |= {"session_id": session.id, "agent_id": session.agent_id}
        self._call("POST", "/agent-session-activities", body)

    def list_activities(self, session: AgentSession, **filters: str) -> Iterator[Activity]:
        """Yield what happened, newest first; filters are type, source and recorded_by."""
        query = {**filters, "session_id": session.id}
        while True:
            page = self._call("GET", f"/agent-session-activities?{urlencode(query)}")
            yield from (_read(Activity, item) for item in page["items"])
            if page["trail"] is None:
                return
            query["$trail"] = page["trail"]

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

    def execute(
        self, namespace: str, name: str, data: dict[str, Any], *, timeout_seconds: int | None = None
    ) -> Outcome:
        """Execute a function and wait for its output; without a timeout its own counts."""
        body = {"input": data, "timeout": timeout_seconds}
        path = f"/functions/{namespace}/{name}/execute"
        wait_seconds = timeout_seconds or FUNCTION_SECONDS_MAX
        answer = self._at_root("POST", path, body, wait_seconds=wait_seconds)
        return _read(Outcome, {"result": None, "error": None, **answer})

    def execute_async(
        self, namespace: str, name: str, data: dict[str, Any], **options: Any
    ) -> Queued:
        """Queue an execution; options are trigger_id, delay_seconds and callback_url."""
        path = f"/functions/{namespace}/{name}/execute/async"
        return _read(Queued, self._at_root("POST", path, {"input": data, **options}))

    def execute_batch(
        self, namespace: str, name: str, inputs: list[dict[str, Any]], **options: Any
    ) -> QueuedBatch:
        """Queue an execution for each input, all or none.

        Options are trigger_id_prefix, delay_seconds, callback_url and batch_callback_url.
        """
        path = f"/functions/{namespace}/{name}/execute/batch"
        return _read(QueuedBatch, self._at_root("POST", path, {"inputs": inputs, **options}))

    def chat_batch(
        self, namespace: str, slug: str, inputs: list[dict[str, Any]], **options: Any
    ) -> QueuedChats:
        """Have an agent answer a chat for each `{message, input_variables}`, all or none.

        Options are those of execute_batch.
        """
        path = f"/agents/{namespace}/{slug}/chats/batch"
        return _read(QueuedChats, self._at_root("POST", path, {"inputs": inputs, **options}))

    def get_chat(self, chat_id: str) -> Chat:
        return _read(Chat, self._at_root("GET", f"/chats/{chat_id}"))

    def list_chats(self, **filters: Any) -> Iterator[Chat]:
        """Yield chats without their messages, newest first.

        Filters are q, agent_namespace and agent_slug.
        """
        query = {"limit": SLICE, **filters}
        while True:
            found, headers = self._with_headers("GET", f"/chats?{urlencode(query)}")
            yield from (_read(Chat, {"messages": [], **each}) for each in found)
            if "X-Next-Cursor" not in headers:
                return
            query["cursor"] = headers["X-Next-Cursor"]

    def get_execution(self, execution_id: str) -> Execution:
        return _read(Execution, self._at_root("GET", f"/executions/{execution_id}"))

    def list_executions(self, **filters: Any) -> list[Execution]:
        """Return executions, newest first.

        Filters are function_name, status, trigger_id, batch_id, skip and limit (100; 1000 at most).
        """
        found = self._at_root("GET", f"/executions?{urlencode(filters)}")
        return [_read(Execution, each) for each in found]

    def execution_steps(self, execution_id: str) -> Any:
        """Return an execution's timeline, oldest first: a list of `{kind, created_at, …}`."""
        return self._at_root("GET", f"/executions/{execution_id}/steps")

    def cancel_execution(self, execution_id: str) -> Execution:
        """End an execution that has not ended."""
        return _read(Execution, self._at_root("POST", f"/executions/{execution_id}/cancel"))

    def get_batch(self, batch_id: str) -> Batch:
        return _read(Batch, self._at_root("GET", f"/batches/{batch_id}"))

    def batch_executions(self, batch_id: str, **filters: Any) -> Iterator[Execution]:
        """Yield a batch's executions in the order of its inputs; the filter is status."""
        offset = 0
        while True:
            query = urlencode({**filters, "limit": SLICE, "offset": offset})
            found = self._at_root("GET", f"/batches/{batch_id}/executions?{query}")["executions"]
            yield from (_read(Execution, each) for each in found)
            offset += SLICE
            if len(found) < SLICE:
                return

    def cancel_batch(self, batch_id: str) -> int:
        """Cancel what has not begun, and return how many those were; what runs goes on."""
        answer = self._at_root("POST", f"/batches/{batch_id}/cancel")
        return int(answer["cancelled_children"])

    def wait_for_batch(
        self, batch_id: str, *, timeout_seconds: float = inf, pause_seconds: float = 1.0
    ) -> Batch:
        """Return the batch once all of it has ended; it looks in pauses. Raises: TimeoutError."""
        deadline = time.monotonic() + timeout_seconds
        while (batch := self.get_batch(batch_id)).finished_at is None:
            if time.monotonic() >= deadline:
                raise TimeoutError("The batch did not end in time.")
            time.sleep(pause_seconds)
        return batch

    def me(self) -> Me:
        """Return who the key or token speaks for."""
        return _read(Me, self._at_root("GET", "/auth/me"))

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the key as `auth` does: a header of the session loses to an entry in ~/.netrc."""
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request

    def _call(self, method: str, path: str, body: Any = None, *, wait_seconds: int = 0) -> Any:
        return self._at_root(method, "/api/v1" + path, body, wait_seconds=wait_seconds)

    def _at_root(self, method: str, path: str, body: Any = None, *, wait_seconds: int = 0) -> Any:
        return self._with_headers(method, path, body, wait_seconds=wait_seconds)[0]

    def _with_headers(
        self, method: str, path: str, body: Any = None, *, wait_seconds: int = 0
    ) -> tuple[Any, Mapping[str, str]]:
        answer = self._http.request(
            method,
            self._root_url + path,
            json=body,
            # equal on every attempt of this call, so that the server does it once
            headers={"Idempotency-Key": str(uuid4())} if method == "POST" else {},
            timeout=TIMEOUT_SECONDS + wait_seconds,
        )
        if answer.ok:
            return answer.json() if answer.content else None, answer.headers
        raise _error_of(answer)


def is_signed(headers: Mapping[str, str], body: bytes, signing_secret: str) -> bool:
    """Tell whether a call that an agent or a function got is OpenSink's, for it, and of now.

    `headers` as they came, in any letter case; `body` byte for byte, `b""` of a GET. The secret is
    the agent's or function's own. The address is not signed.
    """
    given = {name.lower(): value for name, value in headers.items()}
    sent_at = given.get("webhook-timestamp", "")
    if not (sent_at.isascii() and sent_at.isdecimal() and len(sent_at) < 16):
        return False
    if abs(time.time() - int(sent_at)) > SIGNATURE_SECONDS_MAX:
        return False
    signed = f"{given.get('webhook-id', '')}.{sent_at}.".encode() + body
    key = base64.b64decode(signing_secret.removeprefix("whsec_"))
    ours = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    theirs = given.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(each, ours) for each in theirs)


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
