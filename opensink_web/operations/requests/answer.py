"""Answers to requests, as they are checked before one is stored."""

from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from opensink_web.errors import AlreadyResolved, Conflict, InvalidAnswer
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import InputRequest, InputRequestKind, InputRequestStatus, Workspace
from opensink_web.operations.requests.queries import find_input_request, pending_schema
from opensink_web.schema.validation import validate


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer that fits the `schema` of a request, which stays as it was asked with."""

    request_id: UUID
    value: JSONObject
    schema: JSONValue


def check_answer(workspace: Workspace, request_id: UUID, response: JSONObject) -> CheckedAnswer:
    """Check an answer. Takes its time: call it outside a transaction that writes.

    Raises: NotFound; AlreadyResolved, saying who and when; Conflict when there is nobody to answer
    any more; InvalidAnswer with an error for each failure.
    """
    schema = pending_schema(workspace, request_id)
    if schema is None:
        request = find_input_request(workspace, request_id)
        check_pending(request)
        schema = request.schema  # it was asked in this moment
    errors = validate(schema, response)
    if errors:
        raise InvalidAnswer("The response does not match the request's schema.", errors=errors)
    return CheckedAnswer(request_id, response, schema)


def check_pending(request: InputRequest) -> None:
    """Raises: AlreadyResolved, saying who and when; Conflict when nobody waits any more."""
    if request.status is InputRequestStatus.CANCELLED:
        asker = "agent's session" if request.execution_id is None else "execution"
        raise Conflict(f"The {asker} has ended, so it takes no answer any more.")
    if request.status is not InputRequestStatus.PENDING:
        word = decision(request.kind, request.status)
        who = request.resolved_by.email if request.resolved_by else "somebody"
        when = f"{request.resolved_at:%Y-%m-%d %H:%M:%S} UTC" if request.resolved_at else "before"
        raise AlreadyResolved(f"This was already {word} by {who} on {when}.")


def decision(kind: InputRequestKind, status: InputRequestStatus) -> str:
    """Say what somebody has done to a request; by whom follows."""
    is_approval = kind is InputRequestKind.APPROVAL
    match status:
        case InputRequestStatus.RESOLVED:
            return "approved" if is_approval else "answered"
        case InputRequestStatus.DECLINED:
            return "rejected" if is_approval else "declined"
        case InputRequestStatus.CANCELLED:
            return "cancelled"
        case InputRequestStatus.PENDING:
            return "left open"
        case _:
            assert_never(status)
