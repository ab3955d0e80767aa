"""The client: a method for each call; those about questions stand in asking.py and deciding.py."""

import os
import time
from collections.abc import Iterator
from math import inf
from typing import Any, Self
from urllib.parse import urlencode

from .asking import SLICE, Asking
from .deciding import Deciding
from .resources import (
    Activity,
    Agent,
    AgentSession,
    Batch,
    Chat,
    Execution,
    Function,
    Me,
    Outcome,
    Queued,
    QueuedBatch,
    QueuedChats,
    read,
)
from .transport import Transport

URL_DEFAULT = "http://127.0.0.1:7465"
FUNCTION_SECONDS_MAX = 86_400


class Client(Asking, Deciding):
    """Speaks to one server with one API key, or with an access token.

    What is not given is taken from OPENSINK_URL and OPENSINK_API_KEY.
    Calls are repeated when the server cannot be reached or is overloaded; nothing is done twice.
    """

    def __init__(self, base_url: str | None = None, api_key: str | None = None) -> None:
        super().__init__()
        root_url = (base_url or os.environ.get("OPENSINK_URL") or URL_DEFAULT).rstrip("/")
        api_key = api_key or os.environ.get("OPENSINK_API_KEY")
        if not api_key:
            raise ValueError("There is no API key: pass api_key, or set OPENSINK_API_KEY.")
        self._http = Transport(root_url, api_key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()

    def create_agent(self, name: str, **settings: Any) -> Agent:
        """Make an agent; `settings` are the API's other fields, such as execution_endpoint."""
        return read(Agent, self._http.api("POST", "/agents", {"name": name, **settings}))

    def update_agent(self, agent_id: str, **changes: Any) -> Agent:
        return read(Agent, self._http.api("PATCH", f"/agents/{agent_id}", changes))

    def start_session(self, agent_id: str, **settings: Any) -> AgentSession:
        """Begin a run; `settings` are state, metadata and status."""
        body = {"agent_id": agent_id, **settings}
        return read(AgentSession, self._http.api("POST", "/agent-sessions", body))

    def get_session(self, session_id: str) -> AgentSession:
        return read(AgentSession, self._http.api("GET", f"/agent-sessions/{session_id}"))

    def update_session(self, session_id: str, **changes: Any) -> AgentSession:
        """Change status, state, metadata or error_message."""
        return read(AgentSession, self._http.api("PATCH", f"/agent-sessions/{session_id}", changes))

    def log_activity(self, session: AgentSession, message: str, **details: Any) -> None:
        """Say what happens; `details` are the API's other fields, such as payload and links."""
        body = {"type": "message", "source": "agent", "message": message, **details}
        body |= {"session_id": session.id, "agent_id": session.agent_id}
        self._http.api("POST", "/agent-session-activities", body)

    def list_activities(self, session: AgentSession, **filters: str) -> Iterator[Activity]:
        """Yield what happened, newest first; filters are type, source and recorded_by."""
        query = {**filters, "session_id": session.id}
        for item in self._http.each("/agent-session-activities", query):
            yield read(Activity, item)

    def create_function(
        self, namespace: str, name: str, target: dict[str, Any], **settings: Any
    ) -> Function:
        """Make a function; `settings` are the API's other fields, such as input_schema."""
        body = {"namespace": namespace, "name": name, "target": target, **settings}
        return read(Function, self._http.api("POST", "/functions", body))

    def get_function(self, namespace: str, name: str) -> Function:
        return read(Function, self._http.api("GET", f"/functions/{namespace}/{name}"))

    def list_functions(self, **filters: str) -> Iterator[Function]:
        """Yield every function, newest first; filters are namespace, kind, is_active, search."""
        for item in self._http.each("/functions", filters):
            yield read(Function, item)

    def update_function(self, namespace: str, name: str, **changes: Any) -> Function:
        path = f"/functions/{namespace}/{name}"
        return read(Function, self._http.api("PATCH", path, changes))

    def delete_function(self, namespace: str, name: str) -> None:
        self._http.api("DELETE", f"/functions/{namespace}/{name}")

    def execute(
        self, namespace: str, name: str, data: dict[str, Any], *, timeout_seconds: int | None = None
    ) -> Outcome:
        """Execute a function and wait for its output; without a timeout its own counts."""
        body = {"input": data, "timeout": timeout_seconds}
        path = f"/functions/{namespace}/{name}/execute"
        wait_seconds = timeout_seconds or FUNCTION_SECONDS_MAX
        response = self._http.root("POST", path, body, wait_seconds=wait_seconds)
        return read(Outcome, {"result": None, "error": None, **response})

    def execute_async(
        self, namespace: str, name: str, data: dict[str, Any], **options: Any
    ) -> Queued:
        """Queue an execution; options are trigger_id, delay_seconds and callback_url."""
        path = f"/functions/{namespace}/{name}/execute/async"
        return read(Queued, self._http.root("POST", path, {"input": data, **options}))

    def execute_batch(
        self, namespace: str, name: str, inputs: list[dict[str, Any]], **options: Any
    ) -> QueuedBatch:
        """Queue an execution for each input, all or none.

        Options are trigger_id_prefix, delay_seconds, callback_url and batch_callback_url.
        """
        path = f"/functions/{namespace}/{name}/execute/batch"
        return read(QueuedBatch, self._http.root("POST", path, {"inputs": inputs, **options}))

    def chat_batch(
        self, namespace: str, slug: str, inputs: list[dict[str, Any]], **options: Any
    ) -> QueuedChats:
        """Have an agent answer a chat for each `{message, input_variables}`, all or none.

        Options are those of execute_batch.
        """
        path = f"/agents/{namespace}/{slug}/chats/batch"
        return read(QueuedChats, self._http.root("POST", path, {"inputs": inputs, **options}))

    def get_chat(self, chat_id: str) -> Chat:
        return read(Chat, self._http.root("GET", f"/chats/{chat_id}"))

    def list_chats(self, **filters: Any) -> Iterator[Chat]:
        """Yield chats without their messages, newest first.

        Filters are q, agent_namespace and agent_slug.
        """
        query = {"limit": SLICE, **filters}
        while True:
            chats, headers = self._http.with_headers("GET", f"/chats?{urlencode(query)}")
            yield from (read(Chat, {"messages": [], **each}) for each in chats)
            if "X-Next-Cursor" not in headers:
                return
            query["cursor"] = headers["X-Next-Cursor"]

    def get_execution(self, execution_id: str) -> Execution:
        return read(Execution, self._http.root("GET", f"/executions/{execution_id}"))

    def list_executions(self, **filters: Any) -> list[Execution]:
        """Return executions, newest first.

        Filters are function_name, status, trigger_id, batch_id, skip and limit (100; 1000 at most).
        """
        page = self._http.root("GET", f"/executions?{urlencode(filters)}")
        return [read(Execution, each) for each in page]

    def execution_steps(self, execution_id: str) -> Any:
        """Return an execution's timeline, oldest first: a list of `{kind, created_at, …}`."""
        return self._http.root("GET", f"/executions/{execution_id}/steps")

    def cancel_execution(self, execution_id: str) -> Execution:
        """End an execution that has not ended."""
        return read(Execution, self._http.root("POST", f"/executions/{execution_id}/cancel"))

    def get_batch(self, batch_id: str) -> Batch:
        return read(Batch, self._http.root("GET", f"/batches/{batch_id}"))

    def batch_executions(self, batch_id: str, **filters: Any) -> Iterator[Execution]:
        """Yield a batch's executions in the order of its inputs; the filter is status."""
        offset = 0
        while True:
            query = urlencode({**filters, "limit": SLICE, "offset": offset})
            executions = self._http.root("GET", f"/batches/{batch_id}/executions?{query}")[
                "executions"
            ]
            yield from (read(Execution, each) for each in executions)
            offset += SLICE
            if len(executions) < SLICE:
                return

    def cancel_batch(self, batch_id: str) -> int:
        """Cancel what has not begun, and return how many those were; what runs goes on."""
        response = self._http.root("POST", f"/batches/{batch_id}/cancel")
        return int(response["cancelled_children"])

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
        return read(Me, self._http.root("GET", "/auth/me"))
