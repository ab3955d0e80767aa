"""Deciding on many requests in one go: each is decided on its own, and one that fails stops none.

Requests are decided in slices, each in a transaction of its own, so that others write in between.
Within a slice each has a savepoint. Everything a slice will touch is locked at its beginning and in
order (asker.py), for two people may decide on the same batch at the same time.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict, assert_never
from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web.errors import Conflict, InvalidInput, OpenSinkError, Unavailable
from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.asker import lock_askers
from opensink_web.operations.decisions.assignment import assign
from opensink_web.operations.decisions.claim import claim, release
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.decisions.holding import undo
from opensink_web.operations.decisions.queries import RowResult
from opensink_web.operations.requests.answer import CheckedAnswer, check_answer, check_pending
from opensink_web.operations.requests.assignment import Assignee
from opensink_web.operations.requests.claim import claims_of_ids
from opensink_web.operations.requests.digest import check_seen
from opensink_web.operations.requests.row_text import Shown, click_of, is_clear_beside_others
from opensink_web.operations.slices import SLICE

MAX_ROWS = SLICE
"""How many requests are decided in one go."""
_ROWS_AT_ONCE = 20
"""In one transaction: about as long as a person's other click takes."""
_ROWS_A_SECOND = 100
"""So many are decided at least: those that come first are held for longer."""

