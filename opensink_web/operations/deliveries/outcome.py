"""The outcome of a call: what comes next for its delivery, its session, its agent and who waits.

All of it is one transaction, written by whoever holds the lease's token. What the endpoint sent is
kept without our secrets.
"""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, update

from opensink_web import clock
from opensink_web.errors import NotFound, UnreadableSecret
from opensink_web.models import (
    Agent,
    AgentSession,
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.agent_session import (
    lock_session,
    note_failed_call,
    note_succeeded_call,
)
from opensink_web.operations.agents.endpoint_health import (
    heal,
    lock_called_agent,
    lock_failing_agent,
    note_failure,
)
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.deliveries.attempt import Attempt, DeliveryClaim
from opensink_web.operations.requests.queries import has_open_requests
from opensink_web.outbound.client import Response
from opensink_web.outbound.explained import status_sentence
from opensink_web.outbound.headers import redact
from opensink_web.outbound.redaction import without_secrets
from opensink_web.outbound.retry import retry_after_seconds

_GONE = 410
_REFUSALS = frozenset({"refused_by_policy", "invalid_url"})
_random = random.SystemRandom()

_FINISH_ATTEMPT = update(DeliveryAttempt).where(DeliveryAttempt.id == bindparam("of_attempt"))
_ATTEMPTS = select(Delivery.round_attempt_count).where(Delivery.id == bindparam("of_delivery"))
_RELEASE = update(Delivery).where(
    Delivery.id == bindparam("of_delivery"), Delivery.lease_token == bindparam("lease_held")
)
_AWAITS_AGENT = frozenset({SessionStatus.RUNNING, SessionStatus.PROCESSING_INPUT})
_NOT_MADE = "The call could not be made."


def finish_deliveries(settled: Sequence[tuple[DeliveryClaim, Response | None]]) -> list[UUID]:
    """Write down how calls went; None stands for a claim that was to fail without a call.

    Returns the ids of those whose leases were held; of the others nothing is written. Sessions are
    locked first, by id, then agents, by id, as by whoever deletes them.
    """
    endings = [_ending_of(claim, answer) for claim, answer in settled]
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
    agents = _lock_agents(endings)
    held = []
    for each in sorted(endings, key=lambda ending: (ending.claim.group_id, ending.claim.id)):
        claim, answer = each.claim, each.answer
        session = sessions.get(each.session_id) if each.session_id else None
        if not _release(each):
            continue
        held.append(claim.id)
        if each.error is None:
            if session is not None:
                note_succeeded_call(session)
        elif session is not None and session.status in _AWAITS_AGENT:
            note_failed_call(session, each.error, delivery_id=claim.id)
        if claim.attempt is None or answer is None:
            continue
        _finish_attempt(claim.attempt, answer, each.error)
        agent = agents.get(claim.group_id)
        if agent is not None and not _is_refused(answer) and _was_called(agent, claim.attempt):
            if each.error is None:
                heal(agent)
            else:
                note_failure(agent, each.error, at_least_seconds=each.asked_seconds)
    return held


@dataclass(frozen=True, slots=True)
class _Ending:
    """How one call went: its error, None for a success; when it is made again, if it is; and the
    session that may change with it.
    """

    claim: DeliveryClaim
    answer: Response | None
    error: str | None
    delay_seconds: float | None = None
    asked_seconds: float = 0
    session_id: UUID | None = None


def _ending_of(claim: DeliveryClaim, answer: Response | None) -> _Ending:
    if claim.attempt is None or answer is None:
        return _Ending(claim, answer, claim.refusal or _NOT_MADE, session_id=claim.session_id)
    error = _reason_of_failure(answer, claim.attempt.secrets)
    if error is None:
        waits = claim.session_id is not None and has_open_requests(claim.session_id)
        return _Ending(claim, answer, None, session_id=claim.session_id if waits else None)
    asked = retry_after_seconds(answer.headers, clock.now())
    attempts = run_prepared(_ATTEMPTS, {"of_delivery": claim.id}).scalar() or 0
    delay = _seconds_to_next(claim.attempt, attempts, answer, asked)
    session_id = claim.session_id if delay is None else None
    return _Ending(claim, answer, error, delay, asked, session_id)


def lock_called_session(workspace_id: UUID, session_id: UUID) -> AgentSession | None:
    """Lock a session that was called; None if it was deleted just now, and the call with it."""
    with suppress(NotFound):
        return lock_session(db.session.get_one(Workspace, workspace_id), session_id)
    return None


def _lock_agents(endings: Sequence[_Ending]) -> dict[UUID, Agent]:
    """Lock the agents whose health or status may change, by id."""
    changing = {each.claim.group_id for each in endings if each.error or each.session_id}
    found = {}
    for agent_id in sorted({each.claim.group_id for each in endings}):
        is_changing = agent_id in changing
        agent = lock_called_agent(agent_id) if is_changing else lock_failing_agent(agent_id)
        if agent is not None:
            found[agent_id] = agent
    return found


def _release(ending: _Ending) -> bool:
    """Give the lease back with the outcome, if it is still ours."""
    moment = clock.now()
    values: dict[str, object] = {"error_message": ending.error}
    if ending.error is None:
        values = {"status": DeliveryStatus.SUCCEEDED, "finished_at": moment}
    elif ending.delay_seconds is None:
        values |= {"status": DeliveryStatus.FAILED, "finished_at": moment}
    else:
        values |= {
            "next_at": moment + timedelta(seconds=ending.delay_seconds),
            "next_trigger": AttemptTrigger.RETRY,
        }
    lease = {"of_delivery": ending.claim.id, "lease_held": ending.claim.lease_token}
    given_back = {"lease_token": None, "lease_until": None, "updated_at": moment}
    return run_prepared(_RELEASE, {**lease, **given_back, **values}).rowcount == 1


def _seconds_to_next(
    attempt: Attempt, attempt_count: int, answer: Response, asked_seconds: float
) -> float | None:
    """Return how long the next attempt waits, or None if there is none."""
    if _is_refused(answer) or answer.status_code == _GONE:
        return None
    delay = attempt.endpoint.retry.next_delay_seconds(attempt_count, _random)
    return None if delay is None else max(delay, asked_seconds)


def _is_refused(answer: Response) -> bool:
    """Tell whether it was we who did not call."""
    return answer.error is not None and answer.error.code in _REFUSALS


def _was_called(agent: Agent, attempt: Attempt) -> bool:
    """Tell whether the agent still has the endpoint that was called."""
    try:
        return endpoint_of(agent) == attempt.endpoint
    except UnreadableSecret:
        return False


def _finish_attempt(attempt: Attempt, answer: Response, error: str | None) -> None:
    headers = [[name, _kept_text(value, attempt.secrets)] for name, value in redact(answer.headers)]
    body = answer.body.decode("utf-8", "replace")
    body = _kept_text(body, attempt.secrets, is_cut=answer.body_truncated)
    attempt_id = attempt.id
    run_prepared(
        _FINISH_ATTEMPT,
        {
            "of_attempt": attempt_id,
            "outcome": AttemptOutcome.FAILED if error else AttemptOutcome.SUCCEEDED,
            "response_status": answer.status_code,
            "response_headers": DeliveryAttempt.response_headers.seal(attempt_id, headers),
            "response_body": DeliveryAttempt.response_body.seal(
                attempt_id, body if answer.status_code is not None else None
            ),
            "response_body_truncated": answer.body_truncated,
            "error_code": answer.error.code if answer.error else None,
            "error_message": error,
            "remote_address": answer.remote_address,
            "latency_ms": round(answer.latency_ms, 2),
            "finished_at": clock.now(),
        },
    )


def _reason_of_failure(answer: Response, secrets_sent: tuple[str, ...]) -> str | None:
    if answer.error is not None:
        return answer.error.message
    if answer.status_code is not None and 200 <= answer.status_code < 300:
        return None
    if answer.status_code == _GONE:
        # as Standard Webhooks have it, the receiver wants no more of this
        return "The execution endpoint answered 410 Gone, so this call is not tried again."
    return status_sentence("The execution endpoint", answer, secrets_sent).replace("\0", "\ufffd")


def _kept_text(text: str, secrets_sent: tuple[str, ...], *, is_cut: bool = False) -> str:
    # PostgreSQL keeps no NUL in a text
    return without_secrets(text, secrets_sent, is_cut=is_cut).replace("\0", "\ufffd")
