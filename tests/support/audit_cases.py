"""Things that have happened, for tests of the audit. Within an app context."""

from uuid import UUID, uuid4

from opensink_web.json_value import JSONObject
from opensink_web.models import ActorKind, AuditAction, SubjectKind
from opensink_web.models.transaction import writing
from opensink_web.operations.audit.actor import SYSTEM, Actor, acting_as
from opensink_web.operations.audit.record import record

SOMEBODY = Actor(
    ActorKind.PERSON, uuid4(), uuid4(), "zoë@example.com", address="192.0.2.7", user_agent="Test"
)
ACTIONS = (AuditAction.REQUEST_CREATED, AuditAction.REQUEST_ANSWERED, AuditAction.REQUEST_EXPIRED)


def happen(workspace_id: UUID, count: int) -> None:
    """Let so many things happen: by somebody and by the system, with details and without."""
    with writing():
        for number in range(count):
            with acting_as(SYSTEM if number % 3 == 2 else SOMEBODY):
                said: JSONObject = {"number": number, "was": ["ä", None]}
                details = None if number % 2 else said
                action = ACTIONS[number % 3]
                record(action, workspace_id, SubjectKind.REQUEST, uuid4(), details)
