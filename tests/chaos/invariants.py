"""What must be true in the database, whoever was killed when; and of what the endpoints saw.

To be called in `one_moment()`. Each function yields a sentence for each violation.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import (
    Activity,
    ActivityType,
    AgentSession,
    AttemptOutcome,
    Deadline,
    DeadlineKind,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    InputRequest,
    InputRequestStatus,
    SessionStatus,
    db,
)
from tests.chaos.clients import Question
from tests.chaos.endpoint import Arrival


def violations(questions: Sequence[Question], calls: Sequence[Arrival]) -> list[str]:
    """Check everything."""
    return [
        *_answers({question.request_id: question.response for question in questions}),
        *_held(),
        *_deliveries(),
        *_attempts(),
        *_sessions(),
        *_calls(calls),
    ]


def _answers(sent: dict[str, dict[str, object]]) -> Iterator[str]:
    """An answer is stored whole and once: response, activity and delivery, or none of them."""
    logged = Counter(
        db.session.scalars(
            select(Activity.related_entity_id).where(
                Activity.type == ActivityType.INPUT_REQUEST_RESOLVED
            )
        )
    )
    delivered = Counter(db.session.scalars(select(Delivery.input_request_id)))
    for request in db.session.scalars(select(InputRequest)):
        is_resolved = request.status is InputRequestStatus.RESOLVED
        is_decided = is_resolved or request.status is InputRequestStatus.HELD
        if is_decided and request.response != sent[str(request.id)]:
            yield f"request {request.id} holds another answer than the one that was sent"
        if logged[str(request.id)] != is_resolved or delivered[request.id] != is_resolved:
            yield (
                f"request {request.id} is {request.status} with {logged[str(request.id)]}"
                f" activities and {delivered[request.id]} deliveries"
            )


def _held() -> Iterator[str]:
    """A decision that is held has one deadline, by which it takes effect; no other request has."""
    query = select(Deadline).where(Deadline.kind == DeadlineKind.EFFECT)
    deadlines = db.session.scalars(query).all()
    counts = Counter(each.request_id for each in deadlines)
    is_held = InputRequest.status == InputRequestStatus.HELD
    held = set(db.session.scalars(select(InputRequest.id).where(is_held)))
    for request_id in held | set(counts):
        if counts[request_id] != (request_id in held):
            is_it = "is" if request_id in held else "is not"
            yield f"request {request_id} {is_it} held, with {counts[request_id]} deadlines"
    for deadline in deadlines:
        if (deadline.lease_token is None) != (deadline.lease_until is None):
            yield f"deadline {deadline.id} has half a lease"


def _deliveries() -> Iterator[str]:
    """One that is unfinished is due, leased or dated for later; one that is finished is free."""
    moment = clock.now()
    for delivery in db.session.scalars(select(Delivery)):
        is_leased = delivery.lease_token is not None
        if is_leased != (delivery.lease_until is not None):
            yield f"delivery {delivery.id} has half a lease"
        if delivery.status is DeliveryStatus.PENDING:
            if delivery.next_at > moment and is_leased:
                yield f"delivery {delivery.id} is leased and dated for later"
        elif is_leased or delivery.finished_at is None:
            yield f"delivery {delivery.id} is {delivery.status} and still held"


def _attempts() -> Iterator[str]:
    """Attempts are numbered without a gap; how they ended agrees with their delivery."""
    attempts: defaultdict[object, list[DeliveryAttempt]] = defaultdict(list)
    for attempt in db.session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.number)):
        attempts[attempt.delivery_id].append(attempt)
    for delivery in db.session.scalars(select(Delivery)):
        made = attempts[delivery.id]
        ended = delivery.attempt_count - (delivery.call_began_at is not None)
        if [each.number for each in made] != list(range(1, ended + 1)):
            yield f"delivery {delivery.id} has {len(made)} attempts of {ended} that have ended"
        if any(each.outcome is None for each in made):
            yield f"delivery {delivery.id} has an attempt that ended in no way"
        if delivery.call_began_at is not None and delivery.lease_token is None:
            yield f"delivery {delivery.id} has a call that nobody is making"
        succeeded = sum(each.outcome is AttemptOutcome.SUCCEEDED for each in made)
        if succeeded != (delivery.status is DeliveryStatus.SUCCEEDED):
            yield f"delivery {delivery.id} is {delivery.status} with {succeeded} successes"


def _sessions() -> Iterator[str]:
    """A session stands where its answer and the delivery have put it."""
    expected = {
        None: SessionStatus.WAITING_FOR_INPUT,
        DeliveryStatus.PENDING: SessionStatus.PROCESSING_INPUT,
        DeliveryStatus.SUCCEEDED: SessionStatus.PROCESSING_INPUT,
        DeliveryStatus.FAILED: SessionStatus.FAILED,
    }
    query = select(AgentSession, Delivery.status).outerjoin(
        Delivery, Delivery.session_id == AgentSession.id
    )
    for session, status in db.session.execute(query):
        if session.status is not expected[status]:
            yield f"session {session.id} is {session.status} with a delivery that is {status}"
        if (session.status is SessionStatus.FAILED) != (session.error_message is not None):
            yield f"session {session.id} is {session.status}, saying {session.error_message!r}"
        newest = session.agent.newest_session_id
        if newest == session.id and session.agent.status is not session.status:
            yield f"agent {session.agent_id} is {session.agent.status}, not {session.status}"


def _calls(calls: Sequence[Arrival]) -> Iterator[str]:
    """An endpoint is called for stored answers alone, always under one id with one body."""
    rows = db.session.execute(select(Delivery.input_request_id, Delivery.id))
    ids = {str(request_id): str(delivery_id) for request_id, delivery_id in rows}
    bodies: defaultdict[str, set[str]] = defaultdict(set)
    for call in calls:
        bodies[call.subject_id].add(call.body_sha256)
        if ids.get(call.subject_id) != call.webhook_id:
            yield f"a call for {call.subject_id} came as {call.webhook_id}, which is not stored"
    for request_id, seen in bodies.items():
        if len(seen) > 1:
            yield f"calls for {request_id} came with {len(seen)} different bodies"
