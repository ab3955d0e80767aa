"""Made of deciding.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from ..asking import REQUESTS as REQUESTS
from ..deciding import Assignee
from ..resources import InputRequest, Insights, StandingApproval
from .threads import Threaded


class AsyncDeciding(Threaded):
    """What is done with a person's key or token, or by an application that decides by itself."""

    def list_input_requests(self, **filters: Any) -> AsyncIterator[InputRequest]:
        """Yield requests, newest first; of what was decided what was decided last.

        Filters are status, kind, key, tag, reference, agent_id, session_id and execution_id; and of
        what was decided decided_from, decided_to (moments), outcome and decided_by (a user's id).
        """
        return self._each(self._client.list_input_requests(**filters))

    async def resolve(self, request_id: str, response: dict[str, Any]) -> InputRequest:
        """Answer a request. Where several people have to, it may stay pending: see `responses`."""
        return await self._call(self._client.resolve, request_id, response)

    async def decline(self, request_id: str, reason: str) -> InputRequest:
        """Decline to answer, or to let a call be made; whoever asked reads the reason."""
        return await self._call(self._client.decline, request_id, reason)

    async def retract(self, request_id: str) -> InputRequest:
        """Take back what one has said while others have to answer too."""
        return await self._call(self._client.retract, request_id)

    async def assign(self, request_id: str, assignees: list[Assignee]) -> InputRequest:
        """Say whose a request is from now on; nobody's in particular if there are none."""
        return await self._call(self._client.assign, request_id, assignees)

    async def delegate(self, request_id: str, to: Assignee) -> InputRequest:
        """Hand a request on that is one's own; whose it was stays on record."""
        return await self._call(self._client.delegate, request_id, to)

    async def claim(self, request_id: str, *, instead_of: str | None = None) -> InputRequest:
        """Take a request on, so that nobody else decides it; or over from a user, named by id."""
        return await self._call(self._client.claim, request_id, instead_of=instead_of)

    async def release(self, request_id: str) -> InputRequest:
        """Let a request go that one has taken on."""
        return await self._call(self._client.release, request_id)

    async def grant_standing_approval(
        self, request_id: str, *, uses_max: int, expires_at: datetime | str, **terms: Any
    ) -> StandingApproval:
        """Allow the same again as a request that was approved as it was proposed.

        Terms are condition (a JSON Schema), same_words and note.
        """
        return await self._call(
            self._client.grant_standing_approval,
            request_id,
            uses_max=uses_max,
            expires_at=expires_at,
            **terms,
        )

    def list_standing_approvals(self) -> AsyncIterator[StandingApproval]:
        """Yield them, newest first, also those that hold for nothing more: see `state`."""
        return self._each(self._client.list_standing_approvals())

    async def get_standing_approval(self, approval_id: str) -> StandingApproval:
        return await self._call(self._client.get_standing_approval, approval_id)

    async def revoke_standing_approval(self, approval_id: str) -> StandingApproval:
        """Let it hold for nothing more, from now on."""
        return await self._call(self._client.revoke_standing_approval, approval_id)

    async def insights(self, **narrowing: datetime | str) -> Insights:
        """Return how requests and calls ended, of the last 30 days, and what waits now.

        It narrows by since and until (datetimes with a zone, or text), time_zone, key, reviewer_id,
        and agent_id or function.
        """
        return await self._call(self._client.insights, **narrowing)
