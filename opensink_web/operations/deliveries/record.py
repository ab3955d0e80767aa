"""What is kept of an attempt at a delivery: the call without its secrets, and what came back.

An attempt has its row once it has ended. Until then the delivery says that a call was begun, when,
and how the agent was called; that tells what to show of it, and what to keep of one whose worker
was lost.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from opensink_web import json_value
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.keyring import Keyring
from opensink_web.models import (
    Agent,
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    DeliveryStatus,
    InputRequest,
    db,
)
from opensink_web.models.delivery import comment_id_of
from opensink_web.models.traced import trace_of
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.deliveries.resumption import Resumption, resumption_of
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.vote import votes_of_each
from opensink_web.outbound.client import Call, Headers
from opensink_web.outbound.endpoint_call import (
    COMMENT,
    EndpointSpec,
    OwnBody,
    Subject,
    build_call,
)
from opensink_web.outbound.redaction import host_of, kept_call
from opensink_web.outbound.signing import CallSecrets
from opensink_web.trace_context import TraceContext, span_id_of

_NOT_KEPT = CallSecrets("-", ("-",))
"""Stands for what signs a call, of which nothing is kept."""


def kept_of(call: Call, resumption: Resumption | None = None) -> dict[str, Any]:
    """Return what an attempt keeps of its call: of a resume URL the host alone, and of what was
    sent there no secret of the answer.
    """
    url, body = call.url, call.body
    if resumption is not None:
        url = host_of(url)
        body = None if body is None else json_value.dump(resumption.kept_body).encode()
    kept = kept_call(replace(call, url=url, body=body))
    headers = [list(pair) for pair in kept.headers]
    return {
        "method": call.method,
        "url": kept.url,
        "request_headers": headers,
        "request_body": kept.body,
    }


def trace_headers(trace: TraceContext | None, delivery_id: UUID, number: int) -> Headers:
    """Return by which headers an attempt goes on with a trace: each is a span of its own, which
    can be told again of one whose worker was lost.
    """
    return () if trace is None else trace.headers(span_id_of(delivery_id, number))


def sealed_record(values: dict[str, Any], ring: Keyring) -> dict[str, Any]:
    """Return an attempt's row as a statement stores it; needs no application."""
    row_id = values["id"]
    for column in (
        DeliveryAttempt.url,
        DeliveryAttempt.request_headers,
        DeliveryAttempt.request_body,
        DeliveryAttempt.response_headers,
        DeliveryAttempt.response_body,
    ):
        if column.name in values:
            values = values | {column.name: column.seal(row_id, values[column.name], ring)}
    return values


def attempts_of(delivery: Delivery) -> list[DeliveryAttempt]:
    """Return a delivery's attempts, the first one first; the one under way has no outcome."""
    stored = list(delivery.attempts)
    is_under_way = delivery.status is DeliveryStatus.PENDING and delivery.lease_token is not None
    if not is_under_way or delivery.call_began_at is None:
        return stored
    if stored and stored[-1].number == delivery.attempt_count:
        return stored  # it ended between the two looks
    last = stored[-1].outcome if stored else None
    return [*stored, DeliveryAttempt(**begun_attempt(delivery, delivery.id, last))]


def begun_attempt(
    delivery: Delivery | Row[Any], attempt_id: UUID, last_outcome: AttemptOutcome | None
) -> dict[str, Any]:
    """Return what there is to say of a call that was begun, after one that ended so."""
    begun: dict[str, Any] = {
        "id": attempt_id,
        "delivery_id": delivery.id,
        "created_at": delivery.call_began_at,
        "number": delivery.attempt_count,
        "trigger": _trigger_of(delivery, last_outcome),
    }
    # the keys may have been rotated since
    if delivery.kind is DeliveryKind.RESUME:
        with suppress(UnreadableSecret):
            resumption = resumption_of(delivery.input_request_id)
            if resumption is not None:
                call = _call_of(delivery, resumption.endpoint, OwnBody(resumption.body))
                return begun | kept_of(call, resumption)
    agent = Agent(id=delivery.agent_id, sealed_execution_endpoint=delivery.called_endpoint)
    with suppress(UnreadableSecret):
        endpoint = endpoint_of(agent)
        if endpoint is not None:
            return begun | kept_of(_call_of(delivery, endpoint))
    return begun | {"method": "POST", "url": "", "request_headers": [], "request_body": None}


def _call_of(
    delivery: Delivery | Row[Any], endpoint: EndpointSpec, instead: OwnBody | None = None
) -> Call:
    """Return the call that was begun, as far as it is kept."""
    return build_call(
        endpoint,
        session_id=str(delivery.session_id or delivery.id),
        request_id=str(delivery.input_request_id or delivery.id),
        delivery_id=str(delivery.id),
        secrets=_NOT_KEPT,
        now=delivery.call_began_at or delivery.created_at,
        subject=subject_of(delivery),
        instead=instead,
        trace=trace_headers(trace_of(delivery), delivery.id, delivery.attempt_count),
    )


def subject_of(delivery: Delivery | Row[Any]) -> Subject | None:
    """Return what a call tells of a request; None of one that calls for nothing, or is gone."""
    request_id = delivery.input_request_id
    request = None if request_id is None else db.session.get(InputRequest, request_id)
    if request is None:
        return None
    comment_id = comment_id_of(delivery.kind, delivery.business_key)
    if comment_id is not None:
        return Subject(COMMENT, digest_of_request(request), str(comment_id))
    outcome = request.status.outcome
    if outcome is None:
        return None
    return Subject(outcome, digest_of_request(request), responses=_responses_to(request))


def _responses_to(request: InputRequest) -> tuple[JSONObject, ...]:
    """Return what each has said, where more than one person had to."""
    votes = votes_of_each([request]).get(request.id, [])
    return tuple(
        {
            "by": each.user.email if each.user else None,
            "outcome": each.kind.value,
            "at": f"{each.cast_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        for each in votes
    )


def _trigger_of(
    delivery: Delivery | Row[Any], last_outcome: AttemptOutcome | None
) -> AttemptTrigger:
    """Only a lost worker leaves an unknown outcome that another attempt follows by itself."""
    is_first_of_round = delivery.round_attempt_count <= 1
    if last_outcome is AttemptOutcome.UNKNOWN and not is_first_of_round:
        return AttemptTrigger.RECOVERY
    trigger: AttemptTrigger = delivery.next_trigger
    return trigger
