"""The outcome of a call: what comes next for its delivery, its session, its agent and who waits.

All of it is one transaction, written by whoever holds the lease's token. What the endpoint sent is
kept without our secrets.
"""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    and_,
    bindparam,
    insert,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.exc import DBAPIError

from opensink_web import clock
from opensink_web.errors import NotFound, UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    OPEN_STATUSES,
    Agent,
    AgentSession,
    AttemptOutcome,
    AttemptTrigger,
    AuditAction,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    InputRequest,
    SessionStatus,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.transaction import Area, changed_after_commit, run_prepared
from opensink_web.operations.agents.agent_session import (
    lock_session,
    note_failed_call,
    note_succeeded_call,
)
from opensink_web.operations.agents.endpoint_health import (
    heal,
    lock_called_agent,
    note_failure,
)
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.audit.record import record
from opensink_web.operations.deliveries.attempt import Attempt, DeliveryClaim
from opensink_web.operations.deliveries.record import kept_of, sealed_record
from opensink_web.operations.deliveries.result import GONE, CallResult, begun
from opensink_web.outbound.client import Response
from opensink_web.outbound.retry import retry_after_seconds

_REFUSALS = frozenset({"refused_by_policy", "invalid_url"})
_random = random.SystemRandom()

_ADD_ATTEMPT = insert(DeliveryAttempt)
# what changes with a call that succeeded: a session in which others are asked, an agent that failed
_GIVE_BACK = {
    "lease_token": None,
    "lease_until": None,
    "call_began_at": None,
    "called_endpoint": None,
}
_IS_HELD = and_(
    Delivery.id == bindparam("of_delivery"), Delivery.lease_token == bindparam("lease_held")
)
_ARE_HELD = (
    select(Delivery.id)
    .where(
        Delivery.id.in_(bindparam("of_deliveries", expanding=True)),  # for the index
        tuple_(Delivery.id, Delivery.lease_token).in_(bindparam("of_leases", expanding=True)),
    )
    .order_by(Delivery.id)
    .with_for_update(key_share=True)
)
_FAIL = update(Delivery).where(_IS_HELD).values(_GIVE_BACK)
_SUCCEED = update(Delivery).values(
    status=DeliveryStatus.SUCCEEDED,
    finished_at=bindparam("moment"),
    updated_at=bindparam("moment"),
    **_GIVE_BACK,
)
# a statement with a list costs more, and mostly one call has ended
_SUCCEED_ONE = _SUCCEED.where(_IS_HELD)
_SUCCEED_SEVERAL = _SUCCEED.where(Delivery.id.in_(_ARE_HELD)).returning(Delivery.id)
_AWAITS_AGENT = frozenset({SessionStatus.RUNNING, SessionStatus.PROCESSING_INPUT})
_NOT_MADE = "The call could not be made."


def _changing_with(
    is_of_session: ColumnElement[bool], is_agent: ColumnElement[bool]
) -> CompoundSelect[tuple[UUID | None]]:
    """Find what changes with a call that succeeded: a session in which others are asked, an agent
    whose calls failed.
    """
    is_open = InputRequest.status.in_(OPEN_STATUSES)
    return union_all(
        select(InputRequest.session_id).where(is_of_session, is_open),
        select(Agent.id).where(is_agent, Agent.endpoint_failure_count > 0),
    )


_CHANGING_WITH_ONE = _changing_with(
    InputRequest.session_id == bindparam("of_session"), Agent.id == bindparam("of_agent")
)
_CHANGING_WITH_SEVERAL = _changing_with(
    InputRequest.session_id.in_(bindparam("of_sessions", expanding=True)),
    Agent.id.in_(bindparam("of_agents", expanding=True)),
)


