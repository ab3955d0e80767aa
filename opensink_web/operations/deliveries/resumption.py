"""What a resume URL is called with: a request's own address, in place of its agent's endpoint.

The address is a secret, and so may be parts of the answer; both are sent, and neither is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web.connections.decision import Decision
from opensink_web.connections.resume_url.template import TooLarge, filled, values_of
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import AttemptOutcome, DeliveryAttempt, InputRequest, User, db
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.disclosure import secret_texts_of, shown_response
from opensink_web.operations.agents.endpoint import endpoint_from_json
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.redaction import PART_LENGTH_MIN, spelled

CONFLICT = 409
_SERVER_ERROR = 500
_SENT = frozenset({"timeout", "connection_lost", "bad_response", "answer_too_large"})
"""With these errors the call had left, or may have."""

# Built once, because building a statement costs more than running it.
_EARLIER = (
    select(
        DeliveryAttempt.outcome,
        DeliveryAttempt.response_status,
        DeliveryAttempt.error_code,
    )
    .where(DeliveryAttempt.delivery_id == bindparam("of_delivery"))
    .order_by(DeliveryAttempt.number.desc())
)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a decision is sent, what of it, what of that is kept, and what an answer may not tell.

    `secrets` are texts in every spelling, the longest first. With a `refusal` there is no body, and
    nothing can be called.
    """

    endpoint: EndpointSpec
    body: JSONValue
    kept_body: JSONValue
    secrets: tuple[str, ...]
    refusal: str | None = None


def resumption_of(request_id: UUID | None) -> Resumption | None:
    """Return what the resume URL of a decided request is called with; None of one that is gone.

    Raises: UnreadableSecret.
    """
    request = None if request_id is None else db.session.get(InputRequest, request_id)
    if request is None or request.resume is None:
        return None
    resume = dict(request.resume)
    template = resume.pop("body")
    endpoint = endpoint_from_json({**resume, "body": None})
    secrets = spelled([*_secrets_in(endpoint.url), *secret_texts_of(request)])
    try:
        sent, kept = (_body(template, _decision(request, each)) for each in _answers(request))
    except TooLarge as error:
        return Resumption(endpoint, None, None, secrets, error.message)
    return Resumption(endpoint, sent, kept, secrets)


def may_have_arrived(delivery_id: UUID) -> bool:
    """Return True if nobody knows whether the last attempt has arrived, so that an address that
    refuses the next one as a conflict has gone on by it.

    One that refused an earlier one so was busy: that says nothing of ours.
    """
    earlier = run_prepared(_EARLIER, {"of_delivery": delivery_id}).all()
    if not earlier or any(each.response_status == CONFLICT for each in earlier):
        return False
    last = earlier[0]
    return (
        last.outcome is AttemptOutcome.UNKNOWN
        or last.error_code in _SENT
        or (last.response_status or 0) >= _SERVER_ERROR
    )


def _body(template: JSONValue, decision: Decision) -> JSONValue:
    return values_of(decision) if template is None else filled(template, decision)


def _answers(request: InputRequest) -> Iterator[JSONObject | None]:
    """Give the answer as it is sent, and as it is kept."""
    yield request.response
    yield shown_response(request, request.response)


def _decision(request: InputRequest, response: JSONObject | None) -> Decision:
    by = None if request.resolved_by_id is None else db.session.get(User, request.resolved_by_id)
    return Decision(
        request_id=str(request.id),
        session_id=str(request.session_id),
        outcome=str(request.status.outcome),
        response=response,
        reason=request.decline_reason,
        by=by.email if by else None,
    )


def _secrets_in(url: str) -> Iterator[str]:
    """Give what of an address nobody is to read: its path, also as it reads where what it escapes
    was read, and each long part of it.
    """
    parts = urlsplit(url)
    for text in (parts.path, parts.query, *parts.path.split("/")):
        if len(text) >= PART_LENGTH_MIN:
            yield from (text, unquote(text))
