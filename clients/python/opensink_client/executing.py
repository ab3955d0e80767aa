"""The client's calls about functions, their executions, batches and chats."""

from collections.abc import Iterator
from math import inf
from time import monotonic, sleep
from typing import Any

from .resources import (
    Batch,
    Chat,
    Execution,
    Function,
    Outcome,
    Queued,
    QueuedBatch,
    QueuedChats,
    read,
)
from .transport import Transport, part, query_of

FUNCTION_SECONDS_MAX = 86_400
SLICE = 100


class Executing:
    """What an application does to have functions and agents work."""

    _http: Transport

    def create_function(
        self, namespace: str, name: str, target: dict[str, Any], **settings: Any
    ) -> Function:
        """Make a function; `settings` are the API's other fields, such as input_schema."""
        body = {"namespace": namespace, "name": name, "target": target, **settings}
        return read(Function, self._http.api("POST", "/functions", body))

    def get_function(self, namespace: str, name: str) -> Function:
        return read(Function, self._http.api("GET", f"/functions/{part(namespace)}/{part(name)}"))

    def list_functions(self, **filters: str) -> Iterator[Function]:
        """Yield every function, newest first; filters are namespace, kind, is_active, search."""
        for item in self._http.each("/functions", filters):
            yield read(Function, item)

    def update_function(self, namespace: str, name: str, **changes: Any) -> Function:
        path = f"/functions/{part(namespace)}/{part(name)}"
        return read(Function, self._http.api("PATCH", path, changes))

    def delete_function(self, namespace: str, name: str) -> None:
        self._http.api("DELETE", f"/functions/{part(namespace)}/{part(name)}")

    def execute(
        self, namespace: str, name: str, data: dict[str, Any], *, timeout_seconds: int | None = None
    ) -> Outcome:
        """Execute a function and wait for its output; without a timeout its own counts."""
        body = {"input": data, "timeout": timeout_seconds}
        path = f"/functions/{part(namespace)}/{part(name)}/execute"
        wait_seconds = timeout_seconds or FUNCTION_SECONDS_MAX
        response = self._http.root("POST", path, body, wait_seconds=wait_seconds)
        return read(Outcome, {"result": None, "error": None, **response})

    def execute_async(
        self, namespace: str, name: str, data: dict[str, Any], **options: Any
    ) -> Queued:
        """Queue an execution; options are trigger_id, delay_seconds and callback_url."""
        path = f"/functions/{part(namespace)}/{part(name)}/execute/async"
        return read(Queued, self._http.root("POST", path, {"input": data, **options}))

    def execute_batch(
        self, namespace: str, name: str, inputs: list[dict[str, Any]], **options: Any
    ) -> QueuedBatch:
        """Queue an execution for each input, all or none.

        Options are trigger_id_prefix, delay_seconds, callback_url and batch_callback_url.
        """
        path = f"/functions/{part(namespace)}/{part(name)}/execute/batch"
        return read(QueuedBatch, self._http.root("POST", path, {"inputs": inputs, **options}))

    def chat_batch(
        self, namespace: str, slug: str, inputs: list[dict[str, Any]], **options: Any
    ) -> QueuedChats:
        """Have an agent answer a chat for each `{message, input_variables}`, all or none.

        Options are those of execute_batch.
        """
        path = f"/agents/{part(namespace)}/{part(slug)}/chats/batch"
        return read(QueuedChats, self._http.root("POST", path, {"inputs": inputs, **options}))

    def get_chat(self, chat_id: str) -> Chat:
        return read(Chat, self._http.root("GET", f"/chats/{part(chat_id)}"))

    def list_chats(self, **filters: Any) -> Iterator[Chat]:
        """Yield chats without their messages, newest first.

        Filters are q, agent_namespace and agent_slug.
        """
        query = {"limit": SLICE, **filters}
        while True:
            chats, headers = self._http.with_headers("GET", "/chats" + query_of(query))
            yield from (read(Chat, {"messages": [], **each}) for each in chats)
            if "X-Next-Cursor" not in headers:
                return
            query["cursor"] = headers["X-Next-Cursor"]

    def get_execution(self, execution_id: str) -> Execution:
        return read(Execution, self._http.root("GET", f"/executions/{part(execution_id)}"))

    def list_executions(self, **filters: Any) -> list[Execution]:
        """Return one page of executions, newest first; `all_executions` yields them all.

        Filters are function_name, status, trigger_id, batch_id, skip and limit (100; 1000 at most).
        """
        page = self._http.root("GET", "/executions" + query_of(filters))
        return [read(Execution, each) for each in page]

    def execution_steps(self, execution_id: str) -> Any:
        """Return an execution's timeline, oldest first: a list of `{kind, created_at, …}`."""
        return self._http.root("GET", f"/executions/{part(execution_id)}/steps")

    def cancel_execution(self, execution_id: str) -> Execution:
        """End an execution that has not ended."""
        return read(Execution, self._http.root("POST", f"/executions/{part(execution_id)}/cancel"))

    def get_batch(self, batch_id: str) -> Batch:
        return read(Batch, self._http.root("GET", f"/batches/{part(batch_id)}"))

    def batch_executions(self, batch_id: str, **filters: Any) -> Iterator[Execution]:
        """Yield a batch's executions in the order of its inputs; the filter is status."""
        offset = 0
        while True:
            query = query_of({**filters, "limit": SLICE, "offset": offset})
            executions = self._http.root("GET", f"/batches/{part(batch_id)}/executions{query}")[
                "executions"
            ]
            yield from (read(Execution, each) for each in executions)
            offset += SLICE
            if len(executions) < SLICE:
                return

    def all_executions(self, **filters: Any) -> Iterator[Execution]:
        """Yield executions, newest first, page by page.

        Filters are function_name, status, trigger_id and batch_id.
        """
        for each in self._http.each_skipping("/executions", filters, "execution_id"):
            yield read(Execution, each)

    def list_batches(self, **filters: Any) -> Iterator[Batch]:
        """Yield batches, newest first; filters are status and kind."""
        for each in self._http.each_skipping("/batches", filters, "batch_id"):
            yield read(Batch, each)

    def cancel_batch(self, batch_id: str) -> int:
        """Cancel what has not begun, and return how many those were; what runs goes on."""
        response = self._http.root("POST", f"/batches/{part(batch_id)}/cancel")
        return int(response["cancelled_children"])

    def wait_for_batch(
        self, batch_id: str, *, timeout_seconds: float = inf, pause_seconds: float = 1.0
    ) -> Batch:
        """Return the batch once all of it has ended; it looks in pauses. Raises: TimeoutError."""
        deadline = monotonic() + timeout_seconds
        while (batch := self.get_batch(batch_id)).finished_at is None:
            if monotonic() >= deadline:
                raise TimeoutError("The batch did not end in time.")
            sleep(pause_seconds)
        return batch

    def replace_function(self, namespace: str, name: str, target: Any, **settings: Any) -> Function:
        """Say anew what a function is; what is left out is as in a new one."""
        return read(
            Function,
            self._http.api(
                "PUT", f"/functions/{part(namespace)}/{part(name)}", {"target": target, **settings}
            ),
        )

    def rotate_function_signing_secret(self, namespace: str, name: str) -> Function:
        """Make a new secret; calls are signed with both until the overlap ends."""
        return read(
            Function,
            self._http.api(
                "POST", f"/functions/{part(namespace)}/{part(name)}/rotate-signing-secret"
            ),
        )

    def end_function_signing_overlap(self, namespace: str, name: str) -> Function:
        """Sign calls with the new secret alone from now on."""
        return read(
            Function,
            self._http.api(
                "POST", f"/functions/{part(namespace)}/{part(name)}/end-signing-overlap"
            ),
        )

    def continue_execution(self, execution_id: str, data: dict[str, Any]) -> Execution:
        """Answer what an execution waits for."""
        return read(
            Execution,
            self._http.root("POST", f"/executions/{part(execution_id)}/continue", {"input": data}),
        )

    def complete_execution(self, execution_id: str, output: Any) -> Execution:
        """Say how an execution ended that was taken on by a 202."""
        return read(
            Execution,
            self._http.root(
                "POST", f"/executions/{part(execution_id)}/complete", {"output": output}
            ),
        )

    def fail_execution(self, execution_id: str, error: str) -> Execution:
        """Say why an execution failed that was taken on by a 202."""
        return read(
            Execution,
            self._http.root("POST", f"/executions/{part(execution_id)}/fail", {"error": error}),
        )
