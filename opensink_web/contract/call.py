"""One call of a declared route: who is it, may they, what did they send; then the transaction.

Whoever is calling is looked up twice: before anything is read from them, and again inside the
transaction of the view, so that a key revoked or a sign-in ended in between opens nothing. A token
that was good when the call came stays so during the call, however long its answer is held.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from flask import Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from opensink_web import clock
from opensink_web.contract import gate, waiting
from opensink_web.contract.received import read_body, read_path, read_query
from opensink_web.contract.route import Admit, Permission, Route
from opensink_web.contract.shapes import Answer
from opensink_web.errors import NotAuthenticated, OpenSinkError, RecordedRefusal, Unavailable
from opensink_web.models.transaction import reading, writing
from opensink_web.operations import idempotency
from opensink_web.operations.api_key import note_use, use_is_worth_noting
from opensink_web.operations.bearer import principal_of_bearer, was_a_bearer
from opensink_web.operations.delegation import Cover
from opensink_web.operations.permission import Principal
from opensink_web.services import EXTENSION, Services

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
Arguments: TypeAlias = dict[str, Any]
"""What a view is called with besides the principal."""

_NO_SEAT = "Too many calls wait for their answers just now. Nothing was done; please try again."
_log = logging.getLogger("opensink.api")


def answer_call(route: Route, path_values: Mapping[str, str]) -> Response:
    """Answer the current request as the route declares. Raises: OpenSinkError."""
    if route.is_public:
        arguments, _ = _arguments(route, path_values)
        return _response(route, route.view(**arguments))
    bearer = _presented_bearer()
    admit = partial(_admit, route, path_values, bearer, clock.now())
    _let_in(admit, bearer)
    arguments, body_text = _arguments(route, path_values)
    if not route.has_transaction:
        return _response(route, route.view(admit=admit, **arguments))
    if route.reads_only:
        return _read(route, admit, arguments)
    if route.then is not None:
        return _write_then_answer(route, admit, arguments, body_text)
    return _write(route, admit, arguments, body_text).response()


def _arguments(route: Route, path_values: Mapping[str, str]) -> tuple[Arguments, str]:
    """Read what the view takes, and the text that two equal bodies have in common."""
    arguments: Arguments = read_path(route.path_types, path_values)
    query = read_query(request, route.query)
    if route.takes_query:
        arguments["query"] = query
    if route.reads_only:
        return arguments, ""
    if route.takes_batch:
        request.max_content_length = _services().settings.max_batch_body_bytes
    body, body_text = read_body(request, route.body, is_required=route.takes_body)
    if route.takes_body:
        arguments["body"] = body
    return arguments, body_text


def _presented_bearer() -> str:
    """Return `Authorization: Bearer` or else `X-API-Key`. Raises: NotAuthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    bearer = bearer or request.headers.get("X-API-Key", "").strip()
    if not bearer:
        raise NotAuthenticated(
            "An API key or an access token is needed: send it as Authorization: Bearer <key>, or "
            "as X-API-Key."
        )
    return bearer


def _let_in(admit: Admit, bearer: str) -> None:
    with gate.looking_up(bearer), reading():
        try:
            principal = admit()
        except NotAuthenticated:
            if not was_a_bearer(bearer, _services().signer):
                gate.refuse_guess(bearer)
            raise
        gate.note_right_bearer(bearer)
        is_worth_noting = principal.key is not None and use_is_worth_noting(bearer)
    if is_worth_noting:
        _note_use(bearer)


def _admit(
    route: Route, path_values: Mapping[str, str], bearer: str, called_at: datetime
) -> Principal:
    """Return who calls, if the route is open to them.

    Raises: NotAuthenticated; DelegatedTokenRefused; PermissionMissing; NotFound for what can be
    nobody's name.
    """
    principal = principal_of_bearer(bearer, _services().signer, called_at)
    if principal is None:
        raise NotAuthenticated(gate.UNKNOWN)
    wanted, cover = route.permission, route.delegated.cover(principal, path_values)
    if isinstance(wanted, Permission) and cover is not Cover.OWN:
        if wanted.path:
            read_path(route.path_types, path_values)  # nothing else can stand in a permission
        principal.require_reach(wanted.of(path_values), wanted.least)
    return principal


