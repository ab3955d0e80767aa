"""Saying something about a request without deciding on it, and asking its agent back.

The request stays as it is, and its deadline runs. A comment can be written as long as the request
is kept; the agent is woken by one only while there is something to decide.
"""

from dataclasses import replace
from uuid import UUID

from opensink_web.errors import Conflict, FieldError, InvalidInput, Superseded
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    AuditAction,
    Comment,
    InputRequest,
    InputRequestStatus,
    StepKind,
    User,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.operations.agents.activity import log_activity
from opensink_web.operations.decisions.asker import LockedRequest, lock_asker
from opensink_web.operations.deliveries.delivery import deliver_comment
from opensink_web.operations.executions.ending import Step, add_steps
from opensink_web.operations.requests.answer import check_pending
from opensink_web.operations.requests.input_request import count_comment, record_of
from opensink_web.operations.requests.mention import (
    answer_mentions,
    mentioned_in,
    store_mentions,
)
from opensink_web.operations.requests.thread import newest_in

MESSAGE_LENGTH_MAX = 10_000
COMMENTS_MAX = 1000
"""In one thread: an agent that answers itself comes to an end."""


def add_comment(
    workspace: Workspace,
    request_id: UUID,
    message: str,
    *,
    by: User,
    is_by_asker: bool = False,
    wakes: bool = False,
) -> Comment:
    """Add a comment to the thread of a request; with `wakes` its agent is called because of it.

    `is_by_asker`: whoever asked writes, with a key of `by`. Raises: NotFound; InvalidInput;
    Superseded where the thread goes on elsewhere; Conflict and AlreadyResolved where nobody can be
    woken.
    """
    message = _checked(message)
    locked = lock_asker(workspace.id, request_id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    locked = replace(locked, request=request)
    _check_goes_on(request)
    if wakes:
        _check_wakes(locked, is_by_asker=is_by_asker)
    comment = Comment(
        id=_next_id(request.thread),
        workspace_id=workspace.id,
        request_id=request.id,
        thread_id=request.thread,
        author_id=by.id,
        is_by_asker=is_by_asker,
        message=message,
        wakes=wakes,
    )
    db.session.add(comment)
    db.session.flush()
    mentioned = mentioned_in(workspace, message).users
    store_mentions(comment, mentioned)
    if not is_by_asker:
        answer_mentions(request.id, by.id)
    count_comment(request)
    details: JSONObject = {"comment_id": str(comment.id), "wakes": wakes}
    record_of(request, AuditAction.REQUEST_COMMENTED, details, by=by)
    if wakes and locked.session is not None and locked.has_endpoint:
        deliver_comment(comment.id, request, locked.session)
    _note(locked, comment, by)
    return comment


def _checked(message: str) -> str:
    """Raises: InvalidInput."""
    message = message.strip()
    if 1 <= len(message) <= MESSAGE_LENGTH_MAX:
        return message
    problem = f"A comment has 1 to {MESSAGE_LENGTH_MAX:,} characters."
    raise InvalidInput(problem, errors=(FieldError("/message", problem),))


def _check_goes_on(request: InputRequest) -> None:
    """Raises: Superseded; Conflict for a thread that is full."""
    if request.status is InputRequestStatus.SUPERSEDED:
        asker = "agent" if request.execution_id is None else "function"
        raise Superseded(
            f"The {asker} asks something else instead by now, where these comments stand too."
            " Write yours there."
        )
    if request.comments_count >= COMMENTS_MAX:
        raise Conflict(f"A request takes no more than {COMMENTS_MAX:,} comments.")


def _check_wakes(locked: LockedRequest, *, is_by_asker: bool) -> None:
    """Raises: Conflict; AlreadyResolved."""
    if locked.session is None:
        raise Conflict(
            "A function asked this, and functions are not called for a comment. Write one that"
            " wakes nobody: the people here read it."
        )
    if is_by_asker:
        raise Conflict("An agent is not woken by its own comment. Leave out `wake`.")
    try:
        check_pending(locked.request)
    except Conflict as error:
        raise type(error)(
            f"{error.message} So the agent is not asked about it any more; a comment that does not"
            " wake it can be written still."
        ) from None


def _next_id(thread_id: UUID) -> UUID:
    """Return an id behind all others of a thread, whose asker is locked, whatever the clocks of
    several servers say: who has read up to one comment asks for those after it.
    """
    newest, comment_id = newest_in(thread_id), new_id()
    return comment_id if newest is None or newest < comment_id else UUID(int=newest.int + 1)


def _note(locked: LockedRequest, comment: Comment, by: User) -> None:
    """Have the history say who wrote; what, it does not repeat."""
    request = locked.request
    if locked.session is not None:
        who = "The agent" if comment.is_by_asker else by.email
        did = "asked the agent back about" if comment.wakes else "commented on"
        log_activity(
            locked.session,
            ActivityType.MESSAGE,
            source=ActivitySource.AGENT if comment.is_by_asker else ActivitySource.USER,
            message=f"{who} {did} “{request.title}”.",
            payload={"comment_id": str(comment.id)},
            related_entity_id=str(request.id),
        )
    elif locked.execution is not None and request.status is InputRequestStatus.PENDING:
        who = "The function" if comment.is_by_asker else by.email
        details: JSONObject = {"input_request_id": str(request.id)}
        message = f"{who} commented on “{request.title}”."
        add_steps([Step(locked.execution.id, StepKind.PAUSED, message, details)])
