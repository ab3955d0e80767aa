"""Asking people: requests are written down here, whoever asks, and nowhere else.

What it means to whoever asks, a session or an execution, is theirs to write down.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm.attributes import set_committed_value

from opensink_web import clock
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    AuditAction,
    DeadlineKind,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    InputRequestTag,
    Quorum,
    SubjectKind,
)
from opensink_web.models.base import new_id
from opensink_web.models.sealed import row_as_written, sealed_values
from opensink_web.models.traced import trace_values
from opensink_web.models.transaction import changed_after_commit, run_prepared
from opensink_web.operations.audit.record import record
from opensink_web.operations.requests.assignment import (
    Assignee,
    add_assignments,
    rows_of_assignees,
    those_left,
)
from opensink_web.operations.requests.deadline import set_deadline
from opensink_web.operations.requests.digest import digest_of
from opensink_web.operations.requests.options import NO_OPTIONS, RequestOptions
from opensink_web.operations.requests.policy import Rules, first_options
from opensink_web.operations.requests.policy_step import steps_as_json
from opensink_web.operations.requests.standing_approval import have_held_against
from opensink_web.trace_context import TraceContext

LINE_LENGTH_MAX = 255
"""Of a key and of a title."""

# Built once, because building a statement costs more than running it.
_ADD = insert(InputRequest)
_ADD_TAGS = insert(InputRequestTag)


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What a person is asked, by an agent in a session or else by an execution.

    `schema` has passed check_schema(); `message` is Markdown. `proposed_response` is the input of
    the call that an approval is asked for. `requested_by_id` is the user for whom it is asked:
    whose key or token an agent asked with, or whose execution it is. `asked_with_id` is the
    execution whose token an agent asked with, `batch_id` the batch that `execution_id` is one of.
    `earlier_requester_ids` are those for whom the revisions before it were asked.
    `trace` is that of whoever asks.
    `resume` is the checked endpoint that is called when it is decided, in place of the agent's.
    `asked_with_key_id` is the key that reads the answer; with `ends_session` its session was begun
    for it alone. `supersedes_id` is the request that this one is asked instead of, as its next
    `revision`, with the comments of its thread. By which rule it is decided, in which `steps`, is
    found here.
    """

    workspace_id: UUID
    key: str
    title: str
    message: str
    schema: JSONValue
    requested_by_id: UUID
    earlier_requester_ids: list[str] | None = None
    kind: InputRequestKind = InputRequestKind.INPUT
    proposed_response: JSONObject | None = None
    session_id: UUID | None = None
    agent_id: UUID | None = None
    execution_id: UUID | None = None
    batch_id: UUID | None = None
    asked_with_id: UUID | None = None
    supersedes_id: UUID | None = None
    revision: int = 1
    thread_id: UUID | None = None
    comments_count: int = 0
    policy_revision_id: UUID | None = None
    steps: JSONValue = None
    trace: TraceContext | None = None
    resume: JSONObject | None = None
    asked_with_key_id: UUID | None = None
    ends_session: bool = False
    options: RequestOptions = NO_OPTIONS


_COLUMNS = tuple(
    field.name for field in fields(NewRequest) if field.name not in {"options", "trace"}
)
_IN_TABLES_OF_THEIR_OWN = {"tags", "assignees"}
_OPTIONS = tuple(
    field.name for field in fields(RequestOptions) if field.name not in _IN_TABLES_OF_THEIR_OWN
)


def create_request(request: NewRequest) -> InputRequest:
    """Put an agent's question into the inbox; return it as it is stored by now.

    It belongs to no session of the ORM. Its session is locked.
    """
    (request,) = with_rules([request])
    values = _values_of(request, clock.now(), _OPTIONS)
    row = sealed_values(InputRequest, values)
    _add([request], [row])
    written = row_as_written(InputRequest, values, row)
    tags = [InputRequestTag(tag=tag) for tag in dict.fromkeys(request.options.tags)]
    set_committed_value(written, "tags", tags)
    if not request.options.assignees:
        set_committed_value(written, "assignments", [])
    return written


def create_requests(requests: Sequence[NewRequest]) -> list[UUID]:
    """Put requests into the inbox in one go; return their ids in the same order.

    Whoever asks is locked, or was written down in this transaction.
    """
    requests = with_rules(requests)
    rows = rows_of_requests(requests)
    _add(requests, rows)
    return [row["id"] for row in rows]