# Built once, because building a statement costs more than running it.
_FIND = select(InputRequest).where(
    InputRequest.id.in_(bindparam("of_requests", expanding=True)),
    InputRequest.workspace_id == bindparam("of_workspace"),
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

    `seen` is the digest of what they were shown, None where nothing was, and `shown` how much of it
    a Yes or No was given on. `answer` comes with ANSWER, and `reason` with DECLINE.
    """

    request_id: UUID
    verdict: Verdict
    seen: str | None = None
    shown: Shown = Shown.IN_A_LINE
    answer: JSONObject | None = None
    reason: str = ""


def decide_many(
    workspace: Workspace, decisions: Sequence[RowDecision], *, by: User, hold_seconds: int = 0
) -> list[RowResult]:
    """Decide on each request; return what became of each, in the same order, each request once.

    No transaction may be open: there are several. What is decided stands, whatever becomes of
    others. Of many all can be undone for `hold_seconds` from the end, as nearly as can be told
    beforehand. Raises: InvalidInput for none, or for more than MAX_ROWS.
    """
    first_of = {each.request_id: each for each in reversed(decisions)}
    ids = [*dict.fromkeys(each.request_id for each in decisions)]
    requests = _find(workspace, ids)
    refusals: dict[UUID, str] = {}
    answers: dict[UUID, CheckedAnswer] = {}
    steps = {request_id: request.step for request_id, request in requests.items()}
    for request_id, request in requests.items():
        try:
            answer = _answer_of(request, first_of[request_id])
            if answer is not None:
                answers[request_id] = check_answer(workspace, request_id, answer)
        except OpenSinkError as error:
            refusals[request_id] = error.message
    ready = [each for each in ids if each in requests and each not in refusals]
    held = hold_seconds and hold_seconds + len(ready) // _ROWS_A_SECOND

    def decide(request_id: UUID) -> None:
        decision, answer = first_of[request_id], answers.get(request_id)
        terms: _Terms = {"by": by, "hold_seconds": held, "seen": decision.seen}
        if answer is None:
            decline(workspace, request_id, decision.reason, **terms, step=steps[request_id])
        else:
            resolve(workspace, answer, **terms)

    refusals |= _each_in_slices(ready, decide)
    return _results(ids, requests, refusals)


def undo_many(workspace: Workspace, request_ids: Sequence[UUID], *, by: User) -> list[RowResult]:
    """Take back what somebody has decided, as far as it is held; return what became of each.

    No transaction may be open. Raises: InvalidInput for none, or for more than MAX_ROWS.
    """
    ids = [*dict.fromkeys(request_ids)]
    requests = _find(workspace, ids)
    there = [each for each in ids if each in requests]
    refusals = _each_in_slices(there, lambda request_id: undo(workspace, request_id, by=by))
    return _results(ids, requests, refusals)


def assign_many(
    workspace: Workspace, request_ids: Sequence[UUID], assignees: Sequence[Assignee], *, by: User
) -> list[RowResult]:
    """Give each request to these in place of whoever has it; return what became of each.

    No transaction may be open. Raises: InvalidInput for none, or for more than MAX_ROWS.
    """
    ids = [*dict.fromkeys(request_ids)]
    requests = _find(workspace, ids)
    there = [each for each in ids if each in requests]
    refusals = _each_in_slices(there, lambda each: assign(workspace, each, assignees, by=by))
    return _results(ids, requests, refusals)


class Hold(StrEnum):
    """What is done with claims: TOGGLE lets go where all are one's own, else takes on."""

    CLAIM = "claim"
    RELEASE = "release"
    TOGGLE = "toggle"


def hold_many(
    workspace: Workspace, request_ids: Sequence[UUID], hold: Hold, *, by: User, minutes: int
) -> tuple[Hold, list[RowResult]]:
    """Take each request on, or let it go; return which it was, and what became of each.

    No transaction may be open. Raises: InvalidInput for none, or for more than MAX_ROWS.
    """
    ids = [*dict.fromkeys(request_ids)]
    requests = _find(workspace, ids)
    there = [each for each in ids if each in requests]
    if hold is Hold.TOGGLE:
        claims = claims_of_ids(there)
        own = [each for each in there if each in claims and claims[each].user_id == by.id]
        hold = Hold.RELEASE if there and len(own) == len(there) else Hold.CLAIM

    def act(request_id: UUID) -> object:
        if hold is Hold.RELEASE:
            return release(workspace, request_id, by=by)
        return claim(workspace, request_id, by=by, minutes=minutes)

    return hold, _results(ids, requests, _each_in_slices(there, act))


class _Terms(TypedDict):
    """What both decisions take."""

    by: User
    hold_seconds: int
    seen: str | None


def _find(workspace: Workspace, ids: Sequence[UUID]) -> dict[UUID, InputRequest]:
    """Return those of the requests that are in the workspace. Raises: InvalidInput."""
    if len(ids) > MAX_ROWS:
        raise InvalidInput(f"At most {MAX_ROWS} requests can be chosen in one go. Choose fewer.")
    if not ids:
        raise InvalidInput("Choose at least one request.")
    values = {"of_requests": ids, "of_workspace": workspace.id}
    return {each.id: each for each in db.session.scalars(_FIND, values)}


def _results(
    ids: Sequence[UUID], requests: Collection[UUID], refusals: Mapping[UUID, str]
) -> list[RowResult]:
    return [
        RowResult(
            each, refusals.get(each) if each in requests else "There is no such input request."
        )
        for each in ids
    ]


def _answer_of(request: InputRequest, decision: RowDecision) -> JSONObject | None:
    """Return what is answered, None to decline.

    Raises: AlreadyResolved, saying who and when; Superseded, when something else was seen;
    Conflict where one has to look first.
    """
    check_pending(request)
    check_seen(request, decision.seen)
    match decision.verdict:
        case Verdict.DECLINE:
            return None
        case Verdict.ANSWER:
            return decision.answer or {}
        case Verdict.YES | Verdict.NO:
            click = click_of(request)
            if click is None:
                raise Conflict("This asks for more than a Yes or No. Open it to answer.")
            if not is_clear_beside_others(request, click, decision.shown):
                raise Conflict("A list does not show all of this. Open it to decide.")
            value = click.yes if decision.verdict is Verdict.YES else click.no
            if value is None:
                raise Conflict("To decline a call takes a reason. Decline it with one.")
            return value
        case _:
            assert_never(decision.verdict)


def _each_in_slices(ids: Sequence[UUID], act: Callable[[UUID], object]) -> dict[UUID, str]:
    """Do something to each request; return why it was not done, of those of which it was not."""
    refusals: dict[UUID, str] = {}
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        begun = time.monotonic()
        refusals |= _each_of(ids[start : start + _ROWS_AT_ONCE], act)
        if db.engine.dialect.name == "sqlite":  # where nobody else could write meanwhile
            time.sleep(time.monotonic() - begun)
    return refusals


def _each_of(ids: Sequence[UUID], act: Callable[[UUID], object]) -> dict[UUID, str]:
    """Do it to a slice in one transaction. Where that fails as a whole, each is refused for it."""
    refusals: dict[UUID, str] = {}
    try:
        with writing():
            lock_askers(ids)
            for request_id in ids:
                try:
                    with db.session.begin_nested():
                        act(request_id)
                except Unavailable:
                    raise
                except OpenSinkError as error:
                    refusals[request_id] = error.message
    except OpenSinkError as error:
        return dict.fromkeys(ids, error.message)
    return refusals
