"""Made of executing.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator
from typing import Any

from ..resources import (
    Batch,
    Chat,
    Execution,
    Function,
    Outcome,
    Queued,
    QueuedBatch,
    QueuedChats,
)
from .threads import Threaded


class AsyncExecuting(Threaded):
    """What an application does to have functions and agents work."""

    async def create_function(
        self, namespace: str, name: str, target: dict[str, Any], **settings: Any
    ) -> Function:
        """Make a function; `settings` are the API's other fields, such as input_schema."""
        return await self._call(self._client.create_function, namespace, name, target, **settings)

    async def get_function(self, namespace: str, name: str) -> Function:
        return await self._call(self._client.get_function, namespace, name)

    def list_functions(self, **filters: str) -> AsyncIterator[Function]:
        """Yield every function, newest first; filters are namespace, kind, is_active, search."""
        return self._each(self._client.list_functions(**filters))

    async def update_function(self, namespace: str, name: str, **changes: Any) -> Function:
        return await self._call(self._client.update_function, namespace, name, **changes)

    async def delete_function(self, namespace: str, name: str) -> None:
        await self._call(self._client.delete_function, namespace, name)

    async def execute(
        self, namespace: str, name: str, data: dict[str, Any], *, timeout_seconds: int | None = None
    ) -> Outcome:
        """Execute a function and wait for its output; without a timeout its own counts."""
        return await self._call(
            self._client.execute, namespace, name, data, timeout_seconds=timeout_seconds
        )

    async def execute_async(
        self, namespace: str, name: str, data: dict[str, Any], **options: Any
    ) -> Queued:
        """Queue an execution; options are trigger_id, delay_seconds and callback_url."""
        return await self._call(self._client.execute_async, namespace, name, data, **options)

    async def execute_batch(
        self, namespace: str, name: str, inputs: list[dict[str, Any]], **options: Any
    ) -> QueuedBatch:
        """Queue an execution for each input, all or none.

        Options are trigger_id_prefix, delay_seconds, callback_url and batch_callback_url.
        """
        return await self._call(self._client.execute_batch, namespace, name, inputs, **options)

    async def chat_batch(
        self, namespace: str, slug: str, inputs: list[dict[str, Any]], **options: Any
    ) -> QueuedChats:
        """Have an agent answer a chat for each `{message, input_variables}`, all or none.

        Options are those of execute_batch.
        """
        return await self._call(self._client.chat_batch, namespace, slug, inputs, **options)

    async def get_chat(self, chat_id: str) -> Chat:
        return await self._call(self._client.get_chat, chat_id)

    def list_chats(self, **filters: Any) -> AsyncIterator[Chat]:
        """Yield chats without their messages, newest first.

        Filters are q, agent_namespace and agent_slug.
        """
        return self._each(self._client.list_chats(**filters))

    async def get_execution(self, execution_id: str) -> Execution:
        return await self._call(self._client.get_execution, execution_id)

    async def list_executions(self, **filters: Any) -> list[Execution]:
        """Return one page of executions, newest first; `all_executions` yields them all.

        Filters are function_name, status, trigger_id, batch_id, skip and limit (100; 1000 at most).
        """
        return await self._call(self._client.list_executions, **filters)

    async def execution_steps(self, execution_id: str) -> Any:
        """Return an execution's timeline, oldest first: a list of `{kind, created_at, …}`."""
        return await self._call(self._client.execution_steps, execution_id)

    async def cancel_execution(self, execution_id: str) -> Execution:
        """End an execution that has not ended."""
        return await self._call(self._client.cancel_execution, execution_id)

    async def get_batch(self, batch_id: str) -> Batch:
        return await self._call(self._client.get_batch, batch_id)

    def batch_executions(self, batch_id: str, **filters: Any) -> AsyncIterator[Execution]:
        """Yield a batch's executions in the order of its inputs; the filter is status."""
        return self._each(self._client.batch_executions(batch_id, **filters))

    def all_executions(self, **filters: Any) -> AsyncIterator[Execution]:
        """Yield executions, newest first, page by page.

        Filters are function_name, status, trigger_id and batch_id.
        """
        return self._each(self._client.all_executions(**filters))

    def list_batches(self, **filters: Any) -> AsyncIterator[Batch]:
        """Yield batches, newest first; filters are status and kind."""
        return self._each(self._client.list_batches(**filters))

    async def cancel_batch(self, batch_id: str) -> int:
        """Cancel what has not begun, and return how many those were; what runs goes on."""
        return await self._call(self._client.cancel_batch, batch_id)

    async def replace_function(
        self, namespace: str, name: str, target: Any, **settings: Any
    ) -> Function:
        """Say anew what a function is; what is left out is as in a new one."""
        return await self._call(self._client.replace_function, namespace, name, target, **settings)

    async def rotate_function_signing_secret(self, namespace: str, name: str) -> Function:
        """Make a new secret; calls are signed with both until the overlap ends."""
        return await self._call(self._client.rotate_function_signing_secret, namespace, name)

    async def end_function_signing_overlap(self, namespace: str, name: str) -> Function:
        """Sign calls with the new secret alone from now on."""
        return await self._call(self._client.end_function_signing_overlap, namespace, name)

    async def continue_execution(self, execution_id: str, data: dict[str, Any]) -> Execution:
        """Answer what an execution waits for."""
        return await self._call(self._client.continue_execution, execution_id, data)

    async def complete_execution(self, execution_id: str, output: Any) -> Execution:
        """Say how an execution ended that was taken on by a 202."""
        return await self._call(self._client.complete_execution, execution_id, output)

    async def fail_execution(self, execution_id: str, error: str) -> Execution:
        """Say why an execution failed that was taken on by a 202."""
        return await self._call(self._client.fail_execution, execution_id, error)