def with_rules(requests: Sequence[NewRequest]) -> list[NewRequest]:
    """Return requests with the rules that they are decided by, as these are now.

    Of a workspace without rules it costs one statement. Raises: Unavailable.
    """
    known: dict[tuple[UUID, UUID | None], Rules] = {}
    ruled = []
    for each in requests:
        asker = (each.workspace_id, each.agent_id)
        rules = known[asker] = known.get(asker) or Rules(*asker)
        rule = rules.rule_for(each.key, each.schema, each.proposed_response)
        if rule is None:
            ruled.append(each)
            continue
        steps = rule.steps_for(forbid_requester=each.options.forbid_requester)
        ruled.append(
            replace(
                each,
                policy_revision_id=rule.revision_id,
                steps=steps_as_json(steps),
                options=first_options(steps, each.options),
            )
        )
    return ruled


def _add(requests: Sequence[NewRequest], rows: Sequence[dict[str, Any]]) -> None:
    assigned = assignment_rows(requests, rows)
    add_rows(rows)
    for row, request in zip(rows, requests, strict=True):
        record(
            AuditAction.REQUEST_CREATED,
            request.workspace_id,
            SubjectKind.REQUEST,
            row["id"],
            {"request_digest": row["digest"], **_asked_by(request)},
        )
    tags = [
        {"request_id": row["id"], "workspace_id": request.workspace_id, "tag": tag}
        for row, request in zip(rows, requests, strict=True)
        for tag in dict.fromkeys(request.options.tags)
    ]
    if tags:
        run_prepared(_ADD_TAGS, tags)
    add_assignments(assigned)
    for row, request in zip(rows, requests, strict=True):
        if (moment := request.options.expires_at) is not None:
            set_deadline(row["id"], request.workspace_id, DeadlineKind.EXPIRY, moment)
        have_held_against(
            row["id"],
            request.workspace_id,
            key=request.key,
            agent_id=request.agent_id,
            execution_id=request.execution_id,
        )


def assignment_rows(
    requests: Sequence[NewRequest], rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what is inserted for those to whom requests are assigned; `rows` are the requests',
    which then say whether they are.

    A rule may name somebody who has left since it was made.
    """
    there: dict[tuple[Assignee, ...], tuple[Assignee, ...]] = {}
    made = []
    for row, request in zip(rows, requests, strict=True):
        assignees = request.options.assignees
        if request.steps is not None and assignees not in there:
            there[assignees] = those_left(request.workspace_id, assignees)
        named = there.get(assignees, assignees)
        row["is_assigned"] = bool(named)
        made += rows_of_assignees(row["id"], request.workspace_id, named)
    return made


def _asked_by(request: NewRequest) -> dict[str, JSONValue]:
    """Return the ids of who asked, for the audit."""
    asked_by = {
        "agent": request.agent_id,
        "session": request.session_id,
        "execution": request.execution_id or request.asked_with_id,
        "supersedes": request.supersedes_id,
        "rule_revision": request.policy_revision_id,
    }
    return {name: str(each) for name, each in asked_by.items() if each is not None}


def add_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Insert what rows_of_requests() has made; those of a batch may be nobody's to see yet."""
    if rows:
        run_prepared(_ADD, rows[0] if len(rows) == 1 else rows)
    for workspace_id in {row["workspace_id"] for row in rows}:
        changed_after_commit(workspace_id)


def rows_of_requests(requests: Sequence[NewRequest]) -> list[dict[str, Any]]:
    """Return what is inserted of requests, in the same order; needs no transaction."""
    moment = clock.now()
    # all rows have the same columns; those of a batch of approvals are many, and have no options
    options = _OPTIONS if any(each.options is not NO_OPTIONS for each in requests) else ()
    return [sealed_values(InputRequest, _values_of(each, moment, options)) for each in requests]


def _quorum_of(options: RequestOptions) -> Quorum | None:
    """Return by what rule several people decide; None where one does."""
    if options.required_responses == 1:
        return None
    return options.quorum or Quorum.FIRST_DECLINE


def _values_of(request: NewRequest, moment: datetime, options: Sequence[str]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "created_at": moment,
        "status": InputRequestStatus.PENDING,
        "resolved_by_system": False,
        "step": 0,
        "is_assigned": False,
        **{name: getattr(request, name) for name in _COLUMNS},
        **trace_values(request.trace),
        **{name: getattr(request.options, name) for name in options},
        **({"quorum": _quorum_of(request.options)} if options else {}),
        "digest": digest_of(
            request.title,
            request.message,
            request.schema,
            request.proposed_response,
            request.revision,
        ),
    }
