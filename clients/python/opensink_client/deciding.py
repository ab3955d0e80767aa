"""The client's calls about who decides, what is decided, and how that went."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .asking import REQUESTS as REQUESTS
from .resources import InputRequest, Insights, StandingApproval, read, with_moments
from .transport import Transport, part, query_of

APPROVALS = "/standing-approvals"
Assignee = str | dict[str, str]
"""A member's address or id; or `{"user": …}`, or `{"team": name or id}`."""


class Deciding:
    """What is done with a person's key or token, or by an application that decides by itself."""

    _http: Transport

    def list_input_requests(self, **filters: Any) -> Iterator[InputRequest]:
        """Yield requests, newest first; of what was decided what was decided last.

        Filters are status, kind, key, tag, reference, agent_id, session_id and execution_id; and of
        what was decided decided_from, decided_to (moments), outcome and decided_by (a user's id).
        """
        for item in self._http.each(REQUESTS, with_moments(filters)):
            yield read(InputRequest, item)

    def resolve(self, request_id: str, response: dict[str, Any]) -> InputRequest:
        """Answer a request. Where several people have to, it may stay pending: see `responses`."""
        return self._decided(request_id, "resolve", {"response": response})

    def decline(self, request_id: str, reason: str) -> InputRequest:
        """Decline to answer, or to let a call be made; whoever asked reads the reason."""
        return self._decided(request_id, "decline", {"reason": reason})

    def retract(self, request_id: str) -> InputRequest:
        """Take back what one has said while others have to answer too."""
        return self._decided(request_id, "retract")

    def assign(self, request_id: str, assignees: list[Assignee]) -> InputRequest:
        """Say whose a request is from now on; nobody's in particular if there are none."""
        return self._decided(request_id, "assign", {"assignees": assignees})

    def delegate(self, request_id: str, to: Assignee) -> InputRequest:
        """Hand a request on that is one's own; whose it was stays on record."""
        return self._decided(request_id, "delegate", {"to": to})

    def claim(self, request_id: str, *, instead_of: str | None = None) -> InputRequest:
        """Take a request on, so that nobody else decides it; or over from a user, named by id."""
        return self._decided(request_id, "claim", {"instead_of": instead_of})

    def release(self, request_id: str) -> InputRequest:
        """Let a request go that one has taken on."""
        return self._decided(request_id, "release")

    def grant_standing_approval(
        self, request_id: str, *, uses_max: int, expires_at: datetime | str, **terms: Any
    ) -> StandingApproval:
        """Allow the same again as a request that was approved as it was proposed.

        Terms are condition (a JSON Schema), same_words and note.
        """
        body = {"request_id": request_id, "uses_max": uses_max, "expires_at": expires_at, **terms}
        return read(StandingApproval, self._http.api("POST", APPROVALS, with_moments(body)))

    def list_standing_approvals(self) -> Iterator[StandingApproval]:
        """Yield them, newest first, also those that hold for nothing more: see `state`."""
        for item in self._http.each(APPROVALS, {}):
            yield read(StandingApproval, item)

    def get_standing_approval(self, approval_id: str) -> StandingApproval:
        return read(StandingApproval, self._http.api("GET", f"{APPROVALS}/{approval_id}"))

    def revoke_standing_approval(self, approval_id: str) -> StandingApproval:
        """Let it hold for nothing more, from now on."""
        path = f"{APPROVALS}/{approval_id}/revoke"
        return read(StandingApproval, self._http.api("POST", path))

    def insights(self, **narrowing: datetime | str) -> Insights:
        """Return how requests and calls ended, of the last 30 days, and what waits now.

        It narrows by since and until (datetimes with a zone, or text), time_zone, key, reviewer_id,
        and agent_id or function.
        """
        return read(Insights, self._http.api("GET", "/insights" + query_of(narrowing)))

    def _decided(
        self, request_id: str, verb: str, body: dict[str, Any] | None = None
    ) -> InputRequest:
        return read(
            InputRequest, self._http.api("POST", f"{REQUESTS}/{part(request_id)}/{verb}", body)
        )
