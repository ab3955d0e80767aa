"""One call of a declared route: who is it, may they, what did they send; then the transaction.

Whoever is calling is looked up twice: before anything is read from them, and again inside the
transaction of the view, so that a key revoked or a sign-in ended in between opens nothing.
"""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

from flask import Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from opensink_web.contract import gate
from opensink_web.contract.received import read_body, read_path, read_query
from opensink_web.contract.route import Admit, Permission, Route
from opensink_web.contract.shapes import Answer
from opensink_web.errors import NotAuthenticated, OpenSinkError
from opensink_web.models.transaction import reading, writing
from opensink_web.operations import idempotency
from opensink_web.operations.api_key import note_use, use_is_worth_noting
from opensink_web.operations.bearer import principal_of_bearer
from opensink_web.operations.permission import Principal
from opensink_web.services import EXTENSION, Services

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
Arguments: TypeAlias = dict[str, Any]
"""What a view is called with besides the principal."""

_log = logging.getLogger("opensink.api")


def answer_call(route: Route, path_values: Mapping[str, str]) -> Response:
    """Answer the current request as the route declares. Raises: OpenSinkError."""
    if route.is_public:
        arguments, _ = _arguments(route, path_values)
        return _response(route, route.view(**arguments))
    bearer = _presented_bearer()
    gate.refuse_guessing(bearer)
    admit = partial(_admit, route, path_values, bearer)
    _let_in(admit, bearer)
    arguments, body_text = _arguments(route, path_values)
    if not route.has_transaction:
        return _response(route, route.view(admit=admit, **arguments))
    if route.reads_only:
        return _read(route, admit, arguments)
    return _write(route, admit, arguments, body_text)


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
    with reading():
        try:
            principal = admit()
        except NotAuthenticated:
            gate.note_wrong_key()
            raise
        gate.note_right_key(bearer)
        is_worth_noting = principal.key is not None and use_is_worth_noting(bearer)
    if is_worth_noting:
        _note_use(bearer)


def _admit(route: Route, path_values: Mapping[str, str], bearer: str) -> Principal:
    """Raises: NotAuthenticated; PermissionMissing; NotFound for what can be nobody's name."""
    principal = principal_of_bearer(bearer, _services().signer)
    if principal is None:
        raise NotAuthenticated(
            "This API key or access token is unknown, has expired or was revoked."
        )
    if isinstance(route.permission, Permission):
        if route.permission.path:
            read_path(route.path_types, path_values)  # nothing else can stand in a permission
        principal.require_reach(route.permission.of(path_values), route.permission.least)
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


def _write(route: Route, admit: Admit, arguments: Arguments, body_text: str) -> Response:
    with writing():
        principal = admit()
        if route.keeps_answers and IDEMPOTENCY_HEADER in request.headers:
            return _write_once(route, principal, arguments, body_text)
        return _response(route, route.view(principal=principal, **arguments))


def _write_once(
    route: Route, principal: Principal, arguments: Arguments, body_text: str
) -> Response:
    """Do it, unless it has been done under this key: then answer what was answered."""
    fingerprint = f"{request.method} {request.path}\n{body_text}".encode()
    record = idempotency.begin(principal, request.headers[IDEMPOTENCY_HEADER], fingerprint)
    if isinstance(record, idempotency.StoredAnswer):
        response = _json_response(record.status, record.body)
        response.headers[REPLAYED_HEADER] = "true"
        return response
    answer = route.view(principal=principal, **arguments)
    kept = idempotency.StoredAnswer(route.status, answer.to_kept_json())
    idempotency.complete(record, kept)
    return _response(route, answer)


def _response(route: Route, answer: Answer | None) -> Response:
    return _json_response(route.status, answer.to_json() if answer is not None else "")


def _json_response(status: int, body: str) -> Response:
    response = Response(body, status, content_type="application/json")
    if not body:
        del response.headers["Content-Type"]
    return response