def finish_deliveries(settled: Sequence[tuple[DeliveryClaim, CallResult | None]]) -> list[UUID]:
    """Write down how calls went; None stands for a claim that was to fail without a call.

    Returns the ids of those whose leases were held; of the others nothing is written. Sessions are
    locked first, by id, then agents, by id, as by whoever deletes them.
    """
    changing = _changing([claim for claim, result in settled if result and result.error is None])
    endings = [_ending_of(claim, result, changing) for claim, result in settled]
    sessions = {
        session_id: lock_called_session(workspace_id, session_id)
        for session_id, workspace_id in sorted(
            {
                (each.session_id, each.claim.workspace_id)
                for each in endings
                if each.session_id is not None
            }
        )
    }
    agents = _lock_agents(endings, changing)
    held = _release(endings)
    for each in held:
        changed_after_commit(each.claim.workspace_id, Area.DELIVERIES)
        if each.result is not None:
            run_prepared(_ADD_ATTEMPT, each.result.row)
        _tell_session(each, sessions.get(each.session_id) if each.session_id else None)
        _tell_agent(each, agents.get(each.claim.group_id))
        _note(each)
    return [each.claim.id for each in held]


def _note(ending: "_Ending") -> None:
    """Note for the audit that a call has ended: its attempts are told of beside it."""
    if ending.error is None:
        action = AuditAction.DELIVERY_SUCCEEDED
    elif ending.delay_seconds is None:
        action = AuditAction.DELIVERY_FAILED
    else:
        return
    status = ending.result.response.status_code if ending.result is not None else None
    details: JSONObject | None = {"response_status": status} if status is not None else None
    claim = ending.claim
    record(action, claim.workspace_id, SubjectKind.DELIVERY, claim.id, details)


def give_up_delivery(claim: DeliveryClaim, reason: str) -> None:
    """Fail a delivery whose call could not be made, or whose result cannot be stored."""
    if not finish_deliveries([(replace(claim, attempt=None, refusal=reason), None)]):
        return
    if claim.attempt is None:
        return
    row = begun(claim.attempt) | kept_of(claim.attempt.call, claim.attempt.resumption)
    row |= {
        "outcome": AttemptOutcome.UNKNOWN,
        "error_code": "outcome_unknown",
        "error_message": reason,
        "finished_at": clock.now(),
    }
    # attempts may be what cannot be stored
    with suppress(DBAPIError), db.session.begin_nested():
        run_prepared(_ADD_ATTEMPT, sealed_record(row, claim.attempt.ring))


@dataclass(frozen=True, slots=True)
class _Ending:
    """How one call went: its error, None for a success; when it is made again, if it is; and the
    session that may change with it.
    """

    claim: DeliveryClaim
    result: CallResult | None
    error: str | None
    delay_seconds: float | None = None
    asked_seconds: float = 0
    session_id: UUID | None = None


def _changing(succeeded: Sequence[DeliveryClaim]) -> set[UUID]:
    """Return the sessions and agents that may change though their call succeeded."""
    if not succeeded:
        return set()
    if len(succeeded) == 1:
        one = {"of_session": succeeded[0].session_id, "of_agent": succeeded[0].group_id}
        return set(run_prepared(_CHANGING_WITH_ONE, one).scalars())
    several = {
        "of_sessions": list({claim.session_id for claim in succeeded if claim.session_id}),
        "of_agents": list({claim.group_id for claim in succeeded}),
    }
    return set(run_prepared(_CHANGING_WITH_SEVERAL, several).scalars())


def _ending_of(claim: DeliveryClaim, result: CallResult | None, changing: set[UUID]) -> _Ending:
    if claim.attempt is None or result is None:
        return _Ending(claim, None, claim.refusal or _NOT_MADE, session_id=claim.session_id)
    if result.error is None:
        is_changing = claim.ends_session or claim.session_id in changing
        session_id = claim.session_id if is_changing else None
        return _Ending(claim, result, None, session_id=session_id)
    retry_after = retry_after_seconds(result.response.headers, clock.now())
    delay = _seconds_to_next(claim.attempt, result.response, retry_after)
    session_id = claim.session_id if delay is None else None
    return _Ending(claim, result, result.error, delay, retry_after, session_id)


def lock_called_session(workspace_id: UUID, session_id: UUID) -> AgentSession | None:
    """Lock a session that was called; None if it was deleted just now, and the call with it."""
    with suppress(NotFound):
        return lock_session(db.session.get_one(Workspace, workspace_id), session_id)
    return None


