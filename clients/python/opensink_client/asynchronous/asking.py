"""Made of asking.py, by `python -m tests.asynchronous_client`: change that one."""

from datetime import datetime
from typing import Any

from ..question import Model
from ..resources import AgentSession, Ask, Comment, InputRequest, Preview
from .threads import Threaded


class AsyncAsking(Threaded):
    """What an agent does to have people decide."""

    async def session_for(self, agent: str | None = None) -> AgentSession:
        """Return a session for several questions of an agent of that name, begun once for a client.

        The agent is found by its name, or made; without a name it is called as the program is.
        """
        return await self._call(self._client.session_for, agent)

    async def get_ask(self, request_id: str, *, wait_seconds: int = 0) -> Ask:
        """Read what became of a question that was asked in one call; a key that may do nothing but
        ask reads its own. It waits up to `wait_seconds` (at most 60) for a decision.
        """
        return await self._call(self._client.get_ask, request_id, wait_seconds=wait_seconds)

    async def cancel_ask(self, request_id: str, reason: str | None = None) -> Ask:
        """Take a question back that was asked in one call."""
        return await self._call(self._client.cancel_ask, request_id, reason)

    async def cancel_input_request(
        self, request_id: str, reason: str | None = None
    ) -> InputRequest:
        """Take a question back that waits for an answer."""
        return await self._call(self._client.cancel_input_request, request_id, reason)

    async def supersede(self, request_id: str, **changes: Any) -> InputRequest:
        """Ask something else instead, and return that request; what is left out carries over.

        Changes are key, title, message, schema and the options of ask.
        """
        return await self._call(self._client.supersede, request_id, **changes)

    async def extend(self, request_id: str, expires_at: datetime | str) -> InputRequest:
        """Give people more time; the deadline is later than the one before."""
        return await self._call(self._client.extend, request_id, expires_at)

    async def preview(
        self, schema: dict[str, Any] | type[Model], values: dict[str, Any] | None = None
    ) -> Preview:
        """See which form a schema makes, filled with `values`; nobody is asked."""
        return await self._call(self._client.preview, schema, values)

    async def get_input_request(self, request_id: str, *, wait_seconds: int = 0) -> InputRequest:
        """Read a request, at once or when it is answered within `wait_seconds` (at most 60)."""
        return await self._call(
            self._client.get_input_request, request_id, wait_seconds=wait_seconds
        )

    async def comment(self, request_id: str, message: str, *, wake: bool = False) -> Comment:
        """Say something about a request, in Markdown; `wake` has the agent called because of it."""
        return await self._call(self._client.comment, request_id, message, wake=wake)

    async def comments(
        self, request_id: str, *, after: str | None = None, wait_seconds: int = 0
    ) -> list[Comment]:
        """Return what is said about a request, oldest first; with `after` what came after that one.

        While there is nothing, it waits up to `wait_seconds` (at most 60) for somebody to say
        something, or to decide.
        """
        return await self._call(
            self._client.comments, request_id, after=after, wait_seconds=wait_seconds
        )
