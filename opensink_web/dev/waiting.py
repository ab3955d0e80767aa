"""What waits for an answer, and what became of what waited, as `opensink dev` looks at it."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import InputRequest, InputRequestStatus, Workspace, db
from opensink_web.models.transaction import reading
from opensink_web.operations.requests.answer import by_itself, decision
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.queries import find_request_to_show

_MOST = 500
"""So many of the oldest are looked at; more come when these are decided."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits, as it is shown; `digest` is of what is shown."""

    id: UUID
    title: str
    message: str
    key: str
    asker: str
    schema: JSONValue
    proposed: JSONObject | None
    allow_decline: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Gone:
    """One that waits no more: how it ended, and by whom. A decision that is `held` can be undone
    for a moment.
    """

    request: Asked
    status: InputRequestStatus
    sentence: str


class Waiting:
    """Remembers what waited when it last looked."""

    def __init__(self, workspace_id: UUID) -> None:
        self.workspace_id = workspace_id
        self._known: dict[UUID, Asked] = {}

    def look(self) -> Iterator[Asked | Gone]:
        """Yield what has happened since: what was asked, in order, after what waits no more."""
        with reading():
            now = list(db.session.scalars(_WAITING, {"of_workspace": self.workspace_id}))
            if now == list(self._known):
                return
            workspace = db.session.get_one(Workspace, self.workspace_id)
            before = self._known
            self._known = {
                each: before.get(each) or _asked(find_request_to_show(workspace, each))
                for each in now
            }
            gone = [
                _gone(request, db.session.get(InputRequest, each))
                for each, request in before.items()
                if each not in self._known
            ]
        yield from gone
        yield from (request for each, request in self._known.items() if each not in before)


_WAITING = (
    select(InputRequest.id)
    .where(
        InputRequest.workspace_id == bindparam("of_workspace"),
        InputRequest.status == InputRequestStatus.PENDING,
    )
    .order_by(InputRequest.id)
    .limit(_MOST)
)


def _asked(request: InputRequest) -> Asked:
    execution = request.execution
    if request.agent is not None:
        asker = request.agent.name
    else:
        asker = f"{execution.target_namespace}/{execution.target_name}" if execution else ""
    return Asked(
        request.id,
        request.title,
        request.message,
        request.key,
        asker,
        request.schema,
        request.proposed_response,
        request.allow_decline,
        digest_of_request(request),
    )


def _gone(asked: Asked, request: InputRequest | None) -> Gone:
    if request is None:
        return Gone(asked, InputRequestStatus.CANCELLED, "deleted")
    word = decision(request.kind, request.decided_as)
    who = f" by {request.resolved_by.email}" if request.resolved_by else ""
    if request.resolved_by_system:
        who = f" by {by_itself(request)}"
    return Gone(asked, request.status, f"{word}{who}")
