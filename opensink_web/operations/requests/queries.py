"""Requests to people, read: finding and listing them, counting what waits, what an execution asks.

Nothing is written here, and nothing of what writes is imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, literal, select
from sqlalchemy.orm import joinedload, selectinload

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    IS_OPEN,
    OPEN_STATUSES,
    Draft,
    Execution,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    InputRequestTag,
    Policy,
    Preview,
    StandingApproval,
    User,
    Workspace,
    db,
)
from opensink_web.models.hidden import is_there
from opensink_web.models.transaction import run_prepared
from opensink_web.operations import page

TYPING = timedelta(seconds=60)
"""Whoever has changed what they have not sent in this time is at it."""

WITH_GRANTER = selectinload(InputRequest.standing_approval).joinedload(StandingApproval.granted_by)
"""Loads with requests who had granted what approved them; asks for nothing where nothing did."""

# Built once, because building a statement costs more than running it.
_FIND = select(InputRequest).where(
    InputRequest.id == bindparam("of_request"),
    InputRequest.workspace_id == bindparam("of_workspace"),
)
_FIND_TO_SHOW = _FIND.options(
    joinedload(InputRequest.agent),
    joinedload(InputRequest.session),
    joinedload(InputRequest.execution),
    joinedload(InputRequest.resolved_by),
    selectinload(InputRequest.resolved_for),
    joinedload(InputRequest.requested_by),
)
_ANSWERABLE = select(
    InputRequest.status,
    InputRequest.sealed_schema,
    InputRequest.sealed_proposed_response,
    InputRequest.key,
    InputRequest.agent_id,
    InputRequest.policy_revision_id,
    InputRequest.step,
    InputRequest.sealed_step_answer,
    exists()
    .where(
        Policy.workspace_id == InputRequest.workspace_id,
        Policy.deleted_at.is_(None),
        Policy.is_active.is_(True),
    )
    .label("may_be_ruled"),
).where(
    InputRequest.id == bindparam("of_request"),
    InputRequest.workspace_id == bindparam("of_workspace"),
    is_there(InputRequest),
)
_STEP = select(InputRequest.step).where(
    InputRequest.id == bindparam("of_request"),
    InputRequest.workspace_id == bindparam("of_workspace"),
)
_LISTED = select(InputRequest).options(
    joinedload(InputRequest.agent),
    joinedload(InputRequest.resolved_by),
    selectinload(InputRequest.resolved_for),
    joinedload(InputRequest.requested_by),
    joinedload(InputRequest.execution).load_only(
        Execution.target_namespace, Execution.target_name, Execution.batch_index
    ),
)
_OPEN_REQUEST = (
    select(InputRequest.id)
    .where(
        InputRequest.session_id == bindparam("of_session"),
        InputRequest.status.in_(OPEN_STATUSES),
    )
    .limit(1)
)
_TAGS = select(InputRequestTag.request_id, InputRequestTag.tag).where(
    InputRequestTag.request_id.in_(bindparam("of_requests", expanding=True))
)
# of one request: said in the same words each time, it need not be compiled anew
_TAGS_OF_ONE = select(InputRequestTag.request_id, InputRequestTag.tag).where(
    InputRequestTag.request_id == bindparam("of_request")
)


@dataclass(frozen=True, slots=True)
class InputRequestFilter:
    """Which requests to list; None means any. Those that are held are listed as pending."""

    session_id: UUID | None = None
    agent_id: UUID | None = None
    execution_id: UUID | None = None
    kind: InputRequestKind | None = None
    status: InputRequestStatus | None = None
    key: str | None = None
    tag: str | None = None
    reference: str | None = None
    is_pending: bool | None = None


def find_input_request(workspace: Workspace, request_id: UUID) -> InputRequest:
    """Raises: NotFound."""
    values = {"of_request": request_id, "of_workspace": workspace.id}
    request = db.session.scalars(_FIND, values).one_or_none()
    if request is None:
        raise NotFound("There is no such input request.")
    return request


def find_request_to_show(workspace: Workspace, request_id: UUID) -> InputRequest:
    """Return a request with who asked and who decided, in one go. Raises: NotFound."""
    values = {"of_request": request_id, "of_workspace": workspace.id}
    request = db.session.scalars(_FIND_TO_SHOW, values).one_or_none()
    if request is None:
        raise NotFound("There is no such input request.")
    return request


def find_preview(workspace: Workspace, preview_id: UUID) -> Preview:
    """Raises: NotFound, also for one whose time is over."""
    query = select(Preview).where(
        Preview.id == preview_id,
        Preview.workspace_id == workspace.id,
        Preview.expires_at > clock.now(),
    )
    preview = db.session.scalars(query).one_or_none()
    if preview is None:
        raise NotFound("There is no such preview. One is kept for a day; make it again.")
    return preview


@dataclass(frozen=True, slots=True)
class AnswerTerms:
    """What an answer has to fit, and the answer that was proposed beside the schema, if one was.

    The rest is what rules are found by, where there are any: under which key what agent asked (None
    for an execution), the revision by which the request is decided, in which step, and what was
    answered in the one before.
    """

    schema: JSONValue
    proposed_response: JSONObject | None
    key: str
    agent_id: UUID | None
    policy_revision_id: UUID | None
    step: int
    step_answer: JSONObject | None
    may_be_ruled: bool = True


def find_pending(workspace: Workspace, request_id: UUID) -> AnswerTerms | None:
    """Return what is asked of the answer that a request waits for; None when it waits for none."""
    values = {"of_request": request_id, "of_workspace": workspace.id}
    row = run_prepared(_ANSWERABLE, values).one_or_none()
    if row is None or row.status is not InputRequestStatus.PENDING:
        return None
    return AnswerTerms(
        InputRequest.schema.unseal(request_id, row.schema),
        InputRequest.proposed_response.unseal(request_id, row.proposed_response),
        row.key,
        row.agent_id,
        row.policy_revision_id,
        row.step,
        InputRequest.step_answer.unseal(request_id, row.step_answer),
        bool(row.may_be_ruled),
    )


def step_of(workspace: Workspace, request_id: UUID) -> int:
    """Return in which step a request waits, for a decision that is about what is asked in that one.

    Read it before the transaction that decides, or others may have ended the step by then. Raises:
    NotFound.
    """
    values = {"of_request": request_id, "of_workspace": workspace.id}
    step = run_prepared(_STEP, values).scalar_one_or_none()
    if step is None:
        raise NotFound("There is no such input request.")
    return int(step)


def still_pending(request_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these requests are there and no decision on them has taken effect."""
    query = select(InputRequest.id).where(
        InputRequest.id.in_(request_ids), InputRequest.status.in_(OPEN_STATUSES)
    )
    return set(db.session.scalars(query))


