"""Deciding on many requests in one go: each is decided on its own, and one that fails stops none.

Requests are decided in slices, each in a transaction of its own, so that others write in between.
Within a slice each has a savepoint. Everything a slice will touch is locked at its beginning and in
order, as docs/design.md says, for two people may decide on the same batch at the same time.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web.errors import Conflict, InvalidInput, NotFound, OpenSinkError, Unavailable
from opensink_web.json_value import JSONObject
from opensink_web.models import AgentSession, InputRequest, User, Workspace, db
from opensink_web.models.transaction import run_prepared, writing
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.decisions.queries import RowResult
from opensink_web.operations.executions.ending import lock_executions
from opensink_web.operations.requests.answer import CheckedAnswer, check_answer
from opensink_web.operations.slices import SLICE
from opensink_web.schema.one_click import one_click

MAX_ROWS = SLICE
"""How many requests are decided in one go."""
_ROWS_AT_ONCE = 20
"""In one transaction: about as long as a person's other click takes."""

# Built once, because building a statement costs more than running it.
_FIND = select(InputRequest).where(
    InputRequest.id.in_(bindparam("of_requests", expanding=True)),
    InputRequest.workspace_id == bindparam("of_workspace"),
)
_LOCK_SESSIONS = (
    select(AgentSession.id)
    .where(AgentSession.id.in_(bindparam("of_sessions", expanding=True)))
    .order_by(AgentSession.id)
    .with_for_update()
)


class Verdict(StrEnum):
    """What is decided: YES is also to approve a call as it is proposed."""

    YES = "yes"
    NO = "no"
    ANSWER = "answer"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class RowDecision:
    """What somebody decides on one of many requests.

    `seen` is the digest of what they were shown, None where nothing was. `answer` comes with
    ANSWER, and `reason` with DECLINE.
    """

    request_id: UUID
    verdict: Verdict
    seen: str | None = None
    answer: JSONObject | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A decision that was checked as far as can be done before the transaction.

    `answer` is None for one that declines. `asker_id` is the agent or else the execution.
    """

    decision: RowDecision
    answer: CheckedAnswer | None
    session_id: UUID | None
    execution_id: UUID | None
    asker_id: UUID


def decide_many(
    workspace: Workspace, decisions: Sequence[RowDecision], *, by: User, hold_seconds: int = 0
) -> list[RowResult]:
    """Decide on each request; return what became of each, in the same order, each request once.

    No transaction may be open: there are several. What is decided stands, whatever becomes of
    others. Raises: InvalidInput for none, or for more than MAX_ROWS.
    """
    first_of = {each.request_id: each for each in reversed(decisions)}
    ordered = [*dict.fromkeys(each.request_id for each in decisions)]
    if not 1 <= len(ordered) <= MAX_ROWS:
        raise InvalidInput(
            f"At most {MAX_ROWS} requests can be decided in one go. Choose fewer."
            if ordered
            else "Choose at least one request."
        )
    refusals: dict[UUID, str] = {}
    ready = list(_ready(workspace, [first_of[each] for each in ordered], refusals))
    for some in _slices(ready):
        begun = time.monotonic()
        _decide(workspace, some, by, hold_seconds, refusals)
        if db.engine.dialect.name == "sqlite":  # where nobody else could write meanwhile
            time.sleep(time.monotonic() - begun)
    return [RowResult(each, refusals.get(each)) for each in ordered]


def _ready(
    workspace: Workspace, decisions: Sequence[RowDecision], refusals: dict[UUID, str]
) -> Iterator[_Ready]:
    """Check each decision; those that cannot be made are put into `refusals`."""
    values = {"of_requests": [each.request_id for each in decisions], "of_workspace": workspace.id}
    requests = {each.id: each for each in db.session.scalars(_FIND, values)}
    for decision in decisions:
        request = requests.get(decision.request_id)
        try:
            if request is None:
                raise NotFound("There is no such input request.")
            yield _Ready(
                decision,
                _checked(workspace, request, decision),
                request.session_id,
                request.execution_id,
                request.agent_id or request.execution_id or request.id,
            )
        except OpenSinkError as error:
            refusals[decision.request_id] = error.message


def _checked(
    workspace: Workspace, request: InputRequest, decision: RowDecision
) -> CheckedAnswer | None:
    """Return the answer to store, None to decline. Raises: OpenSinkError, saying why not."""
    value = _answer_of(request, decision)
    return None if value is None else check_answer(workspace, request.id, value)


def _answer_of(request: InputRequest, decision: RowDecision) -> JSONObject | None:
    """Return what is answered, None to decline. Raises: Conflict where one has to look first."""
    match decision.verdict:
        case Verdict.DECLINE:
            return None
        case Verdict.ANSWER:
            return decision.answer or {}
        case Verdict.YES | Verdict.NO:
            click = one_click(request.schema, request.proposed_response)
            if click is None:
                raise Conflict("This asks for more than a Yes or No. Open it to answer.")
            value = click.yes if decision.verdict is Verdict.YES else click.no
            if value is None:
                raise Conflict("To reject a call takes a reason. Reject it with one.")
            return value
        case _:
            assert_never(decision.verdict)


def _slices(ready: list[_Ready]) -> Iterator[Sequence[_Ready]]:
    """Cut into slices, of agents' questions or of executions'; what one agent asks is together."""
    for is_of_session in (True, False):
        some = [each for each in ready if (each.session_id is not None) is is_of_session]
        # sessions are locked before agents, and so are several of those in the order of their ids
        some.sort(key=lambda each: (each.asker_id, each.decision.request_id))
        for start in range(0, len(some), _ROWS_AT_ONCE):
            yield some[start : start + _ROWS_AT_ONCE]


def _decide(
    workspace: Workspace,
    some: Sequence[_Ready],
    by: User,
    hold_seconds: int,
    refusals: dict[UUID, str],
) -> None:
    """Decide on a slice in one transaction. Where that fails as a whole, each is refused for it."""
    refused: dict[UUID, str] = {}
    try:
        with writing():
            _lock(some)
            for each in some:
                try:
                    with db.session.begin_nested():
                        _store(workspace, each, by, hold_seconds)
                except Unavailable:
                    raise
                except OpenSinkError as error:
                    refused[each.decision.request_id] = error.message
    except OpenSinkError as error:
        refused |= {each.decision.request_id: error.message for each in some}
    refusals |= refused


def _lock(some: Iterable[_Ready]) -> None:
    session_ids = {each.session_id for each in some if each.session_id is not None}
    if session_ids:
        run_prepared(_LOCK_SESSIONS, {"of_sessions": list(session_ids)})
    lock_executions({each.execution_id for each in some if each.execution_id is not None})


def _store(workspace: Workspace, ready: _Ready, by: User, hold_seconds: int) -> None:
    decision = ready.decision
    if ready.answer is None:
        decline(workspace, decision.request_id, decision.reason, by=by)
    else:
        resolve(workspace, ready.answer, by=by)
