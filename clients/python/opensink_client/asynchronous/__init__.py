"""The client for programs with an event loop: what `Client` has, to be awaited.

    async with AsyncClient() as opensink:
        question = await opensink.ask("Deploy?", schema=Deploy)
        answer = await question.wait_for_answer(timeout_seconds=3600)
        async for request in opensink.list_input_requests(status="pending"):
            print(request.title)

    threads  how calls are made
    waiting  what is written for it: asking and waiting

The others are made of the modules of the same names above; each says by which command.
"""

from typing import Self

from ..calls import Client
from .administration import AsyncAdministration
from .agents import AsyncAgents
from .asking import AsyncAsking
from .configurations import AsyncConfigurations
from .deciding import AsyncDeciding
from .deliveries import AsyncDeliveries
from .executing import AsyncExecuting
from .jobs import AsyncJobs
from .notifying import AsyncNotifying
from .sinks import AsyncSinks
from .waiting import AsyncQuestion, Waiting

__all__ = ["AsyncClient", "AsyncQuestion"]


class AsyncClient(
    Waiting,
    AsyncAsking,
    AsyncDeciding,
    AsyncAgents,
    AsyncDeliveries,
    AsyncExecuting,
    AsyncAdministration,
    AsyncNotifying,
    AsyncSinks,
    AsyncJobs,
    AsyncConfigurations,
):
    """Speaks to one server with one API key, or with an access token; see `Client`.

    Whoever is cancelled while a call is made waits for it no more; the call itself goes on, for as
    long as the server holds its response (25 seconds at most where an answer is waited for).
    """

    def __init__(self, base_url: str | None = None, api_key: str | None = None) -> None:
        self._client = Client(base_url, api_key)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        self._client.close()
