"""A step of a rule: who decides then, how many of them, and whether whoever asked may."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import Quorum
from opensink_web.operations.requests.assignment import Assignee

STEPS_MAX = 5
STEP_NAME_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """One step; without assignees anybody decides who may. `name` is what people read.

    `is_before_rule`: of a request alone, where it was answered with what a rule holds for whose
    steps follow. Who said something then has decided in none of those.
    """

    name: str
    assignees: tuple[Assignee, ...] = ()
    required_responses: int = 1
    quorum: Quorum = Quorum.FIRST_DECLINE
    forbid_requester: bool = False
    is_before_rule: bool = False

    @property
    def as_json(self) -> JSONObject:
        """Return it as it is stored, with a rule and with each request that goes by it."""
        before: JSONObject = {"is_before_rule": True} if self.is_before_rule else {}
        return {
            "name": self.name,
            "assignees": [
                {"team": str(each.team_id)} if each.team_id else {"user": str(each.user_id)}
                for each in self.assignees
            ],
            "required_responses": self.required_responses,
            "quorum": self.quorum.value,
            "forbid_requester": self.forbid_requester,
            **before,
        }

    @classmethod
    def of_json(cls, stored: JSONObject) -> Self:
        """Return a step that was stored."""
        assignees = tuple(
            Assignee(**{f"{kind}_id": UUID(str(named))})
            for each in _objects(stored["assignees"])
            for kind, named in each.items()
        )
        return cls(
            name=str(stored["name"]),
            assignees=assignees,
            required_responses=int(str(stored["required_responses"])),
            quorum=Quorum(str(stored["quorum"])),
            forbid_requester=bool(stored["forbid_requester"]),
            is_before_rule=bool(stored.get("is_before_rule")),
        )


def steps_of(stored: JSONValue) -> tuple[PolicyStep, ...]:
    """Return the steps that are stored with a rule or a request; none for none."""
    return tuple(map(PolicyStep.of_json, _objects(stored)))


def steps_as_json(steps: Sequence[PolicyStep]) -> list[JSONValue]:
    """Return steps as they are stored."""
    return [each.as_json for each in steps]


def _objects(stored: JSONValue) -> list[JSONObject]:
    entries = stored if isinstance(stored, list) else []
    return [each for each in entries if isinstance(each, dict)]
