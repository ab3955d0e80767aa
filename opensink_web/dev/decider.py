"""Decisions of the person who sits before the terminal, on what they were shown there."""

from dataclasses import dataclass
from uuid import UUID

from opensink_web.dev.waiting import Asked
from opensink_web.json_value import JSONObject
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.requests.answer import check_answer


@dataclass(frozen=True, slots=True)
class Decider:
    """Whose decisions they are, and where."""

    workspace_id: UUID
    person_id: UUID

    def answer(self, asked: Asked, response: JSONObject) -> None:
        """Raises: InvalidAnswer; Conflict and others where it was decided meanwhile."""
        with reading():
            checked = check_answer(self._workspace(), asked.id, response)
        with writing():
            resolve(self._workspace(), checked, by=self._person(), seen=asked.digest)

    def decline(self, asked: Asked, reason: str) -> None:
        """Raises: InvalidInput without a reason; Conflict where it has to be answered."""
        with writing():
            decline(self._workspace(), asked.id, reason, by=self._person(), seen=asked.digest)

    def _workspace(self) -> Workspace:
        return db.session.get_one(Workspace, self.workspace_id)

    def _person(self) -> User:
        return db.session.get_one(User, self.person_id)