def _lock_agents(endings: Sequence[_Ending], changing: set[UUID]) -> dict[UUID, Agent]:
    """Lock the agents whose health or status may change, by id."""
    agent_ids = {
        each.claim.group_id
        for each in endings
        if each.error or each.session_id or each.claim.group_id in changing
    }
    agents = ((agent_id, lock_called_agent(agent_id)) for agent_id in sorted(agent_ids))
    return {agent_id: agent for agent_id, agent in agents if agent is not None}


def _release(endings: Sequence[_Ending]) -> list[_Ending]:
    """Give the leases back that are still ours, with the outcomes; return those, in order."""
    held = [each for each in endings if each.error is not None and _fail(each)]
    succeeded = [each for each in endings if each.error is None]
    while succeeded:
        # what was lost and taken again here may have ended twice: one lease of a row at a time
        by_id = {each.claim.id: each for each in succeeded}
        succeeded = [each for each in succeeded if by_id[each.claim.id] is not each]
        held += _succeed([*by_id.values()])
    return sorted(held, key=lambda ending: (ending.claim.group_id, ending.claim.id))


def _succeed(endings: Sequence[_Ending]) -> list[_Ending]:
    """Give back leases of different rows with a success; return those that were still ours."""
    moment = clock.now()
    if len(endings) == 1:
        claim = endings[0].claim
        lease = {"of_delivery": claim.id, "lease_held": claim.lease_token, "moment": moment}
        return [*endings] if run_prepared(_SUCCEED_ONE, lease).rowcount == 1 else []
    values = {
        "of_deliveries": [each.claim.id for each in endings],
        "of_leases": [(each.claim.id, each.claim.lease_token) for each in endings],
        "moment": moment,
    }
    held = set(run_prepared(_SUCCEED_SEVERAL, values).scalars())
    return [each for each in endings if each.claim.id in held]


def _fail(ending: _Ending) -> bool:
    """Give a lease back with an error, if it is still ours."""
    moment = clock.now()
    values: dict[str, object] = {"error_message": ending.error, "updated_at": moment}
    if ending.delay_seconds is None:
        values |= {"status": DeliveryStatus.FAILED, "finished_at": moment}
    else:
        values |= {
            "next_at": moment + timedelta(seconds=ending.delay_seconds),
            "next_trigger": AttemptTrigger.RETRY,
        }
    lease = {"of_delivery": ending.claim.id, "lease_held": ending.claim.lease_token}
    return run_prepared(_FAIL, {**lease, **values}).rowcount == 1


def _tell_session(ending: _Ending, session: AgentSession | None) -> None:
    if session is None:
        return
    if ending.error is None:
        note_succeeded_call(session, ends=ending.claim.ends_session)
    elif session.status in _AWAITS_AGENT:
        note_failed_call(session, ending.error, delivery_id=ending.claim.id)


def _tell_agent(ending: _Ending, agent: Agent | None) -> None:
    attempt, result = ending.claim.attempt, ending.result
    if agent is None or attempt is None or result is None or attempt.resumption is not None:
        return
    if _is_refused(result.response) or not _was_called(agent, attempt):
        return
    if ending.error is None:
        heal(agent)
    else:
        note_failure(agent, ending.error, at_least_seconds=ending.asked_seconds)


def _seconds_to_next(attempt: Attempt, answer: Response, asked_seconds: float) -> float | None:
    """Return how long the next attempt waits, or None if there is none."""
    if _is_refused(answer) or answer.status_code == GONE:
        return None
    delay = attempt.endpoint.retry.next_delay_seconds(attempt.number_in_round, _random)
    return None if delay is None else max(delay, asked_seconds)


def _is_refused(answer: Response) -> bool:
    """Return True if it was we who did not call."""
    return answer.error is not None and answer.error.code in _REFUSALS


def _was_called(agent: Agent, attempt: Attempt) -> bool:
    """Return True if the agent still has the endpoint that was called."""
    try:
        return endpoint_of(agent) == attempt.endpoint
    except UnreadableSecret:
        return False