def _services() -> Services:
    wired: Services = current_app.extensions[EXTENSION]
    return wired


def _note_use(key: str) -> None:
    try:
        with writing():
            note_use(key)
    except (OpenSinkError, SQLAlchemyError):
        _log.warning("the use of a key could not be noted", exc_info=True)


def _read(route: Route, admit: Admit, arguments: Arguments) -> Response:
    with reading():
        answer = route.view(principal=admit(), **arguments)
        if route.may_wait:
            admit()  # while the answer was held, the key may have been revoked
        return _response(route, answer)


@dataclass(frozen=True, slots=True)
class _Written:
    """What a view that writes has answered, now or to the first call under the same key."""

    status: int
    body: str
    is_replayed: bool = False

    def response(self) -> Response:
        response = _json_response(self.status, self.body)
        if self.is_replayed:
            response.headers[REPLAYED_HEADER] = "true"
        return response


def _write(route: Route, admit: Admit, arguments: Arguments, body_text: str) -> _Written:
    refusal = _refusal(route, arguments)
    is_once = route.keeps_answers and IDEMPOTENCY_HEADER in request.headers
    if refusal is not None and not is_once:
        raise refusal
    with writing():
        principal = admit()
        try:
            if is_once:
                return _write_once(route, principal, arguments, body_text, refusal)
            return _Written(route.status, _body(route.view(principal=principal, **arguments)))
        except RecordedRefusal as recorded:
            told = recorded
    raise told


def _refusal(route: Route, arguments: Arguments) -> OpenSinkError | None:
    """Return what the route's check has against the body."""
    if route.check is not None:
        try:
            route.check(arguments["body"])
        except OpenSinkError as refusal:
            return refusal
    return None


def _write_once(
    route: Route,
    principal: Principal,
    arguments: Arguments,
    body_text: str,
    refusal: OpenSinkError | None,
) -> _Written:
    """Do it, unless it has been done under this key: then answer what was answered.

    What has been done stays so even if the route's check would refuse it now.
    """
    fingerprint = f"{request.method} {request.path}\n{body_text}".encode()
    record = idempotency.begin(principal, request.headers[IDEMPOTENCY_HEADER], fingerprint)
    if isinstance(record, idempotency.StoredAnswer):
        return _Written(record.status, record.body, is_replayed=True)
    if refusal is not None:
        raise refusal
    try:
        answer = route.view(principal=principal, **arguments)
    except RecordedRefusal:
        idempotency.abandon(record)
        raise
    kept = idempotency.StoredAnswer(route.status, answer.to_kept_json())
    idempotency.complete(record, kept)
    return _Written(route.status, _body(answer))


def _write_then_answer(
    route: Route, admit: Admit, arguments: Arguments, body_text: str
) -> Response:
    """Write, and hold the answer until the route's second view has it."""
    if route.then is None or route.taken is None:
        raise TypeError(f"{route.name} has nothing to answer after its transaction")
    with waiting.seat() as is_seated:
        if not is_seated:
            raise Unavailable(_NO_SEAT)
        written = _write(route, admit, arguments, body_text)
        taken = route.taken.model_validate_json(written.body)
        answer = route.then(admit=admit, taken=taken)
    return replace(written, body=_body(answer)).response()


def _response(route: Route, answer: Answer | None) -> Response:
    return _json_response(route.status, _body(answer))


def _body(answer: Answer | None) -> str:
    return answer.to_json() if answer is not None else ""


def _json_response(status: int, body: str) -> Response:
    response = Response(body, status, content_type="application/json")
    if not body:
        del response.headers["Content-Type"]
    return response
