"""Decisions of the person who sits before the terminal, on what they were shown there."""

from dataclasses import dataclass
from uuid import UUID

from opensink_web.dev.waiting import Asked
from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, InputRequestStatus, User, VoteKind, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.vote import Ballot, count_said, needed_for, standing_votes


@dataclass(frozen=True, slots=True)
class Decider:
    """Whose decisions they are, and where."""

    workspace_id: UUID
    person_id: UUID

    def answer(self, asked: Asked, response: JSONObject) -> str | None:
        """Answer; return who else has to, where it goes on waiting.

        Raises: InvalidAnswer; Conflict and others where it was decided meanwhile.
        """
        with reading():
            checked = check_answer(self._workspace(), asked.id, response)
        with writing():
            by = self._person()
            request = resolve(self._workspace(), checked, by=by, seen=asked.digest)
            return _still_missing(request, Ballot.of(checked))

    def decline(self, asked: Asked, reason: str) -> str | None:
        """Decline; return who else has to, where it goes on waiting.

        Raises: InvalidInput without a reason; Conflict where it has to be answered.
        """
        with writing():
            by = self._person()
            request = decline(self._workspace(), asked.id, reason, by=by, seen=asked.digest)
            return _still_missing(request, Ballot(VoteKind.DECLINED, reason=reason))

    def _workspace(self) -> Workspace:
        return db.session.get_one(Workspace, self.workspace_id)

    def _person(self) -> User:
        return db.session.get_one(User, self.person_id)


def _still_missing(request: InputRequest, ballot: Ballot) -> str | None:
    """Return what a request that goes on waiting waits for, in a sentence."""
    if request.status is not InputRequestStatus.PENDING:
        return None
    count = count_said(request, ballot, standing_votes(request))
    if not count:  # what was said counted in the step before
        return "It goes on to others, who decide next."
    missing = needed_for(request, ballot.kind) - count
    people = "one more person has" if missing == 1 else f"{missing} more people have"
    return f"This counts; {people} to say the same."
