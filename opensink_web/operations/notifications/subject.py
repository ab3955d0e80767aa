"""What rules look at of a request, or of the calls of a batch that wait for approval."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from opensink_web.models import (
    Assignment,
    Execution,
    InputRequest,
    InputRequestStatus,
    InputRequestTag,
    Team,
    TeamMember,
    User,
    db,
)
from opensink_web.operations.accounts.deputy import deputies_in
from opensink_web.operations.requests.step import StepState, steps_now

_COLUMNS = (
    InputRequest.id,
    InputRequest.agent_id,
    Execution.function_id,
    InputRequest.batch_id,
    InputRequest.key,
    InputRequest.priority,
    InputRequest.forbid_requester,
    InputRequest.requested_by_id,
    InputRequest.earlier_requester_ids,
    InputRequest.policy_revision_id,
    InputRequest.closed_at,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """`id` is a request's, or that of a batch. `assignee_ids` are the people whose it is, and who
    stands in for them; those of `requester_ids` may not decide. Of one that goes by a rule `step`
    says who may, in whose place `deputies` may.
    """

    id: UUID
    agent_id: UUID | None
    function_id: UUID | None
    key: str
    priority: int
    tags: frozenset[str] = frozenset()
    assignee_ids: frozenset[UUID] = frozenset()
    requester_ids: frozenset[UUID] = frozenset()
    step: StepState | None = None
    deputies: Mapping[UUID, UUID] = field(default_factory=dict)

    def may_be_decided_by(self, user_id: UUID) -> bool:
        """Return True unless whoever asked, or the step of a rule, keeps somebody from it."""
        if user_id in self.requester_ids:
            return False
        away = [each for each, deputy_id in self.deputies.items() if deputy_id == user_id]
        return self.step is None or self.step.allows(user_id, away)


def waiting_subjects(workspace_id: UUID, request_ids: Collection[UUID]) -> list[Subject]:
    """Return those of the requests that wait for a decision, oldest first."""
    if not request_ids:
        return []
    rows = _rows(workspace_id, InputRequest.id.in_(request_ids))
    ids = [row.id for row in rows]
    tags, whose = _tags_of(ids), assignees_of(workspace_id, ids)
    subjects = [_subject(row.id, row, tags[row.id], whose.get(row.id, {}).keys()) for row in rows]
    stepped = [row.id for row in rows if row.policy_revision_id is not None]
    if not stepped:
        return subjects
    requests = db.session.scalars(select(InputRequest).where(InputRequest.id.in_(stepped)))
    steps, deputies = steps_now([*requests]), deputies_in(workspace_id)
    return [replace(each, step=steps.get(each.id), deputies=deputies) for each in subjects]


def closed_subjects(
    workspace_id: UUID, request_ids: Collection[UUID]
) -> dict[UUID, tuple[Subject, datetime]]:
    """Return those of the requests that wait for nobody any more, and since when."""
    of_them = _requests(workspace_id).where(
        InputRequest.id.in_(request_ids), InputRequest.status != InputRequestStatus.PENDING
    )
    rows = db.session.execute(of_them).all() if request_ids else ()
    tags = _tags_of([row.id for row in rows])
    return {row.id: (_subject(row.id, row, tags[row.id], ()), row.closed_at) for row in rows}


def subjects_of_batches(workspace_id: UUID, batch_ids: Collection[UUID]) -> list[Subject]:
    """Return those of the batches of which calls wait for approval, as the first such call is."""
    subjects = []
    for batch_id in batch_ids:
        query = _pending(workspace_id).where(InputRequest.batch_id == batch_id)
        row = db.session.execute(query.order_by(InputRequest.id).limit(1)).one_or_none()
        if row is not None:
            subjects.append(_subject(batch_id, row, (), ()))
    return subjects


def newest_waiting(workspace_id: UUID, count: int) -> list[Subject]:
    """Return what came last and waits."""
    query = _pending(workspace_id).order_by(InputRequest.id.desc()).limit(count)
    ids = [row.id for row in db.session.execute(query)]
    return waiting_subjects(workspace_id, ids)[::-1]


def assignees_of(
    workspace_id: UUID, request_ids: Sequence[UUID]
) -> dict[UUID, dict[UUID, set[str]]]:
    """Return whose requests are, each person with the names under which it was given to them:
    their own address, and those of their teams. Who stands in for somebody is among them.
    """
    people: dict[UUID, dict[UUID, set[str]]] = defaultdict(lambda: defaultdict(set))
    if not request_ids:
        return {}
    of_them = Assignment.request_id.in_(request_ids)
    themselves = (
        select(Assignment.request_id, User.id, User.email)
        .join(User, User.id == Assignment.user_id)
        .where(of_them)
    )
    teams = (
        select(Assignment.request_id, TeamMember.user_id, Team.name)
        .join(Team, Team.id == Assignment.team_id)
        .join(TeamMember, TeamMember.team_id == Team.id)
        .where(of_them)
    )
    for query in (themselves, teams):
        for request_id, user_id, name in db.session.execute(query):
            people[request_id][user_id].add(name)
    deputies = deputies_in(workspace_id) if people else {}
    for own in people.values():
        for user_id in own.keys() & deputies.keys():
            own[deputies[user_id]] |= own[user_id]
    return people


def _requests(workspace_id: UUID) -> Any:
    return (
        select(*_COLUMNS)
        .outerjoin(Execution, Execution.id == InputRequest.execution_id)
        .where(InputRequest.workspace_id == workspace_id)
    )


def _pending(workspace_id: UUID) -> Any:
    return _requests(workspace_id).where(InputRequest.status == InputRequestStatus.PENDING)


def _rows(workspace_id: UUID, condition: Any) -> Sequence[Row[Any]]:
    query = _pending(workspace_id).where(condition).order_by(InputRequest.id)
    rows: Sequence[Row[Any]] = db.session.execute(query).all()
    return rows


def _tags_of(request_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    tags: dict[UUID, set[str]] = defaultdict(set)
    query = select(InputRequestTag.request_id, InputRequestTag.tag).where(
        InputRequestTag.request_id.in_(request_ids)
    )
    for request_id, tag in db.session.execute(query):
        tags[request_id].add(tag)
    return tags


def _subject(
    subject_id: UUID, row: Row[Any], tags: Collection[str], assignee_ids: Collection[UUID]
) -> Subject:
    return Subject(
        id=subject_id,
        agent_id=row.agent_id,
        function_id=row.function_id,
        key=row.key,
        priority=row.priority,
        tags=frozenset(tags),
        assignee_ids=frozenset(assignee_ids),
        requester_ids=_asked_by(row) if row.forbid_requester else frozenset(),
    )


def _asked_by(row: Row[Any]) -> frozenset[UUID]:
    """Return for whom a request was asked, and what it is asked instead of."""
    earlier = frozenset(UUID(each) for each in row.earlier_requester_ids or ())
    return earlier | {row.requested_by_id} if row.requested_by_id else earlier