def list_input_requests(
    workspace: Workspace, filters: InputRequestFilter, page_request: page.PageRequest
) -> page.Page[InputRequest]:
    """Return requests with who asked, newest first; of an execution only what names it."""
    key: Any = InputRequest.id
    narrower = (filters.session_id, filters.agent_id, filters.execution_id, filters.tag)
    query = _LISTED.where(page.is_in(InputRequest.workspace_id, workspace, *narrower))
    query = page.narrowed(
        query,
        (InputRequest.session_id, filters.session_id),
        (InputRequest.agent_id, filters.agent_id),
        (InputRequest.execution_id, filters.execution_id),
        (InputRequest.kind, filters.kind),
        (InputRequest.key, filters.key),
        (InputRequest.reference, filters.reference),
    )
    if filters.tag is not None:
        query = query.join(InputRequestTag, InputRequestTag.request_id == InputRequest.id).where(
            InputRequestTag.workspace_id == workspace.id, InputRequestTag.tag == filters.tag
        )
        # in the order of the index of tags, or all that have this one would be sorted for a page
        key = InputRequestTag.request_id.label("id")
    if filters.status is not None:
        # what is held is pending to whoever asks by a status
        is_wanted = filters.status.is_open
        query = query.where(IS_OPEN if is_wanted else InputRequest.status == filters.status)
    if filters.is_pending is not None:
        # each by name, so that the index is used for those that do not wait too
        statuses = [
            status
            for status in InputRequestStatus
            if (status is InputRequestStatus.PENDING) is filters.is_pending
        ]
        query = query.where(InputRequest.status.in_(statuses))
    return page.fetch(query, key, page_request)


