"""Whoever asked has the last word: it withdraws a question, or asks another one instead.

A decision that is held then comes to nothing, because nothing of it has left yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict
from uuid import UUID

from opensink_web.errors import Conflict
from opensink_web.json_value import JSONValue
from opensink_web.models import (
    OPEN_STATUSES,
    ActivitySource,
    ActivityType,
    AuditAction,
    DeadlineKind,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.traced import trace_of
from opensink_web.operations.agents.activity import log_activity
from opensink_web.operations.agents.agent_session import move_session
from opensink_web.operations.decisions.asker import (
    LockedRequest,
    check_waiting,
    let_go_on,
    lock_asker,
)
from opensink_web.operations.executions.ending import add_steps
from opensink_web.operations.executions.pause import step_of_request
from opensink_web.operations.requests.answer import check_pending
from opensink_web.operations.requests.assignment import (
    Assignee,
    assignments_of,
    close_assignments,
)
from opensink_web.operations.requests.claim import move_claim
from opensink_web.operations.requests.creation import NewRequest, create_requests
from opensink_web.operations.requests.deadline import drop_deadline
from opensink_web.operations.requests.input_request import record_of, store_withdrawal
from opensink_web.operations.requests.mention import move_mentions
from opensink_web.operations.requests.options import RequestOptions, check_options
from opensink_web.operations.requests.queries import find_input_request, tags_of
from opensink_web.operations.tracing import trace_begun


class Changes(TypedDict, total=False):
    """What is asked otherwise than before; what is left out carries over."""

    key: str
    title: str
    message: str
    schema: JSONValue


@dataclass(frozen=True, slots=True)
class CheckedRevision:
    """What is asked instead of a request, checked; `keeps_deadline` leaves the deadline as it is
    then, and `keeps_assignees` those whose it is.
    """

    request_id: UUID
    key: str
    title: str
    message: str
    schema: JSONValue
    options: RequestOptions
    keeps_deadline: bool
    keeps_assignees: bool


def cancel(workspace: Workspace, request_id: UUID, reason: str | None) -> InputRequest:
    """Take an agent's question back; the agent goes on as after an answer, without one.

    Raises: NotFound; AlreadyResolved, saying who and when; Conflict for what an execution asks, and
    when it was withdrawn before.
    """
    locked = lock_asker(workspace.id, request_id)
    if locked.session is None:
        raise Conflict(
            "An execution waits for the answer to this, so it cannot be withdrawn alone. Cancel the"
            " execution, or let it ask something else instead (supersede)."
        )
    request = _withdrawn(locked, InputRequestStatus.CANCELLED, reason)
    let_go_on(replace(locked, request=request), None)
    return request


def check_revision(
    workspace: Workspace, request_id: UUID, changes: Changes, options: Mapping[str, Any]
) -> CheckedRevision:
    """Check what is to be asked instead of a request. Takes its time: call it outside a transaction
    that writes.

    A schema in `changes` has passed check_schema(). Raises: NotFound; AlreadyResolved and Conflict
    when it does not wait any more; InvalidInput; InvalidAnswer.
    """
    request = find_input_request(workspace, request_id)
    if request.status not in OPEN_STATUSES:
        check_pending(request)
    before = RequestOptions(
        allow_decline=request.allow_decline,
        priority=request.priority,
        tags=tuple(tags_of([request_id]).get(request_id, ())),
        reference=request.reference,
        context=request.context,
        expires_at=request.expires_at,
        on_expire=request.on_expire,
        default_response=request.default_response,
        forbid_requester=request.forbid_requester,
        # by how many a step is decided says the rule, which may not hold any more
        required_responses=request.required_responses if request.steps is None else 1,
        quorum=request.quorum if request.steps is None else None,
    )
    schema = changes.get("schema", request.schema)
    revised = replace(before, **options)
    if revised.required_responses == 1 and "quorum" not in options:
        revised = replace(revised, quorum=None)
    check_options(revised, schema)
    return CheckedRevision(
        request_id,
        key=changes.get("key", request.key),
        title=changes.get("title", request.title),
        message=changes.get("message", request.message),
        schema=schema,
        options=revised,
        keeps_deadline="expires_at" not in options,
        keeps_assignees="assignees" not in options,
    )


def supersede(
    workspace: Workspace,
    revision: CheckedRevision,
    *,
    requested_by_id: UUID,
    asked_with_id: UUID | None = None,
) -> InputRequest:
    """Ask something else instead of a request that waits; return what is asked now.

    Whoever asked goes on waiting, and is not called: it has just spoken. What people have entered
    moves over. `requested_by_id` is for whom it is asked now, `asked_with_id` the execution with
    whose token that is done. Raises: NotFound; AlreadyResolved, saying who and when; Conflict for
    the approval of a call, and when it was withdrawn or superseded before.
    """
    locked = lock_asker(workspace.id, revision.request_id)
    if locked.request.kind is InputRequestKind.APPROVAL:
        raise Conflict(
            "This asks for leave to make a call with its input, so nothing else can be asked"
            " instead. Cancel the execution, and submit another one."
        )
    check_waiting(locked)
    old = _withdrawn(locked, InputRequestStatus.SUPERSEDED, None)
    options = _options_now(revision, old)
    close_assignments(old.id)
    (new_id,) = create_requests(
        [
            NewRequest(
                workspace.id,
                revision.key,
                revision.title,
                revision.message,
                revision.schema,
                session_id=old.session_id,
                agent_id=old.agent_id,
                execution_id=old.execution_id,
                batch_id=old.batch_id,
                requested_by_id=requested_by_id,
                earlier_requester_ids=sorted(map(str, old.asked_by_ids)) or None,
                asked_with_id=asked_with_id or old.asked_with_id,
                supersedes_id=old.id,
                revision=old.revision + 1,
                thread_id=old.thread,
                comments_count=old.comments_count,
                trace=trace_begun(asked_with_id) or trace_of(old),
                # what was proposed may not be an answer to anything else
                proposed_response=old.proposed_response if revision.schema == old.schema else None,
                resume=old.resume,
                asked_with_key_id=old.asked_with_key_id,
                ends_session=old.ends_session,
                options=options,
            )
        ]
    )
    move_claim(old.id, new_id)
    if old.comments_count:
        move_mentions(old.id, new_id)
    new = db.session.get_one(InputRequest, new_id)
    _note_revision(locked, new)
    return new


def _options_now(revision: CheckedRevision, old: InputRequest) -> RequestOptions:
    """Return what a revision is asked with: what it says, else what holds of the old one by now."""
    options = revision.options
    if revision.keeps_deadline:
        options = replace(options, expires_at=old.expires_at)  # it may have been extended meanwhile
    if revision.keeps_assignees and old.steps is None:  # else a rule said whose it was
        assignees = map(Assignee.of, assignments_of([old.id]).get(old.id, ()))
        options = replace(options, assignees=tuple(assignees))
    return options


def _withdrawn(
    locked: LockedRequest, status: InputRequestStatus, reason: str | None
) -> InputRequest:
    """End an open request by the word of whoever asked it. Raises: AlreadyResolved; Conflict."""
    request_id, reason = locked.request.id, (reason or "").strip() or None
    is_withdrawn = store_withdrawal(request_id, locked.request.workspace_id, status, reason)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    if not is_withdrawn:
        check_pending(request)
    action = AuditAction.REQUEST_WITHDRAWN
    if status is InputRequestStatus.SUPERSEDED:
        action = AuditAction.REQUEST_SUPERSEDED
    record_of(request, action)
    for kind in DeadlineKind:
        drop_deadline(request_id, kind)
    return request


def _note_revision(locked: LockedRequest, new: InputRequest) -> None:
    if locked.session is None:
        if new.execution_id is not None:
            add_steps([step_of_request(new.id, new.execution_id, new.title)])
        return
    log_activity(
        locked.session,
        ActivityType.INPUT_REQUEST_CREATED,
        source=ActivitySource.AGENT,
        message=new.title,
        payload={"supersedes_id": str(new.supersedes_id), "revision": new.revision},
        related_entity_id=str(new.id),
    )
    if not locked.session.status.has_ended:  # a call that failed ends it, and leaves its questions
        move_session(locked.session, SessionStatus.WAITING_FOR_INPUT)
