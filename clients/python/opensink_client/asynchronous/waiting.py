"""What the asynchronous client does otherwise: asking, and waiting until it is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Generic, overload

from ..errors import RateLimited, ServerError, Unreachable
from ..patience import Patience
from ..question import Answer, Model, ModelValue, Question, Value
from ..resources import AgentSession, Batch, InputRequest
from .threads import Threaded


@dataclass(frozen=True, slots=True)
class AsyncQuestion(Generic[Value]):
    """A request that waits for an answer, and who asked."""

    request: InputRequest
    _wait: Callable[[str, float], Awaitable[InputRequest]] = field(repr=False)
    _parse: Callable[[dict[str, Any]], Value] = field(repr=False)

    @property
    def id(self) -> str:
        """The id of the request."""
        return self.request.id

    async def wait_for_answer(self, *, timeout_seconds: float = inf) -> Answer[Value]:
        """Return what became of it once it waits no more. Raises: TimeoutError."""
        return Answer(await self._wait(self.id, timeout_seconds), self._parse)


class Waiting(Threaded):
    """Asks, and waits."""

    @overload
    async def ask(
        self,
        session: AgentSession,
        /,
        *,
        key: str,
        title: str,
        message: str,
        schema: dict[str, Any],
        **options: Any,
    ) -> InputRequest: ...
    @overload
    async def ask(
        self,
        title: str,
        /,
        *,
        schema: type[ModelValue],
        key: str | None = None,
        message: str = "",
        agent: str | None = None,
        session: AgentSession | None = None,
        **options: Any,
    ) -> AsyncQuestion[ModelValue]: ...
    @overload
    async def ask(
        self,
        title: str,
        /,
        *,
        schema: dict[str, Any],
        key: str | None = None,
        message: str = "",
        agent: str | None = None,
        session: AgentSession | None = None,
        **options: Any,
    ) -> AsyncQuestion[dict[str, Any]]: ...
    async def ask(
        self,
        title_or_session: str | AgentSession | None = None,
        /,
        *,
        title: str | None = None,
        schema: dict[str, Any] | type[Model],
        key: str | None = None,
        message: str = "",
        agent: str | None = None,
        session: AgentSession | None = None,
        **options: Any,
    ) -> InputRequest | AsyncQuestion[Any]:
        """Ask a person; see `Client.ask`."""
        options |= {} if title is None else {"title": title}
        ask: Any = self._client.ask
        made: InputRequest | Question[Any] = await self._call(
            ask,
            title_or_session,
            schema=schema,
            key=key,
            message=message,
            agent=agent,
            session=session,
            **options,
        )
        if isinstance(made, InputRequest):
            return made
        return AsyncQuestion(made.request, self._wait, made.parse)

    async def wait_for_answer(
        self, request_id: str, *, timeout_seconds: float = inf
    ) -> InputRequest:
        """Return the request once it waits no more: its `status` says what became of it.

        A server that is away meanwhile is waited for, until the time is over, or for ten minutes.

        Raises: TimeoutError; OpenSinkApiError where there is no such request.
        """
        return await self._wait(request_id, timeout_seconds)

    async def wait_for_batch(
        self, batch_id: str, *, timeout_seconds: float = inf, pause_seconds: float = 1.0
    ) -> Batch:
        """Return the batch once all of it has ended; it looks in pauses. Raises: TimeoutError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while (batch := await self._call(self._client.get_batch, batch_id)).finished_at is None:
            if loop.time() >= deadline:
                raise TimeoutError("The batch did not end in time.")
            await asyncio.sleep(pause_seconds)
        return batch

    async def _wait(self, request_id: str, timeout_seconds: float) -> InputRequest:
        patience = Patience(timeout_seconds)
        while True:
            problem: Unreachable | ServerError | RateLimited | None = None
            try:
                request = await self._call(
                    self._client._poll, request_id, patience.hold_seconds(), patience.deadline
                )
                if request.status != "pending":
                    return request
            except (Unreachable, ServerError, RateLimited) as error:
                problem = error
            await asyncio.sleep(patience.hear(problem))