def tags_of(request_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the tags of requests in alphabetical order; those without are left out."""
    if len(request_ids) == 1:
        rows = run_prepared(_TAGS_OF_ONE, {"of_request": request_ids[0]}).all()
    else:
        rows = run_prepared(_TAGS, {"of_requests": list(request_ids)}).all()
    tags: dict[UUID, list[str]] = {}
    for row in rows:
        tags.setdefault(row.request_id, []).append(row.tag)
    return {request_id: sorted(words) for request_id, words in tags.items()}


def tags_of_each(requests: Sequence[InputRequest]) -> list[list[str]]:
    """Return the tags of each request in alphabetical order; looks up those that are not known."""
    unknown = [request.id for request in requests if "tags" not in vars(request)]
    by_id = tags_of(unknown) if unknown else {}
    return [
        sorted(each.tag for each in request.tags)
        if "tags" in vars(request)
        else by_id.get(request.id, [])
        for request in requests
    ]


def successors_of(request_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return by which requests these were superseded; the others are left out."""
    query = select(InputRequest.supersedes_id, InputRequest.id).where(
        InputRequest.supersedes_id.in_(request_ids)
    )
    return {old: new for old, new in db.session.execute(query) if old is not None}


def find_successor(request_id: UUID) -> InputRequest | None:
    """Return by which request one was superseded."""
    query = select(InputRequest).where(InputRequest.supersedes_id == request_id)
    return db.session.scalars(query).first()


def predecessor_of(request: InputRequest) -> InputRequest | None:
    """Return which request this one was asked instead of; it may be gone."""
    return (
        None
        if request.supersedes_id is None
        else db.session.get(InputRequest, request.supersedes_id)
    )


def newest_revision(request_id: UUID) -> UUID:
    """Return what is asked now instead of a request, at the end of however many revisions."""
    chain = select(InputRequest.id, InputRequest.revision).where(InputRequest.id == request_id)
    first = chain.cte(recursive=True)
    later = select(InputRequest.id, InputRequest.revision).where(
        InputRequest.supersedes_id == first.c.id
    )
    whole = first.union_all(later)
    newest = select(whole.c.id).order_by(whole.c.revision.desc()).limit(1)
    newest_id: UUID = db.session.scalars(newest).one()
    return newest_id


def count_waiting(workspace: Workspace) -> int:
    """Count what waits for an answer, up to page.COUNTED_MAX: every page of the workspace asks."""
    some = (
        select(literal(1))
        .where(
            InputRequest.workspace_id == workspace.id,
            InputRequest.status == InputRequestStatus.PENDING,
        )
        .limit(page.COUNTED_MAX)
    )
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def has_requests(workspace: Workspace) -> bool:
    """Return True if anybody was ever asked anything that is still kept."""
    query = select(InputRequest.id).where(InputRequest.workspace_id == workspace.id).limit(1)
    return db.session.scalar(query) is not None


def count_waiting_by_session(workspace: Workspace, session_ids: list[UUID]) -> dict[UUID, int]:
    """Count what waits for an answer in each of these sessions; those without are left out."""
    query = (
        select(InputRequest.session_id, func.count())
        .where(
            InputRequest.workspace_id == workspace.id,
            InputRequest.session_id.in_(session_ids),
            InputRequest.status == InputRequestStatus.PENDING,
        )
        .group_by(InputRequest.session_id)
    )
    rows = db.session.execute(query).all()
    return {session_id: count for session_id, count in rows if session_id is not None}


def has_open_requests(session_id: UUID) -> bool:
    """Return True if somebody is asked something in a session, or can still undo what they said."""
    return run_prepared(_OPEN_REQUEST, {"of_session": session_id}).first() is not None


def find_draft(request_id: UUID, user_id: UUID) -> Draft | None:
    """Return what somebody has typed for a request."""
    query = select(Draft).where(Draft.request_id == request_id, Draft.user_id == user_id)
    return db.session.scalars(query).one_or_none()


def who_types(request_id: UUID, user_id: UUID) -> Sequence[str]:
    """Return the e-mail addresses of the others who are typing an answer at this moment."""
    query = (
        select(User.email)
        .join(Draft, Draft.user_id == User.id)
        .where(
            Draft.request_id == request_id,
            Draft.user_id != user_id,
            Draft.updated_at > clock.now() - TYPING,
        )
        .order_by(User.email)
    )
    return db.session.scalars(query).all()


def others_with_draft(request_id: UUID, user_id: UUID) -> Sequence[str]:
    """Return the e-mail addresses of the others who have typed something for a request."""
    query = (
        select(User.email)
        .join(Draft, Draft.user_id == User.id)
        .where(Draft.request_id == request_id, Draft.user_id != user_id)
        .order_by(User.email)
    )
    return db.session.scalars(query).all()
